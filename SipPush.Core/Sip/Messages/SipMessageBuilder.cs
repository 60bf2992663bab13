using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// Puts a message together line by line, new or from one that was received: what is not touched goes out byte for byte. No value
/// can end its line: CR, LF and NUL throw. Not for several threads at once. Disposing returns its buffers to a pool; what it has
/// built stays good.
/// </summary>
public abstract class SipMessageBuilder : IDisposable
{
    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    private readonly SipMessage? _origin;
    private byte[] _written = ArrayPool<byte>.Shared.Rent(1024);
    private int _writtenLength;
    private Line[] _lines = ArrayPool<Line>.Shared.Rent(24);
    private int _lineCount;

    private protected SipMessageBuilder(SipMessage? origin)
    {
        _origin = origin;
        if (origin is null)
        {
            return;
        }

        Body = origin.Body;
        var entries = origin.Entries;
        for (var i = 0; i < entries.Length; i++)
        {
            ref readonly var entry = ref entries[i];
            if (entry.Id == HeaderId.ContentLength)
            {
                continue;
            }

            var end = i + 1 < entries.Length ? entries[i + 1].Start : origin.HeadersEnd;
            Insert(_lineCount, new Line
            {
                Id = entry.Id,
                FromOrigin = true,
                Start = entry.Start,
                Length = end - entry.Start,
                NameLength = entry.NameLength,
                ValueOffset = entry.ValueStart - entry.Start,
                ValueLength = entry.ValueLength,
            });
        }
    }

    /// <summary>The body; Content-Length follows from it. The memory is read when the message is built.</summary>
    public ReadOnlyMemory<byte> Body { get; set; }

    /// <summary>Adds a header line at the end.</summary>
    /// <exception cref="ArgumentException">The value has CR, LF or NUL in it; the exception names the header.</exception>
    public void Add(SipHeaderName name, string value) => Insert(_lineCount, Write(name, value));

    /// <summary>Adds a header line at the end.</summary>
    /// <exception cref="ArgumentException">The value has CR, LF or NUL in it; the exception names the header.</exception>
    public void Add(SipHeaderName name, SipText value)
    {
        RefuseControls(value.Span, name.Name);
        Insert(_lineCount, Write(name, value.Span));
    }

    /// <summary>Adds a header line above all others: where Via, Route and Record-Route grow.</summary>
    /// <exception cref="ArgumentException">The value has CR, LF or NUL in it; the exception names the header.</exception>
    public void Prepend(SipHeaderName name, string value) => Insert(0, Write(name, value));

    /// <summary>Takes all lines of that name out and puts one in, where the first of them stood, or at the end.</summary>
    /// <exception cref="ArgumentException">The value has CR, LF or NUL in it; the exception names the header.</exception>
    public void Set(SipHeaderName name, string value)
    {
        var line = Write(name, value);
        var at = Find(name);
        Remove(name);
        Insert(at < 0 ? _lineCount : at, line);
    }

    /// <summary>Takes all lines of that name out; true when there were any.</summary>
    public bool Remove(SipHeaderName name)
    {
        var kept = 0;
        for (var i = 0; i < _lineCount; i++)
        {
            if (!Is(_lines[i], name))
            {
                _lines[kept++] = _lines[i];
            }
        }

        var removed = kept != _lineCount;
        _lineCount = kept;
        return removed;
    }

    /// <summary>Takes the first value of a list header out, and its line with it when it was the only one; true when there was one.</summary>
    public bool RemoveFirstValue(SipHeaderName name)
    {
        var at = Find(name);
        if (at < 0)
        {
            return false;
        }

        var value = ValueOf(_lines[at]);
        var comma = SipGrammar.IndexOfOutside(value, (byte)',');
        var rest = comma < 0 ? default : SipGrammar.Trim(value[(comma + 1)..]);
        if (rest.IsEmpty)
        {
            Array.Copy(_lines, at + 1, _lines, at, --_lineCount - at);
        }
        else
        {
            // What is left may be folded, and folds are white space: written anew it is one line.
            _lines[at] = Write(name, new SipText(rest.ToArray()).Unfold().Span);
        }

        return true;
    }

    /// <summary>Sets Content-Type and the body.</summary>
    /// <exception cref="ArgumentException">The type has CR, LF or NUL in it.</exception>
    public void SetBody(string contentType, ReadOnlyMemory<byte> body)
    {
        Set(SipHeaderNames.ContentType, contentType);
        Body = body;
    }

    /// <summary>The message's octets, written at once: an upper bound is asked for and filled in one step.</summary>
    public void WriteTo(IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var length = MeasureLength();
        WriteOctets(writer.GetSpan(length), default);
        writer.Advance(length);
    }

    /// <summary>Returns the buffers; the builder is of no use afterwards.</summary>
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_written);
        ArrayPool<Line>.Shared.Return(_lines);
        _written = [];
        _lines = [];
        _lineCount = _writtenLength = 0;
        GC.SuppressFinalize(this);
    }

    /// <summary>Adds a value from a received message as it stands, but on one line; a NUL in a quoted name is the sender's right (RFC 3261 §25.1).</summary>
    private protected void AddReceived(HeaderId id, SipText value, ReadOnlySpan<byte> suffix = default)
    {
        var plain = value.Unfold();
        var name = new SipHeaderName(id);
        var destination = BeginValue(name, plain.Length + suffix.Length);
        plain.Span.CopyTo(destination);
        suffix.CopyTo(destination[plain.Length..]);
        Insert(_lineCount, EndValue(name, plain.Length + suffix.Length));
    }

    /// <summary>Adds all lines of that name from another message as they stand, each on one line.</summary>
    internal void AddLinesOf(SipMessage message, SipHeaderName name)
    {
        foreach (var line in message.Lines(name))
        {
            AddReceived(name.Id, line);
        }
    }

    private protected abstract int StartLineLength { get; }

    private protected abstract int WriteStartLine(Span<byte> destination);

    private protected (byte[] Octets, HeaderEntry[] Entries, int HeadersEnd, int BodyStart) BuildParts()
    {
        var octets = GC.AllocateUninitializedArray<byte>(MeasureLength());
        var entries = new HeaderEntry[_lineCount + 1];
        var (headersEnd, bodyStart) = WriteOctets(octets, entries);
        return (octets, entries, headersEnd, bodyStart);
    }

    private protected static void RefuseControls(ReadOnlySpan<byte> value, string field)
    {
        if (value.ContainsAny((byte)'\r', (byte)'\n', (byte)0))
        {
            throw new ArgumentException($"The value of {field} must not contain CR, LF or NUL", field);
        }
    }

    private int MeasureLength()
    {
        var length = StartLineLength + "Content-Length: "u8.Length + CountDigits(Body.Length) + 4 + Body.Length;
        for (var i = 0; i < _lineCount; i++)
        {
            length += _lines[i].Length;
        }

        return length;
    }

    private (int HeadersEnd, int BodyStart) WriteOctets(Span<byte> destination, Span<HeaderEntry> entries)
    {
        var position = WriteStartLine(destination);
        ReadOnlySpan<byte> origin = _origin is null ? default : _origin.Octets.Span;
        ReadOnlySpan<byte> written = _written;

        if (!entries.IsEmpty)
        {
            WriteEntries(position, entries);
        }

        // Lines that lie one behind the other are copied in one go: of a new message, all of them.
        for (var i = 0; i < _lineCount;)
        {
            ref readonly var first = ref _lines[i];
            var length = first.Length;
            while (++i < _lineCount && _lines[i].FromOrigin == first.FromOrigin && _lines[i].Start == first.Start + length)
            {
                length += _lines[i].Length;
            }

            (first.FromOrigin ? origin : written).Slice(first.Start, length).CopyTo(destination[position..]);
            position += length;
        }

        var lengthStart = position;
        "Content-Length: "u8.CopyTo(destination[position..]);
        position += "Content-Length: "u8.Length;
        Body.Length.TryFormat(destination[position..], out var digits, default, CultureInfo.InvariantCulture);
        position += digits;
        if (!entries.IsEmpty)
        {
            entries[_lineCount] = new HeaderEntry
            {
                Id = HeaderId.ContentLength,
                Start = (ushort)lengthStart,
                NameLength = (ushort)"Content-Length".Length,
                ValueStart = (ushort)(position - digits),
                ValueLength = (ushort)digits,
            };
        }

        LineEnd.CopyTo(destination[position..]);
        position += 2;
        var headersEnd = position;
        if (headersEnd > ushort.MaxValue)
        {
            throw new InvalidOperationException("A header section may have 65,535 octets at most");
        }

        LineEnd.CopyTo(destination[position..]);
        Body.Span.CopyTo(destination[(position + 2)..]);
        return (headersEnd, position + 2);
    }

    private void WriteEntries(int position, Span<HeaderEntry> entries)
    {
        for (var i = 0; i < _lineCount; i++)
        {
            ref readonly var line = ref _lines[i];
            entries[i] = new HeaderEntry
            {
                Id = line.Id,
                Start = (ushort)position,
                NameLength = (ushort)line.NameLength,
                ValueStart = (ushort)(position + line.ValueOffset),
                ValueLength = (ushort)line.ValueLength,
            };
            position += line.Length;
        }
    }

    private static void Grow<T>(ref T[] buffer, int used, int needed)
    {
        var larger = ArrayPool<T>.Shared.Rent(Math.Max(needed, 16));
        buffer.AsSpan(0, used).CopyTo(larger);
        if (buffer.Length > 0)
        {
            ArrayPool<T>.Shared.Return(buffer);
        }
        buffer = larger;
    }

    private static int CountDigits(int number)
    {
        var digits = 1;
        for (; number >= 10; number /= 10)
        {
            digits++;
        }

        return digits;
    }

    private ReadOnlySpan<byte> ValueOf(in Line line) =>
        (line.FromOrigin ? _origin!.Octets.Span : _written).Slice(line.Start + line.ValueOffset, line.ValueLength);

    private int Find(SipHeaderName name)
    {
        for (var i = 0; i < _lineCount; i++)
        {
            if (Is(_lines[i], name))
            {
                return i;
            }
        }

        return -1;
    }

    private bool Is(in Line line, SipHeaderName name) =>
        line.Id == name.Id
        && (line.Id != HeaderId.Other
            || Ascii.EqualsIgnoreCase((line.FromOrigin ? _origin!.Octets.Span : _written).Slice(line.Start, line.NameLength), name.Name));

    private void Insert(int at, in Line line)
    {
        if (_lineCount == _lines.Length)
        {
            Grow(ref _lines, _lineCount, _lines.Length * 2);
        }

        if (at < _lineCount)
        {
            Array.Copy(_lines, at, _lines, at + 1, _lineCount - at);
        }

        _lines[at] = line;
        _lineCount++;
    }

    private Line Write(SipHeaderName name, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var destination = BeginValue(name, Encoding.UTF8.GetMaxByteCount(value.Length));
        Utf8.FromUtf16(value, destination, out _, out var length);
        RefuseControls(destination[..length], name.Name);
        return EndValue(name, length);
    }

    private Line Write(SipHeaderName name, ReadOnlySpan<byte> value)
    {
        value.CopyTo(BeginValue(name, value.Length));
        return EndValue(name, value.Length);
    }

    // Writes "Name: " and hands out room for the value; nothing counts before EndValue.
    private Span<byte> BeginValue(SipHeaderName name, int most)
    {
        var id = name.Id;
        ReadOnlySpan<byte> wire = id != HeaderId.Other ? HeaderIds.WireName(id) : Encoding.ASCII.GetBytes(name.Name);
        if (wire.IsEmpty)
        {
            throw new ArgumentException("A header needs a name", nameof(name));
        }

        var needed = _writtenLength + wire.Length + most + 4;
        if (needed > _written.Length)
        {
            Grow(ref _written, _writtenLength, Math.Max(needed, _written.Length * 2));
        }

        var destination = _written.AsSpan(_writtenLength);
        wire.CopyTo(destination);
        destination[wire.Length] = (byte)':';
        destination[wire.Length + 1] = (byte)' ';
        return destination[(wire.Length + 2)..];
    }

    private Line EndValue(SipHeaderName name, int valueLength)
    {
        var nameLength = name.Name.Length;
        var line = new Line
        {
            Id = name.Id,
            Start = _writtenLength,
            Length = nameLength + 2 + valueLength + 2,
            NameLength = nameLength,
            ValueOffset = nameLength + 2,
            ValueLength = valueLength,
        };

        _writtenLength += line.Length;
        LineEnd.CopyTo(_written.AsSpan(_writtenLength - 2));
        return line;
    }

    private struct Line
    {
        public HeaderId Id;
        public bool FromOrigin;
        public int Start;
        public int Length;
        public int NameLength;
        public int ValueOffset;
        public int ValueLength;
    }
}
