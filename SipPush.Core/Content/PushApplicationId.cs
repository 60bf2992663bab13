using System.Buffers;
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace SipPush;

/// <summary>
/// The application a push is meant for: a name such as <c>x-wap-application:mms.ua</c>, an assigned number, or both.
/// </summary>
/// <remarks>
/// Two ids are equal when their <see cref="ResourceIdentifier"/>s are, whatever the case: that is all a registration shows of
/// an application, so <c>mms.ua</c>, <c>x-wap-application:mms.ua</c> and 4 are one.
/// </remarks>
public sealed class PushApplicationId : IEquatable<PushApplicationId>
{
    private const string WapPrefix = "x-wap-application:";
    private const string OmaPrefix = "x-oma-application:";
    private const int MaxLength = 256;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    // Visible ASCII without what would end the name in a header or a feature tag.
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create([.. Enumerable.Range('!', '~' - '!' + 1).Select(c => (char)c).Except("\"<>,;\\")]);

    private static readonly PushApplicationId[] Assigned =
    [
        Known(WapPrefix + "*", 0x00),
        Known(WapPrefix + "push.sia", 0x01),
        Known(WapPrefix + "wml.ua", 0x02),
        Known(WapPrefix + "wta.ua", 0x03),
        Known(WapPrefix + "mms.ua", 0x04),
        Known(WapPrefix + "push.syncml", 0x05),
        Known(WapPrefix + "loc.ua", 0x06),
        Known(WapPrefix + "syncml.dm", 0x07),
        Known(WapPrefix + "drm.ua", 0x08),
        Known(WapPrefix + "emn.ua", 0x09),
        Known(WapPrefix + "wv.ua", 0x0A),
        Known(OmaPrefix + "ulp.ua", 0x10),
        Known(OmaPrefix + "dlota.ua", 0x11),
        Known(OmaPrefix + "java-ams", 0x12),
        Known(OmaPrefix + "bcast.ua", 0x13),
        Known(OmaPrefix + "dpe.ua", 0x14),
        // Registered with a colon where the others have a dot.
        Known(OmaPrefix + "cpm:ua", 0x15),
        Known("x-wap-microsoft:localcontent.ua", 0x8000),
        Known("x-wap-openwave:iota.ua", 0x8010),
        Known("x-3gpp:mbms.service.announcement.ua", 0x9023),
    ];

    private static readonly FrozenDictionary<int, PushApplicationId> ByNumber =
        Assigned.ToFrozenDictionary(id => id.Number!.Value);

    private static readonly FrozenDictionary<string, PushApplicationId> ByUrn =
        Assigned.ToFrozenDictionary(id => id.Urn!, StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, PushApplicationId> ByResourceIdentifier =
        Assigned.ToFrozenDictionary(id => id.ResourceIdentifier, StringComparer.OrdinalIgnoreCase);

    private PushApplicationId(string? urn, int? number, string resourceIdentifier)
    {
        Urn = urn;
        Number = number;
        ResourceIdentifier = resourceIdentifier;
    }

    /// <summary>The application meant when none is named: <c>x-wap-application:wml.ua</c>.</summary>
    public static PushApplicationId Default => ByNumber[0x02];

    /// <summary>Any application: <c>x-wap-application:*</c>.</summary>
    public static PushApplicationId Any => ByNumber[0x00];

    /// <summary>The whole name, such as <c>x-wap-application:mms.ua</c>; null when only a number is known.
    /// A short name outside the assigned ones is taken to be an <c>x-wap-application</c>.</summary>
    public string? Urn { get; }

    /// <summary>The assigned number, or the number given when its name is not known; otherwise null.</summary>
    public int? Number { get; }

    /// <summary>
    /// The Push Resource Identifier, as it stands in the <c>+g.oma.pusheventapp</c> feature tag: the name without the
    /// <c>x-wap-application:</c> or <c>x-oma-application:</c> prefix, a vendor's name whole, a nameless number in decimal.
    /// What is no tag-value character (RFC 3840 §9) is percent-encoded.
    /// </summary>
    public string ResourceIdentifier { get; }

    /// <summary>Reads a whole name, a Push Resource Identifier or a number (decimal, or hexadecimal after <c>0x</c>).</summary>
    /// <exception cref="FormatException">The text is none of them.</exception>
    public static PushApplicationId Parse(string text) =>
        TryParse(text, out var id)
            ? id
            : throw new FormatException($"'{text}' is not a push application id such as x-wap-application:mms.ua, mms.ua or 4");

    /// <summary>As <see cref="Parse"/>; false when the text is none of the forms.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out PushApplicationId? id)
    {
        id = null;
        text = text?.Trim(' ', '\t');

        if (string.IsNullOrEmpty(text) || text.Length > MaxLength)
        {
            return false;
        }

        if (LooksLikeNumber(text))
        {
            return TryParseNumber(text, out id);
        }

        return text.Contains(':', StringComparison.Ordinal) ? TryFromName(text, out id) : TryFromResourceIdentifier(text, out id);
    }

    /// <summary>Reads one value of the <c>+g.oma.pusheventapp</c> feature tag, undoing its percent-encoding.</summary>
    /// <exception cref="FormatException">The text is no such value.</exception>
    public static PushApplicationId FromResourceIdentifier(string resourceIdentifier) =>
        TryFromResourceIdentifier(resourceIdentifier, out var id)
            ? id
            : throw new FormatException($"'{resourceIdentifier}' is not a Push Resource Identifier such as mms.ua");

    /// <summary>As <see cref="FromResourceIdentifier"/>; false when the text is no such value.</summary>
    public static bool TryFromResourceIdentifier(string? resourceIdentifier, [NotNullWhen(true)] out PushApplicationId? id)
    {
        id = null;

        if (string.IsNullOrEmpty(resourceIdentifier) || resourceIdentifier.Length > 3 * MaxLength)
        {
            return false;
        }

        if (LooksLikeNumber(resourceIdentifier))
        {
            return TryParseNumber(resourceIdentifier, out id);
        }

        if (ByResourceIdentifier.TryGetValue(resourceIdentifier, out id))
        {
            return true;
        }

        return TryDecode(resourceIdentifier, out var name) && name.Length <= MaxLength && TryFromName(name, out id);
    }

    /// <summary>The id of an assigned number, or one that has only this number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static PushApplicationId FromNumber(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return ByNumber.TryGetValue(number, out var id)
            ? id
            : new PushApplicationId(null, number, number.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>As <see cref="Parse"/>, so that options can be written as text.</summary>
    /// <exception cref="FormatException">The text is no push application id.</exception>
    public static implicit operator PushApplicationId(string text) => Parse(text);

    /// <summary>Whether both name the same application.</summary>
    public static bool operator ==(PushApplicationId? left, PushApplicationId? right) =>
        left is null ? right is null : left.Equals(right);

    /// <summary>Whether they name different applications.</summary>
    public static bool operator !=(PushApplicationId? left, PushApplicationId? right) => !(left == right);

    /// <inheritdoc/>
    public bool Equals(PushApplicationId? other) =>
        other is not null && string.Equals(ResourceIdentifier, other.ResourceIdentifier, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PushApplicationId);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.OrdinalIgnoreCase.GetHashCode(ResourceIdentifier);

    /// <summary>The value of an <c>X-Wap-Application-Id</c> header: the whole name, or the number when there is no name.</summary>
    public override string ToString() => Urn ?? ResourceIdentifier;

    private static PushApplicationId Known(string urn, int number) => new(urn, number, ToResourceIdentifier(urn));

    private static bool LooksLikeNumber(ReadOnlySpan<char> text) =>
        text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? text.Length > 2 && !text[2..].ContainsAnyExcept(HexDigits)
            : !text.ContainsAnyExceptInRange('0', '9');

    private static bool TryParseNumber(ReadOnlySpan<char> text, [NotNullWhen(true)] out PushApplicationId? id)
    {
        id = null;
        var isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        var digits = isHex ? text[2..] : text;

        if (!long.TryParse(digits, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number is < 0 or > int.MaxValue)
        {
            return false;
        }

        id = FromNumber((int)number);
        return true;
    }

    private static bool TryFromName(string name, [NotNullWhen(true)] out PushApplicationId? id)
    {
        id = null;

        if (name.Length == 0 || name[0] == '!' || name.AsSpan().ContainsAnyExcept(NameCharacters))
        {
            return false;
        }

        if (ByUrn.TryGetValue(name, out id) || ByUrn.TryGetValue(WapPrefix + name, out id) || ByUrn.TryGetValue(OmaPrefix + name, out id))
        {
            return true;
        }

        var urn = name.Contains(':', StringComparison.Ordinal) ? name : WapPrefix + name;

        // A prefix with nothing before or after it names no application.
        if (urn[0] == ':' || urn[^1] == ':')
        {
            return false;
        }

        id = new PushApplicationId(urn, null, ToResourceIdentifier(urn));
        return true;
    }

    private static string ToResourceIdentifier(string urn)
    {
        var name = urn.AsSpan();

        if (name.StartsWith(WapPrefix, StringComparison.OrdinalIgnoreCase) || name.StartsWith(OmaPrefix, StringComparison.OrdinalIgnoreCase))
        {
            name = name[WapPrefix.Length..];

            // Without its prefix a name of digits would be read as an assigned number.
            if (LooksLikeNumber(name))
            {
                name = urn;
            }
        }

        var text = new StringBuilder(name.Length + 8);
        foreach (var c in name)
        {
            // '%' is a tag-value character too, but encoding it keeps the way back unambiguous.
            if (char.IsAsciiLetterOrDigit(c) || "-.*_+`'~".Contains(c, StringComparison.Ordinal))
            {
                text.Append(c);
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"%{(int)c:X2}");
            }
        }

        return text.ToString();
    }

    private static bool TryDecode(string encoded, out string name)
    {
        name = encoded;

        if (!encoded.Contains('%', StringComparison.Ordinal))
        {
            return true;
        }

        var text = new StringBuilder(encoded.Length);
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] != '%')
            {
                text.Append(encoded[i]);
                continue;
            }

            if (i + 2 >= encoded.Length
                || !byte.TryParse(encoded.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet))
            {
                return false;
            }
            text.Append((char)octet);
            i += 2;
        }

        name = text.ToString();
        return true;
    }
}
