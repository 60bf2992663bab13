using System.Text;

namespace SipPush;

/// <summary>What an application hands over to be pushed: octets and their media type.</summary>
public sealed class PushContent
{
    private PushContent(ReadOnlyMemory<byte> bytes, string contentType)
    {
        Bytes = bytes;
        ContentType = contentType;
    }

    /// <summary>The media type with its parameters, as it stands in a Content-Type header.</summary>
    public string ContentType { get; }

    /// <summary>The octets. Of <see cref="FromBytes"/> it is the caller's own memory.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Text, encoded as UTF-8.</summary>
    /// <exception cref="ArgumentException"><paramref name="contentType"/> is no media type, or names a charset that the
    /// UTF-8 octets of the text are not; or the text holds half a surrogate pair.</exception>
    public static PushContent FromText(string text, string contentType = "text/plain;charset=utf-8")
    {
        ArgumentNullException.ThrowIfNull(text);
        contentType = FieldText.CheckedMediaType(contentType, nameof(contentType));

        if (CharsetOf(contentType) is { Length: > 0 } charset
            && !charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            && !(charset.Equals("us-ascii", StringComparison.OrdinalIgnoreCase) && Ascii.IsValid(text)))
        {
            throw new ArgumentException($"Text is sent as UTF-8, which is not the charset of '{contentType}'", nameof(contentType));
        }

        try
        {
            return new PushContent(new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(text), contentType);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException("The text holds half a surrogate pair, which UTF-8 cannot carry", nameof(text), e);
        }
    }

    /// <summary>Octets as they are. The memory is not copied: it must not change until the push has ended.</summary>
    /// <exception cref="ArgumentException"><paramref name="contentType"/> is no media type.</exception>
    public static PushContent FromBytes(ReadOnlyMemory<byte> bytes, string contentType) =>
        new(bytes, FieldText.CheckedMediaType(contentType, nameof(contentType)));

    private static ReadOnlySpan<char> CharsetOf(ReadOnlySpan<char> contentType)
    {
        foreach (var range in contentType.Split(';'))
        {
            var parameter = contentType[range].Trim(" \t");
            var equals = parameter.IndexOf('=');

            if (equals > 0 && parameter[..equals].TrimEnd(" \t").Equals("charset", StringComparison.OrdinalIgnoreCase))
            {
                return parameter[(equals + 1)..].Trim(" \t\"");
            }
        }

        return default;
    }
}
