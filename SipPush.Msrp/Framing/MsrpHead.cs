using System.Text;

namespace SipPush.Msrp.Framing;

/// <summary>The head of a frame: start line and headers, read in place. It belongs to an <see cref="MsrpFrameState"/>, which fills it anew
/// for each frame. The octets it gives out may be looked at until the reader is asked for the next token or the buffer is advanced, so
/// whoever needs them later copies them. <see cref="TransactionId"/> and all that is no octets stays until the frame's
/// <see cref="MsrpFrameToken.End"/> has been read past, over any number of buffers.</summary>
internal sealed class MsrpHead
{
    private const int PrefixLength = 5;
    private const int EndLineStart = 2 + EndLine.HyphenCount;

    private readonly MsrpFrameLimits _limits;

    // The end-line up to its flag, CRLF in front; the transaction id is its last part.
    private readonly byte[] _endLine = new byte[EndLineStart + MsrpGrammar.MaxIdentLength];
    private readonly Part[] _known = new Part[(int)KnownHeader.Count];
    private Line[] _lines = new Line[8];
    private ReadOnlyMemory<byte> _octets;
    private int _idLength;
    private int _lineStart;
    private bool _hasStrayReturn;
    private Part _comment;

    public MsrpHead(MsrpFrameLimits limits)
    {
        _limits = limits;
        "\r\n-------"u8.CopyTo(_endLine);
    }

    private enum KnownHeader : byte
    {
        ToPath,
        FromPath,
        MessageId,
        ByteRange,
        SuccessReport,
        FailureReport,
        Status,
        ContentType,
        Count,
        Other = Count,
    }

    /// <summary>Why the frame is to be answered with 400, or <see cref="MsrpFault.None"/>. The first fault in the order of the lines; but
    /// <see cref="MsrpFault.MissingPath"/> before any other, since a frame without a path can't be answered at all.</summary>
    public MsrpParseError Error { get; private set; }

    public bool IsResponse { get; private set; }

    public ReadOnlySpan<byte> TransactionId => _endLine.AsSpan(EndLineStart, _idLength);

    /// <summary>Of a request.</summary>
    public MsrpMethod Method { get; private set; }

    /// <summary>Of a response.</summary>
    public int StatusCode { get; private set; }

    /// <summary>Of a response; empty when there is none.</summary>
    public ReadOnlySpan<byte> Comment => Octets(_comment);

    /// <summary>The value of To-Path as it came, whose URIs nobody has read yet; empty when it is missing.</summary>
    public ReadOnlySpan<byte> ToPath => Octets(_known[(int)KnownHeader.ToPath]);

    public ReadOnlySpan<byte> FromPath => Octets(_known[(int)KnownHeader.FromPath]);

    public ReadOnlySpan<byte> MessageId => Octets(_known[(int)KnownHeader.MessageId]);

    public ByteRange? ByteRange { get; private set; }

    public bool SuccessReport { get; private set; }

    public FailureReportMode FailureReport { get; private set; }

    /// <summary>The code of the Status header of a REPORT; 0 when there is none in namespace 000.</summary>
    public int ReportStatus { get; private set; }

    /// <summary>The value of Content-Type; empty when there is none.</summary>
    public ReadOnlySpan<byte> ContentType => Octets(_known[(int)KnownHeader.ContentType]);

    /// <summary>Whether an empty line followed the headers: a body, which may be empty. Without one the frame is bodiless (MSRP-06, MSRP-07).</summary>
    public bool HasBody { get; private set; }

    /// <summary>Number of headers, the paths among them.</summary>
    public int HeaderCount { get; private set; }

    private bool ToPathIsMissing => _known[(int)KnownHeader.ToPath].Length == 0;

    private bool FromPathIsMissing => _known[(int)KnownHeader.FromPath].Length == 0;

    /// <summary>What a body of this frame ends with: CRLF, hyphens and id, up to the flag.</summary>
    internal ReadOnlySpan<byte> BodyEnd => _endLine.AsSpan(0, EndLineStart + _idLength);

    /// <summary>Octets of the frame before its body or, when it is bodiless, its end-line.</summary>
    internal int Length { get; private set; }

    /// <summary>Why the stream can't be framed, after <see cref="HeadProgress.Broken"/>.</summary>
    internal MsrpParseError Fault { get; private set; }

    /// <summary>Octets of this head searched so far.</summary>
    internal int Searched { get; private set; }

    /// <summary>The value of the first header of that name, without regard to case; false when there is none.</summary>
    public bool TryGetHeader(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        for (var i = 0; i < HeaderCount; i++)
        {
            if (Ascii.EqualsIgnoreCase(HeaderName(i), name))
            {
                value = HeaderValue(i);
                return true;
            }
        }

        value = default;
        return false;
    }

    public ReadOnlySpan<byte> HeaderName(int index) => Octets(_lines.AsSpan(0, HeaderCount)[index].Name);

    public ReadOnlySpan<byte> HeaderValue(int index) => Octets(_lines.AsSpan(0, HeaderCount)[index].Value);

    /// <summary>The frame is over: the next octets are the head of another.</summary>
    internal void Clear()
    {
        _known.AsSpan().Clear();
        _octets = default;
        _comment = default;
        _idLength = _lineStart = Searched = Length = HeaderCount = StatusCode = ReportStatus = 0;
        _hasStrayReturn = IsResponse = HasBody = SuccessReport = false;
        Error = default;
        Method = default;
        ByteRange = null;
        FailureReport = default;
    }

    /// <summary>Where the octets are that were scanned.</summary>
    internal void Hold(ReadOnlyMemory<byte> octets) => _octets = octets;

    /// <summary>Goes on searching where it stopped.</summary>
    /// <param name="octets">All octets from the frame's first on, as many as have come.</param>
    internal HeadProgress Scan(ReadOnlySpan<byte> octets)
    {
        // Looking no further than the limit makes the outcome independent of how the octets were cut.
        octets = octets[..Math.Min(octets.Length, _limits.Head)];

        if (octets.Length <= Searched)
        {
            return HeadProgress.Incomplete;
        }

        if (_idLength == 0 && ScanTransactionId(octets) is not HeadProgress.Complete and var progress)
        {
            return progress;
        }

        while (octets[Searched..].IndexOfAny((byte)'\r', (byte)'\n') is >= 0 and var found)
        {
            var at = Searched + found;
            if (octets[at] == '\n')
            {
                return Broken(MsrpFault.BareLineFeed);
            }

            if (at + 1 == octets.Length)
            {
                Searched = at;
                return AtLimit(octets);
            }

            if (octets[at + 1] != '\n')
            {
                _hasStrayReturn = true;
                Searched = at + 1;
                continue;
            }

            var start = _lineStart;
            Searched = _lineStart = at + 2;
            if (TakeLine(octets, start, at) is not HeadProgress.Incomplete and var outcome)
            {
                return outcome;
            }
        }

        Searched = octets.Length;
        return AtLimit(octets);
    }

    private HeadProgress ScanTransactionId(ReadOnlySpan<byte> octets)
    {
        if (Searched < PrefixLength)
        {
            var end = Math.Min(octets.Length, PrefixLength);
            if (!"MSRP "u8[Searched..end].SequenceEqual(octets[Searched..end]))
            {
                return Broken(MsrpFault.NotMsrp);
            }

            Searched = end;
            if (end < PrefixLength)
            {
                return AtLimit(octets);
            }
        }

        var length = octets[Searched..].IndexOfAnyExcept(MsrpGrammar.IdentOctets);
        Searched = length < 0 ? octets.Length : Searched + length;
        var id = octets[PrefixLength..Searched];

        if (id.Length > MsrpGrammar.MaxIdentLength || (id.Length > 0 && !char.IsAsciiLetterOrDigit((char)id[0])))
        {
            return Broken(MsrpFault.BadTransactionId);
        }

        if (length < 0)
        {
            return AtLimit(octets);
        }

        // With a CR the start line ends before its method, which is no fault of the id.
        if (id.Length < MsrpGrammar.MinIdentLength || octets[Searched] is not ((byte)' ' or (byte)'\r'))
        {
            return Broken(octets[Searched] == '\n' ? MsrpFault.BareLineFeed : MsrpFault.BadTransactionId);
        }

        id.CopyTo(_endLine.AsSpan(EndLineStart));
        _idLength = id.Length;
        return HeadProgress.Complete;
    }

    private HeadProgress TakeLine(ReadOnlySpan<byte> octets, int start, int end)
    {
        var line = octets[start..end];

        if (start == 0)
        {
            ReadStartLine(line);
        }
        else if (line.IsEmpty)
        {
            return End(start + 2, hasBody: true);
        }
        else if (line[0] == '-' && IsEndLine(line))
        {
            return End(start, hasBody: false);
        }
        else if (HeaderCount == _limits.Headers)
        {
            return Broken(MsrpFault.TooManyHeaders);
        }
        else
        {
            ReadHeader(line, start);
        }

        if (_hasStrayReturn)
        {
            Note(start == 0 ? MsrpFault.BadStartLine : MsrpFault.BadHeaderLine);
            _hasStrayReturn = false;
        }

        return HeadProgress.Incomplete;
    }

    private void ReadStartLine(ReadOnlySpan<byte> line)
    {
        var rest = line[Math.Min(PrefixLength + _idLength + 1, line.Length)..];

        if (MsrpGrammar.TryReadStatus(rest, out var code))
        {
            IsResponse = true;
            StatusCode = code;
            _comment = rest.Length > 4 ? new Part(line.Length - rest.Length + 4, rest.Length - 4) : default;
        }
        else if (MsrpGrammar.IsMethod(rest))
        {
            Method = rest.SequenceEqual("SEND"u8) ? MsrpMethod.Send
                : rest.SequenceEqual("REPORT"u8) ? MsrpMethod.Report
                : rest.SequenceEqual("AUTH"u8) ? MsrpMethod.Auth
                : MsrpMethod.Other;
        }
        else
        {
            Method = MsrpMethod.Other;
            Note(MsrpFault.BadStartLine);
        }
    }

    private bool IsEndLine(ReadOnlySpan<byte> line) =>
        line.Length == EndLine.HyphenCount + _idLength + 1 && line[..^1].SequenceEqual(BodyEnd[2..]) && MsrpGrammar.IsFlag(line[^1]);

    private void ReadHeader(ReadOnlySpan<byte> line, int start)
    {
        var colon = line.IndexOf((byte)':');
        var name = line[..Math.Max(colon, 0)];
        var known = Identify(name);

        // A folded line has its space where a name would begin, so that it fails here too.
        if (known == KnownHeader.Other && !MsrpGrammar.IsToken(name))
        {
            Note(MsrpFault.BadHeaderLine);
            return;
        }

        var valueStart = colon + 1;
        var valueEnd = line.Length;
        while (valueStart < valueEnd && line[valueStart] is (byte)' ' or (byte)'\t')
        {
            valueStart++;
        }

        while (valueEnd > valueStart && line[valueEnd - 1] is (byte)' ' or (byte)'\t')
        {
            valueEnd--;
        }

        if (HeaderCount == _lines.Length)
        {
            Array.Resize(ref _lines, Math.Min(2 * _lines.Length, Math.Max(_limits.Headers, _lines.Length + 1)));
        }

        var value = new Part(start + valueStart, valueEnd - valueStart);
        _lines[HeaderCount++] = new Line(new Part(start, colon), value);

        if (known != KnownHeader.Other)
        {
            ReadKnown(known, value, line[valueStart..valueEnd]);
        }
    }

    private void ReadKnown(KnownHeader known, Part part, ReadOnlySpan<byte> value)
    {
        if (_known[(int)known].Start > 0)
        {
            Note(MsrpFault.DuplicateHeader, known);
            return;
        }

        _known[(int)known] = part;

        switch (known)
        {
            case KnownHeader.ToPath when HeaderCount != 1:
            case KnownHeader.FromPath when HeaderCount != 2:
                Note(MsrpFault.MisplacedPath, known);
                break;

            case KnownHeader.MessageId when !MsrpGrammar.IsMessageId(value):
                Note(MsrpFault.BadMessageId, known);
                break;

            case KnownHeader.ByteRange:
                if (Msrp.ByteRange.TryParse(value, out var range))
                {
                    ByteRange = range;
                }
                else
                {
                    Note(MsrpFault.BadByteRange, known);
                }

                break;

            case KnownHeader.SuccessReport:
                if (MsrpGrammar.TryReadYesOrNo(value, out var wanted))
                {
                    SuccessReport = wanted;
                }
                else
                {
                    Note(MsrpFault.BadReportMode, known);
                }

                break;

            case KnownHeader.FailureReport:
                if (MsrpGrammar.TryReadYesOrNo(value, out var yes))
                {
                    FailureReport = yes ? FailureReportMode.Yes : FailureReportMode.No;
                }
                else if (Ascii.EqualsIgnoreCase(value, "partial"u8))
                {
                    FailureReport = FailureReportMode.Partial;
                }
                else
                {
                    Note(MsrpFault.BadReportMode, known);
                }

                break;

            case KnownHeader.Status:
                if (MsrpGrammar.TryReadStatus(value, out var space) && value.Length > 4 && MsrpGrammar.TryReadStatus(value[4..], out var code))
                {
                    ReportStatus = space == 0 ? code : 0;
                }
                else
                {
                    Note(MsrpFault.BadStatus, known);
                }

                break;
        }
    }

    private HeadProgress End(int length, bool hasBody)
    {
        Length = length;
        HasBody = hasBody;

        if (ToPathIsMissing || FromPathIsMissing)
        {
            Error = new MsrpParseError(MsrpFault.MissingPath, NameOf(ToPathIsMissing ? KnownHeader.ToPath : KnownHeader.FromPath));
        }
        else if (!IsResponse)
        {
            CheckRequest();
        }

        return HeadProgress.Complete;
    }

    private void CheckRequest()
    {
        var hasContentType = _known[(int)KnownHeader.ContentType].Length > 0;

        if (Method == MsrpMethod.Send && _known[(int)KnownHeader.MessageId].Length == 0)
        {
            Note(MsrpFault.MissingMessageId, KnownHeader.MessageId);
        }
        else if (HasBody && !hasContentType)
        {
            Note(MsrpFault.BodyWithoutContentType, KnownHeader.ContentType);
        }
        else if (!HasBody && hasContentType)
        {
            Note(MsrpFault.ContentTypeWithoutBody, KnownHeader.ContentType);
        }
    }

    private static KnownHeader Identify(ReadOnlySpan<byte> name) => name.Length switch
    {
        6 when Ascii.EqualsIgnoreCase(name, "Status"u8) => KnownHeader.Status,
        7 when Ascii.EqualsIgnoreCase(name, "To-Path"u8) => KnownHeader.ToPath,
        9 when Ascii.EqualsIgnoreCase(name, "From-Path"u8) => KnownHeader.FromPath,
        10 when Ascii.EqualsIgnoreCase(name, "Message-ID"u8) => KnownHeader.MessageId,
        10 when Ascii.EqualsIgnoreCase(name, "Byte-Range"u8) => KnownHeader.ByteRange,
        12 when Ascii.EqualsIgnoreCase(name, "Content-Type"u8) => KnownHeader.ContentType,
        14 when Ascii.EqualsIgnoreCase(name, "Success-Report"u8) => KnownHeader.SuccessReport,
        14 when Ascii.EqualsIgnoreCase(name, "Failure-Report"u8) => KnownHeader.FailureReport,
        _ => KnownHeader.Other,
    };

    private static string? NameOf(KnownHeader known) => known switch
    {
        KnownHeader.ToPath => "To-Path",
        KnownHeader.FromPath => "From-Path",
        KnownHeader.MessageId => "Message-ID",
        KnownHeader.ByteRange => "Byte-Range",
        KnownHeader.SuccessReport => "Success-Report",
        KnownHeader.FailureReport => "Failure-Report",
        KnownHeader.Status => "Status",
        KnownHeader.ContentType => "Content-Type",
        _ => null,
    };

    private void Note(MsrpFault fault, KnownHeader header = KnownHeader.Other)
    {
        if (Error.Fault == MsrpFault.None)
        {
            Error = new MsrpParseError(fault, NameOf(header));
        }
    }

    private HeadProgress AtLimit(ReadOnlySpan<byte> octets) =>
        octets.Length == _limits.Head ? Broken(MsrpFault.HeadTooLarge) : HeadProgress.Incomplete;

    private HeadProgress Broken(MsrpFault fault)
    {
        Fault = new MsrpParseError(fault);
        return HeadProgress.Broken;
    }

    private ReadOnlySpan<byte> Octets(Part part) => _octets.Span.Slice(part.Start, part.Length);

    private readonly record struct Part(int Start, int Length);

    private readonly record struct Line(Part Name, Part Value);
}
