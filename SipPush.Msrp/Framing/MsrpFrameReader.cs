using System.Buffers;

namespace SipPush.Msrp.Framing;

/// <summary>Cuts a stream into heads, slices of bodies and end-lines (RFC 4975 §7.3.1), over any segmentation, without buffering a body
/// and without looking at an octet of it twice. The end-line frames, never the Byte-Range.</summary>
internal ref struct MsrpFrameReader
{
    /// <summary>Goes on where <paramref name="state"/> stands; <paramref name="buffer"/> begins at what was not consumed before.</summary>
    public MsrpFrameReader(in ReadOnlySequence<byte> buffer, MsrpFrameState state) => throw new NotImplementedException();

    /// <summary>Moves to the next token; false when more octets are needed, or when <see cref="Error"/> says that the stream can't be framed.</summary>
    public bool Read() => throw new NotImplementedException();

    public readonly MsrpFrameToken Token => throw new NotImplementedException();

    /// <summary>Valid from <see cref="MsrpFrameToken.Head"/> on, for as long as the buffer has not been advanced beyond the token <see cref="MsrpFrameToken.Head"/>… see <see cref="MsrpHead"/>.</summary>
    public readonly MsrpHead Head => throw new NotImplementedException();

    /// <summary>The slice found by <see cref="MsrpFrameToken.Body"/>; never empty.</summary>
    public readonly ReadOnlySpan<byte> Body => throw new NotImplementedException();

    /// <summary>The flag found by <see cref="MsrpFrameToken.End"/>.</summary>
    public readonly ContinuationFlag Flag => throw new NotImplementedException();

    /// <summary>Why the stream can't be framed any further.</summary>
    public readonly MsrpParseError Error => throw new NotImplementedException();

    /// <summary>Up to here the buffer is done with.</summary>
    public readonly SequencePosition Consumed => throw new NotImplementedException();

    /// <summary>Up to here the buffer has been looked at: its end, unless the caller stopped early.</summary>
    public readonly SequencePosition Examined => throw new NotImplementedException();
}
