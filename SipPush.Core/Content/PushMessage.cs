using System.Buffers;
using System.Globalization;
using System.Text;

namespace SipPush;

/// <summary>
/// The envelope <c>application/vnd.oma.push</c>: header fields in the manner of MIME, an empty line, and the octets of the content.
/// </summary>
public sealed class PushMessage
{
    /// <summary>The media type of the envelope.</summary>
    public const string MediaType = "application/vnd.oma.push";

    /// <summary>The most header fields that are read or written.</summary>
    public const int MaxHeaders = 64;

    /// <summary>The most octets of one header field, its folded lines together and its last line end left out.</summary>
    public const int MaxHeaderLength = 4096;

    private const string ContentTypeName = "Content-Type";
    private const string ContentLengthName = "Content-Length";
    private const string ApplicationIdName = "X-Wap-Application-Id";
    private const string ContentUriName = "X-Wap-Content-URI";
    private const string InitiatorUriName = "X-Wap-Initiator-URI";
    private const string FlagsName = "Push-Flag";
    private const string ExpiresName = "Expires";

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly List<PushHeader> _headers;

    /// <summary>A message to be written.</summary>
    /// <param name="contentType">The media type of the content.</param>
    /// <param name="content">The octets; not copied, so they must not change while the message is in use.</param>
    /// <param name="headers">Further fields, in the order they are to be written in.</param>
    /// <exception cref="ArgumentException">A value holds CR, LF, NUL or another control character (the exception names the
    /// field), the content type is no media type, a further field is Content-Type or a wrong Content-Length or application id,
    /// or a limit is passed.</exception>
    public PushMessage(string contentType, ReadOnlyMemory<byte> content, IEnumerable<PushHeader>? headers = null)
    {
        _headers = [];
        Content = content;
        Set(ContentTypeName, FieldText.CheckedMediaType(contentType, nameof(contentType)), nameof(contentType));

        foreach (var header in headers ?? [])
        {
            if (header.Name is null || header.Is(ContentTypeName))
            {
                throw new ArgumentException("The further fields hold an unset one or a second Content-Type", nameof(headers));
            }
            if (header.Is(ContentLengthName) && ParseLength(header.Value) != content.Length)
            {
                throw new ArgumentException("Content-Length is not the length of the content", nameof(headers));
            }
            if (header.Is(ApplicationIdName) && !PushApplicationId.TryParse(header.Value, out _))
            {
                throw new ArgumentException("X-Wap-Application-Id is no push application id", nameof(headers));
            }
            Add(header, nameof(headers));
        }
    }

    private PushMessage(List<PushHeader> headers, ReadOnlyMemory<byte> content)
    {
        _headers = headers;
        Content = content;
    }

    /// <summary>The media type of the content, with its parameters.</summary>
    public string ContentType => Find(ContentTypeName)!;

    /// <summary>The octets after the empty line: of a message that was read, a slice of the body it was read from.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>All fields in their order, those with a property of their own and the unknown ones among them.</summary>
    public IReadOnlyList<PushHeader> Headers => _headers;

    /// <summary>X-Wap-Application-Id; null when absent, which means <see cref="PushApplicationId.Default"/>.</summary>
    public PushApplicationId? ApplicationId
    {
        get => PushApplicationId.TryParse(Find(ApplicationIdName), out var id) ? id : null;
        init => Set(ApplicationIdName, value?.ToString(), nameof(ApplicationId));
    }

    /// <summary>X-Wap-Content-URI, the URI the content may be kept under and its relative links start from; null when absent.</summary>
    public string? ContentUri
    {
        get => Find(ContentUriName);
        init => Set(ContentUriName, value, nameof(ContentUri));
    }

    /// <summary>X-Wap-Initiator-URI, who began the push; null when absent.</summary>
    public string? InitiatorUri
    {
        get => Find(InitiatorUriName);
        init => Set(InitiatorUriName, value, nameof(InitiatorUri));
    }

    /// <summary>Push-Flag; none when absent or unreadable. Take <see cref="PushFlagsExtensions.WithoutTrust"/> of it unless
    /// the sender is trusted.</summary>
    public PushFlags Flags
    {
        get => PushFlagsExtensions.TryParse(Find(FlagsName), out var flags) ? flags : PushFlags.None;
        init => Set(FlagsName, value.KnownOnly() == PushFlags.None ? null : ((int)value.KnownOnly()).ToString(CultureInfo.InvariantCulture), nameof(Flags));
    }

    /// <summary>Expires, after which the content is out of date; null when absent or not an HTTP date. Written in whole seconds.</summary>
    public DateTimeOffset? Expires
    {
        get => DateTimeOffset.TryParseExact(Find(ExpiresName), "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var expires)
            ? expires
            : null;
        init => Set(ExpiresName, value?.ToString("r", CultureInfo.InvariantCulture), nameof(Expires));
    }

    /// <summary>Content-Length in octets as the field says; null when absent or not a number. The length of
    /// <see cref="Content"/> is what counts.</summary>
    public long? ContentLength => ParseLength(Find(ContentLengthName));

    /// <summary>Reads a body of the type <see cref="MediaType"/>.</summary>
    /// <param name="body">The body. The message keeps a slice of it, so it must stay as long as the content is wanted.</param>
    /// <param name="lenient">Also accepts bare LF, folded lines, space before a colon, octets that are not UTF-8, a wrong
    /// Content-Length, and a body that begins with <c>&lt;</c>, which is then all content, of type text/xml.</param>
    /// <param name="message">The message, or null when the result is an error.</param>
    public static PushMessageError TryRead(ReadOnlyMemory<byte> body, bool lenient, out PushMessage? message) => Read(body, lenient, isWhole: true, out message);

    /// <summary>As <see cref="TryRead"/>, of an envelope alone: the content has not come yet, and its length can't be compared.</summary>
    internal static PushMessageError TryReadHead(ReadOnlyMemory<byte> head, bool lenient, out PushMessage? message) => Read(head, lenient, isWhole: false, out message);

    private static PushMessageError Read(ReadOnlyMemory<byte> body, bool lenient, bool isWhole, out PushMessage? message)
    {
        message = null;

        if (body.IsEmpty)
        {
            return PushMessageError.Empty;
        }

        // "<" begins no header name, so there is nothing to confuse this with.
        if (lenient && body.Span.TrimStart(" \t\r\n"u8) is [(byte)'<', ..])
        {
            message = new PushMessage("text/xml", body);
            return PushMessageError.None;
        }

        var headers = new List<PushHeader>();
        var rest = body;

        while (true)
        {
            if (rest.Span is [(byte)'\r', (byte)'\n', ..])
            {
                rest = rest[2..];
                break;
            }
            if (lenient && rest.Span is [(byte)'\n', ..])
            {
                rest = rest[1..];
                break;
            }

            var error = TakeHeader(ref rest, lenient, headers);
            if (error != PushMessageError.None)
            {
                return error;
            }
        }

        var read = new PushMessage(headers, rest);

        if (string.IsNullOrEmpty(read.Find(ContentTypeName)))
        {
            return PushMessageError.MissingContentType;
        }

        // Taking an unreadable id for an absent one would hand the content to the wrong application.
        if (read.Find(ApplicationIdName) is { } id && !PushApplicationId.TryParse(id, out _))
        {
            return PushMessageError.MalformedHeader;
        }

        if (!lenient && isWhole && read.Find(ContentLengthName) is { } length && ParseLength(length) != rest.Length)
        {
            return PushMessageError.WrongContentLength;
        }

        message = read;
        return PushMessageError.None;
    }

    /// <summary>Writes the envelope: fields, empty line, content.</summary>
    public void WriteTo(IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);

        var length = Length();
        Write(writer.GetSpan(length));
        writer.Advance(length);
    }

    /// <summary>The envelope as <see cref="WriteTo"/> writes it, in an array of its own.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Length()];
        Write(bytes);
        return bytes;
    }

    private static PushMessageError TakeHeader(ref ReadOnlyMemory<byte> rest, bool lenient, List<PushHeader> headers)
    {
        if (headers.Count == MaxHeaders)
        {
            return PushMessageError.TooManyHeaders;
        }

        var error = FindFieldEnd(rest.Span, lenient, out var length, out var next);
        if (error != PushMessageError.None)
        {
            return error;
        }

        var field = rest.Span[..length];
        rest = rest[next..];

        var colon = field.IndexOf((byte)':');
        if (colon <= 0)
        {
            return PushMessageError.MalformedHeader;
        }

        var name = lenient ? field[..colon].TrimEnd(" \t"u8) : field[..colon];
        if (!TryDecode(name, lenient: false, out var nameText) || !FieldText.IsToken(nameText)
            || !TryDecode(field[(colon + 1)..], lenient, out var valueText) || !TryUnfold(ref valueText))
        {
            return PushMessageError.MalformedHeader;
        }

        headers.Add(new PushHeader(nameText, valueText));
        return PushMessageError.None;
    }

    // The field with the lines folded into it; what lies past the limit is not searched.
    private static PushMessageError FindFieldEnd(ReadOnlySpan<byte> bytes, bool lenient, out int length, out int next)
    {
        next = 0;

        while (true)
        {
            var window = bytes[next..Math.Min(bytes.Length, MaxHeaderLength + 2)];
            var lineFeed = window.IndexOf((byte)'\n');
            length = next + lineFeed;

            if (lineFeed < 0)
            {
                return bytes.Length >= MaxHeaderLength + 2 ? PushMessageError.HeaderTooLong : PushMessageError.MissingEmptyLine;
            }

            next = length + 1;
            if (length > 0 && bytes[length - 1] == '\r')
            {
                length--;
            }
            else if (!lenient)
            {
                return PushMessageError.MalformedHeader;
            }

            if (length > MaxHeaderLength)
            {
                return PushMessageError.HeaderTooLong;
            }

            if (next == bytes.Length || bytes[next] is not ((byte)' ' or (byte)'\t'))
            {
                return PushMessageError.None;
            }

            if (!lenient)
            {
                return PushMessageError.MalformedHeader;
            }
        }
    }

    private static bool TryDecode(ReadOnlySpan<byte> octets, bool lenient, out string text)
    {
        if (System.Text.Unicode.Utf8.IsValid(octets))
        {
            text = Encoding.UTF8.GetString(octets);
            return true;
        }

        text = lenient ? Encoding.Latin1.GetString(octets) : "";
        return lenient;
    }

    // Each line end left in a value is a fold and becomes one space together with the space round it.
    private static bool TryUnfold(ref string value)
    {
        if (value.Contains('\n', StringComparison.Ordinal))
        {
            var lines = value.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            value = string.Join(' ', lines);
        }

        foreach (var c in value)
        {
            if (c is (< ' ' and not '\t') or '\x7F')
            {
                return false;
            }
        }

        return true;
    }

    private static long? ParseLength(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : null;

    private string? Find(string name)
    {
        foreach (var header in _headers)
        {
            if (header.Is(name))
            {
                return header.Value;
            }
        }

        return null;
    }

    private void Set(string name, string? value, string field)
    {
        _headers.RemoveAll(header => header.Is(name));

        if (value is not null)
        {
            Add(new PushHeader(name, FieldText.Checked(value, field)), field);
        }
    }

    private void Add(PushHeader header, string field)
    {
        if (_headers.Count == MaxHeaders || Length(header) > MaxHeaderLength + 2)
        {
            throw new ArgumentException($"{header.Name} is longer than {MaxHeaderLength} octets or one of more than {MaxHeaders} fields", field);
        }
        _headers.Add(header);
    }

    private static int Length(PushHeader header) =>
        header.Name.Length + ": ".Length + Encoding.UTF8.GetByteCount(header.Value) + "\r\n".Length;

    private int Length()
    {
        var length = "\r\n".Length + Content.Length;
        foreach (var header in _headers)
        {
            length = checked(length + Length(header));
        }
        return length;
    }

    private void Write(Span<byte> destination)
    {
        foreach (var header in _headers)
        {
            Take(ref destination, StrictUtf8.GetBytes(header.Name, destination));
            ": "u8.CopyTo(destination);
            Take(ref destination, 2);
            Take(ref destination, StrictUtf8.GetBytes(header.Value, destination));
            "\r\n"u8.CopyTo(destination);
            Take(ref destination, 2);
        }

        "\r\n"u8.CopyTo(destination);
        Content.Span.CopyTo(destination[2..]);

        static void Take(ref Span<byte> span, int count) => span = span[count..];
    }
}
