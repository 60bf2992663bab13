using System.Buffers.Binary;
using SipPush.Sip;

namespace SipPush.Tests.Support;

/// <summary>Identifiers that count, so that a test can write them down: 1, 2, 3 … as the last octets.</summary>
/// <param name="before">The number before the first, so that those of several stacks can be told apart.</param>
internal sealed class CountingIdentifiers(int before = 0) : SipIdentifiers
{
    private int _last = before;

    public override void Fill(Span<byte> destination)
    {
        destination.Clear();
        BinaryPrimitives.WriteInt32BigEndian(destination[^4..], Interlocked.Increment(ref _last));
    }
}
