using System.Buffers.Binary;
using SipPush.Sip;

namespace SipPush.Tests.Support;

/// <summary>Identifiers that count, so that a test can write them down: 1, 2, 3 … as the last octets.</summary>
internal sealed class CountingIdentifiers : SipIdentifiers
{
    private int _last;

    public override void Fill(Span<byte> destination)
    {
        destination.Clear();
        BinaryPrimitives.WriteInt32BigEndian(destination[^4..], Interlocked.Increment(ref _last));
    }
}
