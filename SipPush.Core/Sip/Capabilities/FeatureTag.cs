using System.Diagnostics.CodeAnalysis;
using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// A feature parameter of Contact, Accept-Contact or Reject-Contact (RFC 3840 §9): <c>audio</c>,
/// <c>+g.oma.pusheventapp="mms.ua,wml.ua"</c>, <c>+sip.instance="&lt;urn:uuid:…&gt;"</c>. Its values are alternatives.
/// </summary>
public sealed class FeatureTag
{
    /// <summary>Which services a user agent supports, by ICSI.</summary>
    public const string IcsiName = "+g.3gpp.icsi-ref";

    /// <summary>Which push applications a user agent has, by Push Resource Identifier.</summary>
    public const string PushEventApplicationName = "+g.oma.pusheventapp";

    /// <summary>Which instance a user agent is (RFC 5626 §4.1).</summary>
    public const string InstanceName = "+sip.instance";

    // Lists are compared each value with each.
    private const int MostValues = 64;

    private static readonly HashSet<string> BaseNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "audio", "automata", "class", "duplex", "data", "control", "mobility", "description", "events", "priority",
        "methods", "schemes", "application", "video", "language", "type", "isfocus", "actor", "text", "extensions",
    };

    /// <summary>A tag to be written.</summary>
    /// <param name="name">A base tag, or any other with its plus sign.</param>
    /// <param name="values">Alternatives; none means TRUE. A string stands alone.</param>
    /// <exception cref="ArgumentException">The name is no tag's, or the values can't be written together.</exception>
    public FeatureTag(string name, params IReadOnlyList<FeatureValue> values)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(values);
        if (!BaseNames.Contains(name) && !IsOtherName(name))
        {
            throw new ArgumentException($"'{name}' is neither a base tag nor '+' and a name", nameof(name));
        }

        if (values.Any(value => value.Kind == FeatureValueKind.Text ? values.Count > 1 || value.IsNegated : value.Kind == FeatureValueKind.Token && value.Text.Length == 0))
        {
            throw new ArgumentException("A string stands alone and is not negated; a token is not empty", nameof(values));
        }

        Name = name;
        Values = values.Count == 0 ? [FeatureValue.True] : [.. values];
    }

    private FeatureTag(string name, FeatureValue[] values)
    {
        Name = name;
        Values = values;
    }

    /// <summary>The parameter's name, with its plus sign if it has one. Names are compared without regard to case.</summary>
    public string Name { get; }

    /// <summary>The alternatives. Empty when none could be read: then the tag matches nothing.</summary>
    public IReadOnlyList<FeatureValue> Values { get; }

    /// <summary>The ICSI of a service, such as <c>urn:urn-7:3gpp-service.ims.icsi.omapush</c>.</summary>
    public static FeatureTag Icsi(string urn) => new(IcsiName, FeatureValue.OfToken(urn));

    /// <summary>The push applications by their Push Resource Identifiers, such as <c>mms.ua</c>.</summary>
    public static FeatureTag PushEventApplications(IEnumerable<string> resourceIdentifiers)
    {
        FeatureValue[] values = [.. resourceIdentifiers.Select(FeatureValue.OfToken)];
        return values.Length > 0
            ? new FeatureTag(PushEventApplicationName, values)
            : throw new ArgumentException("Without an application the tag would mean TRUE", nameof(resourceIdentifiers));
    }

    /// <summary>The instance by its URN, such as <c>urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6</c>.</summary>
    public static FeatureTag Instance(string urn) => new(InstanceName, FeatureValue.OfText(urn));

    /// <summary>True when a parameter of that name is a feature parameter: a base tag, or anything behind a plus sign (RFC 3841 §7.2.1).</summary>
    public static bool IsFeatureTag(SipText name)
    {
        var span = name.Span;
        return span.Length > 1 && span.Length < 256 && SipGrammar.IsToken(span) && (span[0] == '+' || BaseNames.Contains(name.ToString()));
    }

    /// <summary>Reads a parameter as <see cref="SipParameters"/> has it; false when it is no feature parameter. A value that can't be read is left out, and so is what follows the 64th.</summary>
    public static bool TryParse(SipText name, SipText value, [NotNullWhen(true)] out FeatureTag? tag)
    {
        tag = null;
        if (!IsFeatureTag(name))
        {
            return false;
        }

        tag = new FeatureTag(name.ToString(), ReadValues(value));
        return true;
    }

    /// <summary>True when both are the same tag.</summary>
    public bool IsNamed(string name) => string.Equals(Name, name, StringComparison.OrdinalIgnoreCase);

    /// <summary>True when one value of this matches one of the other's. The names are not looked at.</summary>
    public bool Matches(FeatureTag other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach (var mine in Values)
        {
            foreach (var others in other.Values)
            {
                if (mine.Matches(others))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>The parameter as it is written, without a semicolon; TRUE is written as no value.</summary>
    public override string ToString()
    {
        if (Values is [{ Kind: FeatureValueKind.Token, IsNegated: false, Text: "TRUE" }])
        {
            return Name;
        }

        var text = new StringBuilder(Name).Append("=\"");
        for (var i = 0; i < Values.Count; i++)
        {
            // Only a string can hold what a quoted string escapes.
            text.Append(i > 0 ? "," : "").Append(Values[i].ToString().Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal));
        }

        return text.Append('"').ToString();
    }

    /// <summary>One tag with the alternatives of both.</summary>
    internal FeatureTag With(FeatureTag more) => new(Name, (FeatureValue[])[.. Values.Concat(more.Values).Take(MostValues)]);

    private static FeatureValue[] ReadValues(SipText value)
    {
        if (value.IsEmpty)
        {
            return [FeatureValue.True];
        }

        var text = value.Unquote().ToString().Trim();
        if (text.StartsWith('<'))
        {
            return FeatureValue.TryParse(text, out var only) ? [only] : [];
        }

        var values = new List<FeatureValue>();
        foreach (var item in text.Split(',', MostValues + 1).Take(MostValues))
        {
            if (FeatureValue.TryParse(item, out var read))
            {
                values.Add(read);
            }
        }

        return [.. values];
    }

    // ftag-name = ALPHA *( ALPHA / DIGIT / "!" / "'" / "." / "-" / "%" )
    private static bool IsOtherName(string name) =>
        name.Length > 1
        && name[0] == '+'
        && char.IsAsciiLetter(name[1])
        && name.AsSpan(2).IndexOfAnyExcept(NameCharacters) < 0;

    private static readonly System.Buffers.SearchValues<char> NameCharacters = System.Buffers.SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!'.-%");
}
