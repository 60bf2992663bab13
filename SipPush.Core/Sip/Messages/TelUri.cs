using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// A telephone number as a URI: <c>tel:+358-555-1234567;postd=pp22</c>, <c>tel:7042;phone-context=example.com</c> (RFC 3966). Immutable. Equality is that
/// of §4: visual separators, case and the order of the parameters don't count, every parameter does.
/// </summary>
public sealed class TelUri : IEquatable<TelUri>
{
    private static readonly SearchValues<byte> Separators = SearchValues.Create("-.()"u8);

    private static readonly SearchValues<byte> GlobalCharacters = SearchValues.Create("0123456789-.()"u8);

    private static readonly SearchValues<byte> LocalCharacters = SearchValues.Create("0123456789ABCDEFabcdef*#-.()"u8);

    private static readonly SearchValues<byte> NameCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"u8);

    // unreserved, escapes, param-unreserved, and the rest of uric for isub
    private static readonly SearchValues<byte> ValueCharacters = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()%[]/:&+$?@=,"u8);

    private TelUri(SipText text, SipText number, SipParameters parameters)
    {
        Text = text;
        Number = number;
        Parameters = parameters;
    }

    /// <summary>The URI as it was written.</summary>
    public SipText Text { get; }

    /// <summary>The number as it was written, separators included.</summary>
    public SipText Number { get; }

    /// <summary>ext, isub, phone-context and others.</summary>
    public SipParameters Parameters { get; }

    /// <summary>True when the number begins with a plus sign and is one worldwide; otherwise it is one within its phone-context.</summary>
    public bool IsGlobal => Number.Span[0] == '+';

    /// <summary>The number without visual separators, the plus sign kept.</summary>
    public string Digits => WithoutSeparators(Number.Span);

    /// <summary>Where a local number is valid: a domain, or the digits that such numbers begin with; empty for a global one.</summary>
    public SipText PhoneContext => Parameters.TryGet("phone-context"u8, out var value) ? value : default;

    /// <summary>Reads a URI.</summary>
    /// <exception cref="FormatException">The text is none.</exception>
    public static TelUri Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var uri) ? uri : throw new FormatException($"'{text}' is not a URI such as tel:+358-555-1234567");
    }

    /// <summary>Reads a URI; false when the text is none, which a local number without phone-context isn't (§5.1.5).</summary>
    public static bool TryParse(SipText text, [NotNullWhen(true)] out TelUri? uri)
    {
        uri = null;
        var span = text.Span;
        if (span.Length < 5 || !Ascii.EqualsIgnoreCase(span[..4], "tel:"u8))
        {
            return false;
        }

        var semicolon = span.IndexOf((byte)';');
        var end = semicolon < 0 ? span.Length : semicolon;
        var read = new TelUri(text, text.Slice(4, end - 4), new SipParameters(text.Slice(end, span.Length - end)));

        if (!IsNumber(read.Number.Span) || !AreParameters(span[end..]) || (!read.IsGlobal && read.PhoneContext.IsEmpty))
        {
            return false;
        }

        uri = read;
        return true;
    }

    /// <summary>Equality by RFC 3966 §4.</summary>
    public bool Equals(TelUri? other)
    {
        if (other is null || !string.Equals(Digits, other.Digits, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var mine = 0;
        foreach (var (name, value) in Parameters)
        {
            mine++;
            if (!other.Parameters.TryGet(name.Span, out var others) || !IsSameValue(name, value, others))
            {
                return false;
            }
        }

        foreach (var _ in other.Parameters)
        {
            mine--;
        }

        return mine == 0;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TelUri);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(Digits);

    /// <summary>The URI as it was written.</summary>
    public override string ToString() => Text.ToString();

    private static bool IsNumber(ReadOnlySpan<byte> number) => number switch
    {
        [] => false,
        [(byte)'+', .. var digits] => !digits.ContainsAnyExcept(GlobalCharacters) && digits.ContainsAnyExcept(Separators),
        _ => !number.ContainsAnyExcept(LocalCharacters) && number.ContainsAnyExcept(Separators),
    };

    // *( ";" pname [ "=" pvalue ] ), no name twice
    private static bool AreParameters(ReadOnlySpan<byte> text)
    {
        for (var rest = text; !rest.IsEmpty;)
        {
            rest = rest[1..];
            var semicolon = rest.IndexOf((byte)';');
            var item = semicolon < 0 ? rest : rest[..semicolon];
            var equal = item.IndexOf((byte)'=');
            var name = equal < 0 ? item : item[..equal];
            var value = equal < 0 ? default : item[(equal + 1)..];

            if (name.IsEmpty
                || name.ContainsAnyExcept(NameCharacters)
                || (equal >= 0 && (value.IsEmpty || value.ContainsAnyExcept(ValueCharacters)))
                || (semicolon >= 0 && ParameterReader.TryFind(rest[semicolon..], name, out _)))
            {
                return false;
            }

            rest = semicolon < 0 ? default : rest[semicolon..];
        }

        return true;
    }

    // Digits are compared without their separators; a domain and everything else without regard to case.
    private static bool IsSameValue(SipText name, SipText left, SipText right) =>
        name.EqualsIgnoreCase("ext"u8) || (left.Span is [(byte)'+', ..] && name.EqualsIgnoreCase("phone-context"u8))
            ? WithoutSeparators(left.Span) == WithoutSeparators(right.Span)
            : left.EqualsIgnoreCase(right.Span);

    private static string WithoutSeparators(ReadOnlySpan<byte> number)
    {
        var digits = new StringBuilder(number.Length);
        foreach (var octet in number)
        {
            if (!Separators.Contains(octet))
            {
                digits.Append((char)octet);
            }
        }

        return digits.ToString();
    }
}
