namespace SipPush.Sip;

/// <summary>One part of a multipart body (RFC 2046 §5.1).</summary>
public sealed class BodyPart
{
    private static readonly SipText Default = "text/plain";

    /// <summary>A part to be written.</summary>
    /// <param name="contentType">Its media type with parameters.</param>
    /// <param name="content">Its octets, which are not copied.</param>
    /// <param name="headers">Header lines besides Content-Type.</param>
    /// <exception cref="ArgumentException">The type is none, or a header would end its line.</exception>
    public BodyPart(string contentType, ReadOnlyMemory<byte> content, params IReadOnlyList<SipHeader> headers)
        : this([new SipHeader("Content-Type", contentType), .. headers], content)
    {
        if (ContentType.Type.IsEmpty)
        {
            throw new ArgumentException($"'{contentType}' is no media type", nameof(contentType));
        }

        if (Headers.Any(header => !Parsing.SipGrammar.IsToken(header.Name.Span) || header.Value.Span.ContainsAny((byte)'\r', (byte)'\n', (byte)0)))
        {
            throw new ArgumentException("A header name is a token, and a value must not contain CR, LF or NUL", nameof(headers));
        }
    }

    internal BodyPart(IReadOnlyList<SipHeader> headers, ReadOnlyMemory<byte> content)
    {
        Headers = headers;
        Content = content;
        ContentTypeText = Contains("Content-Type") ? this["Content-Type"] : default(SipText?);
        ContentType = MediaType.TryParse(ContentTypeText ?? Default, out var type) ? type : default;
    }

    /// <summary>The media type; <c>text/plain</c> when the part names none.</summary>
    public MediaType ContentType { get; }

    /// <summary>The Content-Type as it stands; null when the part names none.</summary>
    public SipText? ContentTypeText { get; }

    /// <summary>The header lines in order.</summary>
    public IReadOnlyList<SipHeader> Headers { get; }

    /// <summary>The octets between the empty line and the next delimiter: a slice of the whole body.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>The value of the first header line of that name; empty when there is none.</summary>
    public SipText this[string name]
    {
        get
        {
            var octets = System.Text.Encoding.UTF8.GetBytes(name);
            return Headers.FirstOrDefault(header => header.Name.EqualsIgnoreCase(octets)).Value;
        }
    }

    /// <summary>True when there is a header line of that name.</summary>
    public bool Contains(string name)
    {
        var octets = System.Text.Encoding.UTF8.GetBytes(name);
        return Headers.Any(header => header.Name.EqualsIgnoreCase(octets));
    }
}
