using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// A SIP message: the octets it consists of and where its parts stand in them. Immutable, and the owner of its octets, so it may
/// be kept and shared. Header values are read when they are asked for; a value that is absent or unreadable comes out empty
/// or null, never as an exception. The stack has checked Via, From, To, Call-ID and CSeq before anybody sees a message.
/// </summary>
public abstract class SipMessage
{
    private readonly HeaderEntry[] _entries;
    private readonly byte[] _octets;
    private readonly int _headersEnd;
    private readonly int _bodyStart;

    private protected SipMessage(byte[] octets, HeaderEntry[] entries, int headersEnd, int bodyStart)
    {
        _octets = octets;
        _entries = entries;
        _headersEnd = headersEnd;
        _bodyStart = bodyStart;
    }

    /// <summary>The whole message as it stands on the wire.</summary>
    public ReadOnlyMemory<byte> Octets => _octets;

    /// <summary>The body; empty when there is none.</summary>
    public ReadOnlyMemory<byte> Body => _octets.AsMemory(_bodyStart);

    /// <summary>The header lines in order.</summary>
    public IEnumerable<SipHeader> Headers => _entries.Select(entry =>
        new SipHeader(Text(entry.Start, entry.NameLength), Text(entry.ValueStart, entry.ValueLength)));

    /// <summary>The first Via value: the hop the message came from, or goes back to.</summary>
    public Via TopVia => Via.TryParse(FirstValue(HeaderId.Via), out var via) ? via : default;

    /// <summary>The From value.</summary>
    public NameAddress From => Address(HeaderId.From);

    /// <summary>The To value.</summary>
    public NameAddress To => Address(HeaderId.To);

    /// <summary>The Call-ID.</summary>
    public SipText CallId => Value(HeaderId.CallId);

    /// <summary>The CSeq.</summary>
    public CSeq CSeq => CSeq.TryParse(Value(HeaderId.CSeq), out var cseq) ? cseq : default;

    /// <summary>The Content-Type; default when there is none.</summary>
    public MediaType ContentType => MediaType.TryParse(Value(HeaderId.ContentType), out var type) ? type : default;

    /// <summary>The Expires header; null when it is absent or no number of seconds.</summary>
    public TimeSpan? Expires => Seconds(HeaderId.Expires);

    /// <summary>The value of the first header line of that name, whole; empty when there is none.</summary>
    public SipText this[SipHeaderName name] => Find(name, 0) is >= 0 and var i ? Text(_entries[i].ValueStart, _entries[i].ValueLength) : default;

    /// <summary>True when there is a header line of that name.</summary>
    public bool Contains(SipHeaderName name) => Find(name, 0) >= 0;

    /// <summary>The whole values of all header lines of that name, in order: for headers that commas do not separate.</summary>
    public IEnumerable<SipText> Lines(SipHeaderName name)
    {
        for (var i = Find(name, 0); i >= 0; i = Find(name, i + 1))
        {
            yield return Text(_entries[i].ValueStart, _entries[i].ValueLength);
        }
    }

    /// <summary>The values of a list header in order, those of one line separated at its commas (RFC 3261 §7.3.1).</summary>
    public IEnumerable<SipText> Values(SipHeaderName name)
    {
        for (var i = Find(name, 0); i >= 0; i = Find(name, i + 1))
        {
            var rest = Text(_entries[i].ValueStart, _entries[i].ValueLength);
            while (!rest.IsEmpty)
            {
                var comma = SipGrammar.IndexOfOutside(rest.Span, (byte)',');
                var value = (comma < 0 ? rest : rest.Slice(0, comma)).Trim();
                rest = comma < 0 ? default : rest.Slice(comma + 1, rest.Length - comma - 1);
                if (!value.IsEmpty)
                {
                    yield return value;
                }
            }
        }
    }

    /// <summary>The addresses of Contact, Route, Path and their like, in order; those that can't be read are left out.</summary>
    public IEnumerable<NameAddress> Addresses(SipHeaderName name)
    {
        foreach (var value in Values(name))
        {
            if (NameAddress.TryParse(value, out var address))
            {
                yield return address;
            }
        }
    }

    /// <summary>A number of seconds such as Min-Expires or Retry-After has, comments and parameters aside; null when there is none.</summary>
    public TimeSpan? Seconds(SipHeaderName name) => Seconds(this[name]);

    /// <summary>The message as text.</summary>
    public override string ToString() => System.Text.Encoding.UTF8.GetString(_octets);

    internal byte[] OwnedOctets => _octets;

    internal ReadOnlySpan<HeaderEntry> Entries => _entries;

    internal int HeadersEnd => _headersEnd;

    internal SipText Text(int start, int length) => new(_octets.AsMemory(start, length));

    internal SipText Value(HeaderId id)
    {
        foreach (ref readonly var entry in _entries.AsSpan())
        {
            if (entry.Id == id)
            {
                return Text(entry.ValueStart, entry.ValueLength);
            }
        }

        return default;
    }

    internal TimeSpan? Seconds(HeaderId id) => Seconds(Value(id));

    /// <summary>The first value of the first line of a list header.</summary>
    internal SipText FirstValue(HeaderId id)
    {
        var line = Value(id);
        var comma = SipGrammar.IndexOfOutside(line.Span, (byte)',');
        return comma < 0 ? line : line.Slice(0, comma).Trim();
    }

    private static TimeSpan? Seconds(SipText value)
    {
        var span = value.Span;
        var digits = span.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return SipGrammar.TryParseNumber(digits < 0 ? span : span[..digits], out var seconds)
            && (digits < 0 || span[digits] is (byte)' ' or (byte)'\t' or (byte)';' or (byte)'(' or (byte)'\r' or (byte)'\n')
                ? TimeSpan.FromSeconds(seconds)
                : null;
    }

    private NameAddress Address(HeaderId id) => NameAddress.TryParse(Value(id), out var address) ? address : default;

    private int Find(SipHeaderName name, int from)
    {
        for (var i = from; i < _entries.Length; i++)
        {
            ref readonly var entry = ref _entries[i];
            if (entry.Id == name.Id
                && (entry.Id != HeaderId.Other || System.Text.Ascii.EqualsIgnoreCase(_octets.AsSpan(entry.Start, entry.NameLength), name.Name)))
            {
                return i;
            }
        }

        return -1;
    }
}
