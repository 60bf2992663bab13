using System.Buffers;
using System.Text;
using SipPush.Msrp;
using SipPush.Msrp.Framing;
using SipPush.Tests.Support;

namespace SipPush.Tests.Msrp.Framing;

/// <summary>Reads a stream as a connection does and writes down what comes out. Slices of one body are joined, so that the trace is the same however it came.</summary>
internal sealed class FrameTrace
{
    private readonly List<string> _lines = [];
    private readonly MsrpFrameState _state;
    private readonly ArrayBufferWriter<byte> _body = new();

    private FrameTrace(MsrpFrameState state) => _state = state;

    public List<ReadFrame> Frames { get; } = [];

    public MsrpParseError Error { get; private set; }

    /// <summary>The most octets that stayed unconsumed inside a body.</summary>
    public int MostHeldOfBody { get; private set; }

    public bool IsBetweenFrames { get; private set; }

    public static FrameTrace Of(string wire, params int[] cuts) => Of(Encoding.Latin1.GetBytes(wire), cuts);

    /// <summary>The stream arrives in pieces that end at <paramref name="cuts"/>, each in a read of its own.</summary>
    public static FrameTrace Of(ReadOnlyMemory<byte> wire, params int[] cuts) => Of(wire, MsrpFrameLimits.Default, cuts);

    public static FrameTrace Of(ReadOnlyMemory<byte> wire, MsrpFrameLimits limits, params IReadOnlyList<int> cuts)
    {
        using var state = new MsrpFrameState(limits);
        var trace = new FrameTrace(state);
        var consumed = 0;

        foreach (var cut in cuts.Append(wire.Length))
        {
            if (!trace.Feed(new ReadOnlySequence<byte>(wire[consumed..cut]), ref consumed))
            {
                break;
            }
        }

        return trace.End();
    }

    /// <summary>The stream arrives octet by octet, in one segment as a pipe has it.</summary>
    public static FrameTrace ByteByByte(ReadOnlyMemory<byte> wire) => ByteByByte(wire, MsrpFrameLimits.Default);

    public static FrameTrace ByteByByte(ReadOnlyMemory<byte> wire, MsrpFrameLimits limits) => Of(wire, limits, [.. Enumerable.Range(1, Math.Max(wire.Length - 1, 0))]);

    /// <summary>The stream arrives in one read, in segments of that many octets.</summary>
    public static FrameTrace InSegments(ReadOnlyMemory<byte> wire, int size) => InSegments(wire, size, MsrpFrameLimits.Default);

    public static FrameTrace InSegments(ReadOnlyMemory<byte> wire, int size, MsrpFrameLimits limits)
    {
        using var state = new MsrpFrameState(limits);
        var trace = new FrameTrace(state);
        var consumed = 0;
        trace.Feed(Segments.Of(wire, size), ref consumed);
        return trace.End();
    }

    /// <summary>Octet by octet, each in a segment of its own.</summary>
    public static FrameTrace BySegmentsOfOne(ReadOnlyMemory<byte> wire, MsrpFrameLimits limits)
    {
        using var state = new MsrpFrameState(limits);
        var trace = new FrameTrace(state);
        var consumed = 0;
        for (var end = 1; end <= wire.Length && trace.Feed(Segments.Of(wire[consumed..end], 1), ref consumed); end++)
        {
        }

        return trace.End();
    }

    public override string ToString() => string.Join('\n', _lines);

    private bool Feed(in ReadOnlySequence<byte> buffer, ref int consumed)
    {
        var reader = new MsrpFrameReader(buffer, _state);

        while (reader.Read())
        {
            Assert.That(reader.Body.IsEmpty, Is.EqualTo(reader.Token != MsrpFrameToken.Body));
            switch (reader.Token)
            {
                case MsrpFrameToken.Head:
                    _body.ResetWrittenCount();
                    Frames.Add(new ReadFrame(reader.Head));
                    _lines.Add(Frames[^1].ToString());
                    break;

                case MsrpFrameToken.Body:
                    _body.Write(reader.Body);
                    break;

                case MsrpFrameToken.End:
                    Assert.That(Encoding.Latin1.GetString(reader.Head.TransactionId), Is.EqualTo(Frames[^1].TransactionId));
                    Frames[^1].End(_body.WrittenSpan.ToArray(), reader.Flag);
                    _lines.Add($"body {Encoding.Latin1.GetString(_body.WrittenSpan)} end {(char)reader.Flag}");
                    break;
            }
        }

        var done = (int)buffer.Slice(0, reader.Consumed).Length;
        consumed += done;
        Assert.That(buffer.Slice(reader.Examined).IsEmpty, Is.True);

        if (Frames is [.., { IsOver: false, HasBody: true }])
        {
            MostHeldOfBody = Math.Max(MostHeldOfBody, (int)buffer.Length - done);
        }

        Error = reader.Error;
        return Error.Fault == MsrpFault.None;
    }

    private FrameTrace End()
    {
        if (Frames is [.., { IsOver: false }])
        {
            _lines.Add($"body {Encoding.Latin1.GetString(_body.WrittenSpan)} …");
        }

        _lines.Add($"{Error}, between frames: {_state.IsBetweenFrames}");
        IsBetweenFrames = _state.IsBetweenFrames;
        return this;
    }
}
