using System.Globalization;
using System.Text;

namespace SipPush.Sip;

/// <summary>
/// One value of a feature tag (RFC 3840 §9): <c>token</c>, <c>&lt;string&gt;</c>, <c>#=n</c>, <c>#&gt;=n</c>, <c>#&lt;=n</c> or
/// <c>#a:b</c>, a token or a number with <c>!</c> before it when it is negated.
/// </summary>
public readonly record struct FeatureValue
{
    private readonly string? _text;

    private FeatureValue(FeatureValueKind kind, string? text, decimal minimum = 0, decimal maximum = 0)
    {
        Kind = kind;
        _text = text;
        Minimum = minimum;
        Maximum = maximum;
    }

    /// <summary>What a tag that has no value means.</summary>
    public static FeatureValue True => new(FeatureValueKind.Token, "TRUE");

    /// <summary>FALSE.</summary>
    public static FeatureValue False => new(FeatureValueKind.Token, "FALSE");

    /// <summary>What it is.</summary>
    public FeatureValueKind Kind { get; }

    /// <summary>True when everything but the value is meant.</summary>
    public bool IsNegated { get; private init; }

    /// <summary>The token with its %-escapes undone, or the string without its brackets; empty for a number.</summary>
    public string Text => _text ?? "";

    /// <summary>The lower end of a number, <see cref="decimal.MinValue"/> when it has none.</summary>
    public decimal Minimum { get; }

    /// <summary>The upper end of a number, <see cref="decimal.MaxValue"/> when it has none.</summary>
    public decimal Maximum { get; }

    /// <summary>A token; what a token may not hold is %-escaped when it is written.</summary>
    /// <exception cref="ArgumentException">The text is empty.</exception>
    public static FeatureValue OfToken(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        return new FeatureValue(FeatureValueKind.Token, text);
    }

    /// <summary>A string.</summary>
    /// <exception cref="ArgumentException">It has an angle bracket or a control character in it, for which there is no way to write them.</exception>
    public static FeatureValue OfText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return IsString(text)
            ? new FeatureValue(FeatureValueKind.Text, text)
            : throw new ArgumentException("A string has no angle bracket and no control character in it", nameof(text));
    }

    /// <summary>The numbers from <paramref name="minimum"/> to <paramref name="maximum"/>, both included.</summary>
    public static FeatureValue OfRange(decimal minimum, decimal maximum) => new(FeatureValueKind.Number, null, minimum, maximum);

    /// <summary>The number itself.</summary>
    public static FeatureValue OfNumber(decimal number) => OfRange(number, number);

    /// <summary>Reads one value as it stands between the commas of a list; false when it is none.</summary>
    public static bool TryParse(string text, out FeatureValue value)
    {
        ArgumentNullException.ThrowIfNull(text);
        value = default;
        var rest = text.AsSpan().Trim();

        if (rest.Length >= 2 && rest[0] == '<' && rest[^1] == '>')
        {
            value = new FeatureValue(FeatureValueKind.Text, rest[1..^1].ToString());
            return IsString(rest[1..^1]);
        }

        var negated = rest.StartsWith('!');
        if (negated)
        {
            rest = rest[1..];
        }

        if (rest.StartsWith('#') ? !TryParseNumber(rest[1..], out value) : !TryParseToken(rest, out value))
        {
            return false;
        }

        value = value with { IsNegated = negated };
        return true;
    }

    /// <summary>Everything but this.</summary>
    public static FeatureValue operator !(FeatureValue value) => value.LogicalNot();

    /// <summary>Everything but this; a string can't be negated on the wire.</summary>
    public FeatureValue LogicalNot() => this with { IsNegated = !IsNegated };

    /// <summary>True when something can be both: the match of RFC 2533 for one value against one other.</summary>
    public bool Matches(FeatureValue other) => (IsNegated, other.IsNegated) switch
    {
        (false, false) => Meets(other),
        (true, false) => !Covers(other),
        (false, true) => !other.Covers(this),
        _ => true,
    };

    /// <summary>As it is written inside the quotes.</summary>
    public override string ToString() => Kind switch
    {
        FeatureValueKind.Text => $"<{Text}>",
        FeatureValueKind.Number => (IsNegated ? "!" : "") + FormatNumber(),
        _ => (IsNegated ? "!" : "") + Escape(Text),
    };

    private static bool IsString(ReadOnlySpan<char> text) =>
        !text.ContainsAny('<', '>') && !text.ContainsAnyInRange('\0', '\u001f') && !text.Contains('\u007f');

    private bool Meets(FeatureValue other) => Kind == FeatureValueKind.Number
        ? other.Kind == Kind && Minimum <= other.Maximum && other.Minimum <= Maximum
        : IsSame(other);

    private bool Covers(FeatureValue other) => Kind == FeatureValueKind.Number
        ? other.Kind == Kind && Minimum <= other.Minimum && other.Maximum <= Maximum
        : IsSame(other);

    private bool IsSame(FeatureValue other) =>
        Kind == other.Kind
        && string.Equals(Text, other.Text, Kind == FeatureValueKind.Text ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase);

    // numeric-relation = ">=" / "<=" / "=" / (number ":")
    private static bool TryParseNumber(ReadOnlySpan<char> text, out FeatureValue value)
    {
        value = default;
        decimal minimum = decimal.MinValue, maximum = decimal.MaxValue;

        bool read;
        if (text.StartsWith(">="))
        {
            read = TryReadDecimal(text[2..], out minimum);
        }
        else if (text.StartsWith("<="))
        {
            read = TryReadDecimal(text[2..], out maximum);
        }
        else if (text.StartsWith('='))
        {
            read = TryReadDecimal(text[1..], out minimum);
            maximum = minimum;
        }
        else
        {
            var colon = text.IndexOf(':');
            read = colon > 0 && TryReadDecimal(text[..colon], out minimum) && TryReadDecimal(text[(colon + 1)..], out maximum);
        }

        value = OfRange(minimum, maximum);
        return read;
    }

    private static bool TryReadDecimal(ReadOnlySpan<char> text, out decimal number) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);

    // More than token-nobang is let in: ICSIs come with bare colons too.
    private static bool TryParseToken(ReadOnlySpan<char> text, out FeatureValue value)
    {
        value = default;
        if (text.IsEmpty || text[0] == '!' || text.ContainsAnyInRange('\0', ' ') || text.ContainsAny("\"<>,\u007f"))
        {
            return false;
        }

        value = new FeatureValue(FeatureValueKind.Token, Unescape(text));
        return true;
    }

    private string FormatNumber() => string.Create(CultureInfo.InvariantCulture, $"#{(Minimum, Maximum) switch
    {
        (decimal.MinValue, var most) => FormattableString.Invariant($"<={most}"),
        (var least, decimal.MaxValue) => FormattableString.Invariant($">={least}"),
        var (least, most) when least == most => FormattableString.Invariant($"={least}"),
        var (least, most) => FormattableString.Invariant($"{least}:{most}"),
    }}");

    private static string Unescape(ReadOnlySpan<char> text)
    {
        if (!text.Contains('%'))
        {
            return text.ToString();
        }

        var escaped = Encoding.UTF8.GetBytes(text.ToString());
        var plain = new byte[escaped.Length];
        var length = 0;
        for (var i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] == '%' && i + 2 < escaped.Length && char.IsAsciiHexDigit((char)escaped[i + 1]) && char.IsAsciiHexDigit((char)escaped[i + 2]))
            {
                plain[length++] = byte.Parse(escaped.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                i += 2;
            }
            else
            {
                plain[length++] = escaped[i];
            }
        }

        return Encoding.UTF8.GetString(plain, 0, length);
    }

    // token-nobang = 1*(alphanum / "-" / "." / "%" / "*" / "_" / "+" / "`" / "'" / "~"), of which "%" begins an escape
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)octet) || "-.*_+`'~".Contains((char)octet))
            {
                escaped.Append((char)octet);
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
            }
        }

        return escaped.ToString();
    }
}
