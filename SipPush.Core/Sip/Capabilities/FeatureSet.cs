namespace SipPush.Sip;

/// <summary>
/// The feature parameters of one Contact, Accept-Contact or Reject-Contact value: a conjunction (RFC 3841 §7.2.1). Of a contact
/// they are what it can do, and a tag that it does not mention is left open.
/// </summary>
public sealed class FeatureSet
{
    private const int MostTags = 64;

    /// <summary>A set of these tags, in this order.</summary>
    public FeatureSet(params IReadOnlyList<FeatureTag> tags)
    {
        ArgumentNullException.ThrowIfNull(tags);
        Tags = [.. tags];
    }

    /// <summary>No tag at all.</summary>
    public static FeatureSet Empty { get; } = new();

    /// <summary>The tags in order.</summary>
    public IReadOnlyList<FeatureTag> Tags { get; }

    /// <summary>True when there is no tag; such a contact is immune to caller preferences (RFC 3841 §7.2.3).</summary>
    public bool IsEmpty => Tags.Count == 0;

    /// <summary>The instance's URN; null when the tag is absent.</summary>
    public string? Instance => this[FeatureTag.InstanceName]?.Values is [{ Kind: FeatureValueKind.Text } value, ..] ? value.Text : null;

    /// <summary>The Push Resource Identifiers.</summary>
    public IReadOnlyList<string> PushEventApplications => Tokens(FeatureTag.PushEventApplicationName);

    /// <summary>The ICSIs, their %-escapes undone.</summary>
    public IReadOnlyList<string> Icsis => Tokens(FeatureTag.IcsiName);

    /// <summary>The first tag of that name; null when there is none.</summary>
    public FeatureTag? this[string name] => Tags.FirstOrDefault(tag => tag.IsNamed(name));

    /// <summary>What a contact says of itself.</summary>
    public static FeatureSet FromContact(NameAddress contact) => From(contact.Parameters);

    /// <summary>The feature parameters among <paramref name="parameters"/>, the first 64.</summary>
    public static FeatureSet From(SipParameters parameters)
    {
        var tags = new List<FeatureTag>();
        foreach (var (name, value) in parameters)
        {
            if (!FeatureTag.TryParse(name, value, out var tag))
            {
                continue;
            }

            // A tag may stand once only (RFC 3840 §9); who sends it twice means one list.
            var same = tags.FindIndex(other => other.IsNamed(tag.Name));
            if (same >= 0)
            {
                tags[same] = tags[same].With(tag);
            }
            else if (tags.Count < MostTags)
            {
                tags.Add(tag);
            }
        }

        // A base tag counts before the same name with a plus sign, which nobody should send (RFC 3841 §7.2.3).
        var shadowed = tags.Where(tag => tag.Name[0] == '+' && tags.Exists(other => other.IsNamed(tag.Name[1..]))).ToArray();
        return tags.Count == 0 ? Empty : new FeatureSet([.. tags.Except(shadowed)]);
    }

    /// <summary>True when there is a tag of that name.</summary>
    public bool Mentions(string name) => this[name] is not null;

    /// <summary>True when no tag of <paramref name="predicate"/> contradicts this set; what is not mentioned contradicts nothing (RFC 2533).</summary>
    public bool Matches(FeatureSet predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return predicate.Tags.All(term =>
            !Mentions(term.Name) || Tags.Any(tag => tag.IsNamed(term.Name) && tag.Matches(term)));
    }

    /// <summary>The share of the predicate's tags that this set mentions, from 0 to 1 (RFC 3841 §7.2.4); 1 for a predicate without tags.</summary>
    public double Score(FeatureSet predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        return predicate.IsEmpty ? 1 : (double)predicate.Tags.Count(term => Mentions(term.Name)) / predicate.Tags.Count;
    }

    /// <summary>The parameters as they are written, each with its semicolon.</summary>
    public override string ToString() => string.Concat(Tags.Select(tag => $";{tag}"));

    private string[] Tokens(string name) =>
    [
        .. Tags.Where(tag => tag.IsNamed(name))
            .SelectMany(tag => tag.Values)
            .Where(value => value is { Kind: FeatureValueKind.Token, IsNegated: false })
            .Select(value => value.Text),
    ];
}
