using SipPush.Sip;

namespace SipPush;

/// <summary>The media types that a receiver takes.</summary>
internal sealed class AcceptedTypes
{
    private readonly string[] _ranges;

    /// <exception cref="ArgumentException">A range is neither <c>*</c> nor <c>type/*</c> nor a media type.</exception>
    public AcceptedTypes(IReadOnlyList<string> ranges)
    {
        _ranges = [.. ranges.Select(range => range == "*" ? "*/*" : FieldText.CheckedMediaType(range, nameof(ranges)))];
        if (_ranges.Length == 0)
        {
            throw new ArgumentException("A receiver takes some type", nameof(ranges));
        }
    }

    /// <summary>What stands in Accept. The envelope is always among them.</summary>
    public IReadOnlyList<string> All => [.. _ranges.Prepend(PushMessage.MediaType).Distinct(StringComparer.OrdinalIgnoreCase)];

    /// <summary>The value of Accept.</summary>
    public string Header => string.Join(", ", All);

    public bool Contains(string contentType) => MediaType.TryParse(contentType, out var type) && Array.Exists(_ranges, range => Matches(range, type));

    private static bool Matches(string range, MediaType type) =>
        range == "*/*"
        || (range.EndsWith("/*", StringComparison.Ordinal) ? type.Type.EqualsIgnoreCase(System.Text.Encoding.ASCII.GetBytes(range[..^2])) : type.Is(range));
}
