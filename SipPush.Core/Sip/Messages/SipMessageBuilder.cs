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
            AddLine(_lineCount) = new Line
            {
                Id = entry.Id,
                FromOrigin = true,
                Start = entry.Start,
                Length = end - entry.Start,
                NameLength = entry.NameLength,
                ValueOffset = entry.ValueStart - entry.Start,
                ValueLength = entry.ValueLength,
            };
        }
    }

    /// <summary>The body; Content-Length follows from it. The memory is read when the message is built.</summary>
    public ReadOnlyMemory<byte> Body { get; set; }

    /// <summary>Adds a header line at the end.</summary>
    /// <exception cref="ArgumentException">The value has CR, LF or NUL in it; the exception names the header.</exception>
    public void Add(SipHeaderName name, string value) => Write(ref AddLine(_lineCount), name, value);

    /// <summary>Adds a header line at the end.</summary>
    /// <exception cref="ArgumentException">The value has CR, LF or NUL in it; the exception names the header.</exception>
    public void Add(SipHeaderName name, SipText value) => Write(ref AddLine(_lineCount), name, value.Span);

    /// <summary>Adds a header line above all others: where Via, Route and Record-Route grow.</summary>
    /// <exception cref="ArgumentException">The value has CR, LF or NUL in it; the exception names the header.</exception>
    public void Prepend(SipHeaderName name, string value) => Write(ref AddLine(0), name, value);

    /// <summary>Takes all lines of that name out and puts one in, where the first of them stood, or at the end.</summary>
    /// <exception cref="ArgumentException">The value has CR, LF or NUL in it; the exception names the header.</exception>
    public void Set(SipHeaderName name, string value)
    {
        var at = Find(name);
        Remove(name);
        Write(ref AddLine(at < 0 ? _lineCount : at), name, value);
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
        var comma = SipGrammar.IndexOfOutside(value, ","u8);
        if (comma < 0)
        {
            Array.Copy(_lines, at + 1, _lines, at, --_lineCount - at);
        }
        else
        {
            // What is left may be folded, and folds are white space: written anew it is one line.
            var rest = new SipText(value[(comma + 1)..].ToArray()).ToString().Trim();
            Write(ref _lines[at], name, rest);
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

        for (var i = 0; i < _lineCount; i++)
        {
            ref readonly var line = ref _lines[i];
            (line.FromOrigin ? origin : written).Slice(line.Start, line.Length).CopyTo(destination[position..]);

            if (!entries.IsEmpty)
            {
                entries[i] = new HeaderEntry
                {
                    Id = line.Id,
                    Start = (ushort)position,
                    NameLength = (ushort)line.NameLength,
                    ValueStart = (ushort)(position + line.ValueOffset),
                    ValueLength = (ushort)line.ValueLength,
                };
            }

            position += line.Length;
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

    private ref Line AddLine(int at)
    {
        if (_lineCount == _lines.Length)
        {
            Grow(ref _lines, _lineCount, _lines.Length * 2);
        }

        if (at < _lineCount)
        {
            Array.Copy(_lines, at, _lines, at + 1, _lineCount - at);
        }

        _lineCount++;
        return ref _lines[at];
    }

    private void Write(ref Line line, SipHeaderName name, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var most = Encoding.UTF8.GetMaxByteCount(value.Length);
        var start = BeginValue(name, most, out var destination);
        Utf8.FromUtf16(value, destination, out _, out var length);
        EndValue(ref line, name, start, destination[..length]);
    }

    private void Write(ref Line line, SipHeaderName name, ReadOnlySpan<byte> value)
    {
        var start = BeginValue(name, value.Length, out var destination);
        value.CopyTo(destination);
        EndValue(ref line, name, start, destination[..value.Length]);
    }

    // Writes "Name: " and hands out room for the value; nothing counts before EndValue has accepted it.
    private int BeginValue(SipHeaderName name, int most, out Span<byte> destination)
    {
        var id = name.Id;
        ReadOnlySpan<byte> wire = id != HeaderId.Other ? HeaderIds.WireName(id) : Encoding.ASCII.GetBytes(name.Name);
        var needed = _writtenLength + wire.Length + most + 4;
        if (needed > _written.Length)
        {
            Grow(ref _written, _writtenLength, Math.Max(needed, _written.Length * 2));
        }

        wire.CopyTo(_written.AsSpan(_writtenLength));
        _written[_writtenLength + wire.Length] = (byte)':';
        _written[_writtenLength + wire.Length + 1] = (byte)' ';
        destination = _written.AsSpan(_writtenLength + wire.Length + 2);
        return _writtenLength + wire.Length + 2;
    }

    private void EndValue(ref Line line, SipHeaderName name, int valueStart, ReadOnlySpan<byte> value)
    {
        if (value.ContainsAny((byte)'\r', (byte)'\n', (byte)0))
        {
            // The line was made room for before its value was known to be good.
            line = default;
            RemoveEmptyLine();
            RefuseControls(value, name.Name);
        }

        LineEnd.CopyTo(_written.AsSpan(valueStart + value.Length));
        line = new Line
        {
            Id = name.Id,
            FromOrigin = false,
            Start = _writtenLength,
            NameLength = valueStart - 2 - _writtenLength,
            ValueOffset = valueStart - _writtenLength,
            ValueLength = value.Length,
            Length = valueStart + value.Length + 2 - _writtenLength,
        };
        _writtenLength = valueStart + value.Length + 2;
    }

    private void RemoveEmptyLine()
    {
        var kept = 0;
        for (var i = 0; i < _lineCount; i++)
        {
            if (_lines[i].Length != 0)
            {
                _lines[kept++] = _lines[i];
            }
        }
        _lineCount = kept;
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
