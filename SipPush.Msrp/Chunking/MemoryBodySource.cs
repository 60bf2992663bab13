using System.Buffers;

namespace SipPush.Msrp.Chunking;

/// <summary>A body that is in memory as a whole.</summary>
internal sealed class MemoryBodySource(ReadOnlyMemory<byte> body) : BodySource
{
    private ReadOnlyMemory<byte> _rest = body;

    public override long Buffered => _rest.Length;

    public override ReadOnlyMemory<byte> Available => _rest;

    public override ReadOnlySequence<byte> Octets => new(_rest);

    public override bool IsEnding => true;

    public override void Advance(int count) => _rest = _rest[count..];

    public override bool Wait(Action ready) => false;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
