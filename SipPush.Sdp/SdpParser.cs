namespace SipPush.Sdp;

/// <summary>
/// Reads a session description (RFC 8866 §9), one line after the other:
/// <code>
/// v o s [i] [u] *e *p [c] *b 1*(t *r [z]) [k] *a  *( m [i] *c *b [k] *a )
/// </code>
/// </summary>
internal ref struct SdpParser
{
    private const string SessionOrder = "vosiuepcbtka";
    private const string MediaOrder = "micbka";

    // How deep the order of RFC 8866 has been gone into, in the section that is being read.
    private int _rank;
    private readonly SdpProfile _profile;
    private readonly SdpLimits _limits;

    private Origin? _origin;
    private string? _name;
    private string? _uri;
    private List<string>? _emails;
    private List<string>? _phones;
    private List<TimeDescription>? _times;
    private List<MediaDescription>? _media;
    private bool _hasVersion;

    // What both sections have; a media description is made of it when it ends.
    private MediaDescription? _current;
    private int _known;
    private string? _information;
    private List<ConnectionData>? _connections;
    private List<string>? _bandwidths;
    private string? _key;
    private List<SdpAttribute>? _attributes;
    private List<SdpUnknownLine>? _unknown;
    private bool _mayFold;

    private SessionDescription? _session;

    private SdpParser(SdpProfile profile, SdpLimits limits)
    {
        _profile = profile;
        _limits = limits;
    }

    private readonly bool IsLenient => _profile == SdpProfile.Lenient;

    public static SessionDescription? Parse(ReadOnlySpan<byte> octets, SdpProfile profile, SdpLimits limits, out SdpParseError error)
    {
        if (octets.Length > limits.MaxLength)
        {
            error = new SdpParseError(SdpFault.TooLong, 1, '\0');
            return null;
        }

        var parser = new SdpParser(profile, limits);
        return parser.Parse(octets, out error);
    }

    private SessionDescription? Parse(ReadOnlySpan<byte> octets, out SdpParseError error)
    {
        var reader = new SdpLineReader(octets);
        var type = '\0';
        var fault = SdpFault.None;
        while (fault == SdpFault.None && reader.Read())
        {
            fault = reader.Number > _limits.MaxLines ? SdpFault.TooManyLines : Take(ref reader, out type);
        }

        var line = reader.Number;
        if (fault == SdpFault.None)
        {
            line++;
            fault = EndSection(ref type);
        }

        error = new SdpParseError(fault, fault == SdpFault.None ? 0 : line, fault == SdpFault.None ? '\0' : type);
        return fault == SdpFault.None ? _session! with { Media = (IReadOnlyList<MediaDescription>?)_media ?? [] } : null;
    }

    private SdpFault Take(ref SdpLineReader reader, out char type)
    {
        var line = reader.Line;
        type = line.IsEmpty ? '\0' : (char)line[0];
        if (line.ContainsAny((byte)0, (byte)'\r'))
        {
            return SdpFault.ControlCharacter;
        }

        if (!reader.IsTerminated && !IsLenient)
        {
            return SdpFault.NotTerminated;
        }

        if (line.TrimStart(" \t"u8).IsEmpty)
        {
            return IsLenient ? SdpFault.None : SdpFault.NotALine;
        }

        if (line[0] is (byte)' ' or (byte)'\t')
        {
            return Fold(line);
        }

        if (line is not [> (byte)' ' and < 0x7F and not (byte)'=', (byte)'=', ..])
        {
            return SdpFault.NotALine;
        }

        var value = SdpText.Decode(line[2..]);
        if (!_hasVersion && type != 'v')
        {
            type = 'v';
            return SdpFault.Missing;
        }

        if (type == 'm')
        {
            return BeginMedia(value, ref type);
        }

        var fault = CheckOrder(type);
        if (fault == SdpFault.None)
        {
            _mayFold = false;
            fault = TakeKnown(type, value);
            _known++;
        }
        else if (fault == SdpFault.UnknownType && IsLenient)
        {
            _mayFold = false;
            (_unknown ??= []).Add(new SdpUnknownLine(type, value, _known));
            fault = SdpFault.None;
        }

        return fault;
    }

    // A seed of OMA Push and the print of RFC 5547 break an attribute; the octets at the break were a space, or nothing behind a colon.
    private readonly SdpFault Fold(ReadOnlySpan<byte> line)
    {
        if (!IsLenient || !_mayFold || _attributes is not [.., var last])
        {
            return SdpFault.Folded;
        }

        var more = SdpText.Decode(line.Trim(" \t"u8));
        _attributes[^1] = SdpAttribute.Read(last.Name, last.Value is not { } before ? more : before[^1] == ':' ? before + more : $"{before} {more}");
        return SdpFault.None;
    }

    private SdpFault CheckOrder(char type)
    {
        // r= and z= belong to the t= before them.
        var rank = (_current is null ? SessionOrder : MediaOrder).IndexOf(type is 'r' or 'z' ? 't' : type, StringComparison.Ordinal);
        if (rank < 0)
        {
            return SessionOrder.Contains(type, StringComparison.Ordinal) || type is 'r' or 'z' ? SdpFault.OutOfOrder : SdpFault.UnknownType;
        }

        if (rank < _rank && !IsLenient)
        {
            return SdpFault.OutOfOrder;
        }

        _rank = Math.Max(rank, _rank);
        return SdpFault.None;
    }

    private SdpFault TakeKnown(char type, string value)
    {
        switch (type)
        {
            case 'v':
                if (_hasVersion)
                {
                    return SdpFault.Repeated;
                }

                _hasVersion = true;
                return SdpGrammar.TryReadNumber(Clean(value), out var version) && version == 0 ? SdpFault.None : SdpFault.BadValue;

            case 'o':
                return _origin is not null ? SdpFault.Repeated : (_origin = Origin.Read(Clean(value))) is null ? SdpFault.BadValue : SdpFault.None;

            case 's':
                if (_name is not null)
                {
                    return SdpFault.Repeated;
                }

                _name = value.Length == 0 && IsLenient ? "-" : value;
                return _name.Length == 0 ? SdpFault.BadValue : SdpFault.None;

            case 'i':
                return TakeOnce(ref _information, value);

            case 'u':
                return SdpGrammar.IsVisible(value) ? TakeOnce(ref _uri, value) : SdpFault.BadValue;

            case 'e':
                return TakeText(ref _emails, value);

            case 'p':
                return TakeText(ref _phones, value);

            case 'c':
                return TakeConnection(Clean(value));

            case 'b':
                value = Clean(value);
                (_bandwidths ??= []).Add(value);
                return SdpGrammar.IsBandwidth(value) ? SdpFault.None : SdpFault.BadValue;

            case 't' or 'r' or 'z':
                return TakeTime(type, Clean(value));

            case 'k':
                return TakeOnce(ref _key, value);

            default:
                return TakeAttribute(value);
        }
    }

    private readonly SdpFault TakeOnce(ref string? place, string value)
    {
        if (place is not null)
        {
            return SdpFault.Repeated;
        }

        // What is empty says nothing, and is not written again.
        place = value.Length > 0 ? value : null;
        return value.Length > 0 || IsLenient ? SdpFault.None : SdpFault.BadValue;
    }

    private readonly SdpFault TakeText(ref List<string>? list, string value)
    {
        if (value.Length == 0)
        {
            return IsLenient ? SdpFault.None : SdpFault.BadValue;
        }

        (list ??= []).Add(value);
        return SdpFault.None;
    }

    private SdpFault TakeConnection(string value)
    {
        if (_current is null && _connections is not null)
        {
            return SdpFault.Repeated;
        }

        if (ConnectionData.Read(value) is not { } connection)
        {
            return SdpFault.BadValue;
        }

        (_connections ??= []).Add(connection);
        return SdpFault.None;
    }

    private SdpFault TakeTime(char type, string value)
    {
        if (type == 't')
        {
            if (TimeDescription.Read(value) is not { } time)
            {
                return SdpFault.BadValue;
            }

            (_times ??= []).Add(time);
            return SdpFault.None;
        }

        if (_times is not [.., var last])
        {
            return SdpFault.OutOfOrder;
        }

        if (type == 'r')
        {
            // z= ends the r= lines of its t=.
            _times[^1] = last with { Repeats = [.. last.Repeats, value] };
            return last.Zones is not null ? SdpFault.OutOfOrder : TimeDescription.IsRepeat(value) ? SdpFault.None : SdpFault.BadValue;
        }

        // RFC 4566 let it stand without r=, to which it means nothing.
        if (last.Repeats.Count == 0)
        {
            return IsLenient ? SdpFault.None : SdpFault.OutOfOrder;
        }

        _times[^1] = last with { Zones = value };
        return last.Zones is not null ? SdpFault.Repeated : TimeDescription.IsZones(value) ? SdpFault.None : SdpFault.BadValue;
    }

    private SdpFault TakeAttribute(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? text : text[..colon];
        var value = colon < 0 ? null : text[(colon + 1)..];
        if (IsLenient)
        {
            name = name.Trim(' ');
            value = value?.Trim(' ');
            if (value is "")
            {
                value = null;
            }
        }

        if (SdpGrammar.IsToken(name) && value is not "")
        {
            (_attributes ??= []).Add(SdpAttribute.Read(name, value));
            _mayFold = true;
            return SdpFault.None;
        }

        // What can't be understood is ignored (RFC 8866 §5.13), but it stays.
        (_unknown ??= []).Add(new SdpUnknownLine('a', text, _known));
        _known--;
        return IsLenient ? SdpFault.None : SdpFault.BadValue;
    }

    private SdpFault BeginMedia(string value, ref char type)
    {
        if ((_media?.Count ?? 0) + (_current is null ? 0 : 1) >= _limits.MaxMedia)
        {
            return SdpFault.TooManyMedia;
        }

        var fault = EndSection(ref type);
        if (fault != SdpFault.None)
        {
            return fault;
        }

        _rank = 0;
        _known = 1;
        _information = null;
        _connections = null;
        _bandwidths = null;
        _key = null;
        _attributes = null;
        _unknown = null;
        _mayFold = false;
        type = 'm';
        return (_current = ReadMediaLine(Clean(value))) is null ? SdpFault.BadValue : SdpFault.None;
    }

    private SdpFault EndSection(ref char type)
    {
        if (_current is not null)
        {
            return EndMedia(ref type);
        }

        type = !_hasVersion ? 'v' : _origin is null ? 'o' : _name is null && !IsLenient ? 's' : _times is null && !IsLenient ? 't' : '\0';
        if (type != '\0')
        {
            return SdpFault.Missing;
        }

        _session = new SessionDescription
        {
            Origin = _origin!,
            Name = _name ?? "-",
            Information = _information,
            Uri = _uri,
            Emails = (IReadOnlyList<string>?)_emails ?? [],
            Phones = (IReadOnlyList<string>?)_phones ?? [],
            Connection = _connections?[0],
            Bandwidths = (IReadOnlyList<string>?)_bandwidths ?? [],
            Times = (IReadOnlyList<TimeDescription>?)_times ?? [TimeDescription.Unbounded],
            Key = _key,
            Attributes = (IReadOnlyList<SdpAttribute>?)_attributes ?? [],
            UnknownLines = (IReadOnlyList<SdpUnknownLine>?)_unknown ?? [],
        };
        return SdpFault.None;
    }

    private SdpFault EndMedia(ref char type)
    {
        if (_connections is null && _session!.Connection is null && !IsLenient)
        {
            type = 'c';
            return SdpFault.Missing;
        }

        (_media ??= []).Add(_current! with
        {
            Information = _information,
            Connections = (IReadOnlyList<ConnectionData>?)_connections ?? [],
            Bandwidths = (IReadOnlyList<string>?)_bandwidths ?? [],
            Key = _key,
            Attributes = (IReadOnlyList<SdpAttribute>?)_attributes ?? [],
            UnknownLines = (IReadOnlyList<SdpUnknownLine>?)_unknown ?? [],
        });
        return SdpFault.None;
    }

    // media SP port ["/" integer] SP proto 1*(SP fmt)
    private static MediaDescription? ReadMediaLine(ReadOnlySpan<char> rest)
    {
        var kind = SdpGrammar.TakeField(ref rest);
        var ports = SdpGrammar.TakeField(ref rest);
        var protocol = SdpGrammar.TakeField(ref rest);
        var slash = ports.IndexOf('/');
        var count = 0L;
        if (!SdpGrammar.IsToken(kind)
            || !SdpGrammar.TryReadNumber(slash < 0 ? ports : ports[..slash], out var port) || port > ushort.MaxValue
            || (slash >= 0 && (!SdpGrammar.TryReadNumber(ports[(slash + 1)..], out count) || count is 0 or > ushort.MaxValue))
            || !SdpGrammar.IsProtocol(protocol) || rest.IsEmpty)
        {
            return null;
        }

        var formats = new List<string>(1);
        do
        {
            var format = SdpGrammar.TakeField(ref rest);
            if (!SdpGrammar.IsToken(format))
            {
                return null;
            }

            formats.Add(format.ToString());
        }
        while (!rest.IsEmpty);

        return new MediaDescription
        {
            Media = kind.ToString(),
            Port = (int)port,
            PortCount = slash < 0 ? null : (int)count,
            Protocol = protocol.ToString(),
            Formats = formats,
        };
    }

    // One space between the fields and none around them.
    private readonly string Clean(string value) =>
        IsLenient && (value.StartsWith(' ') || value.EndsWith(' ') || value.Contains("  ", StringComparison.Ordinal))
            ? string.Join(' ', value.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            : value;
}
