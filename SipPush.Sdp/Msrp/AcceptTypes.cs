using System.Diagnostics.CodeAnalysis;

namespace SipPush.Sdp;

/// <summary>
/// Media types that somebody takes: the value of <c>a=accept-types</c> and <c>a=accept-wrapped-types</c> (RFC 4975 §8.6). An entry is a
/// type, <c>type/*</c> or <c>*</c>; parameters are kept and do not count.
/// </summary>
public sealed class AcceptTypes : IEquatable<AcceptTypes>
{
    private readonly string[] _entries;

    /// <summary>A list of types, the preferred ones first.</summary>
    /// <exception cref="ArgumentException">There is none, or one is not a type.</exception>
    public AcceptTypes(params IReadOnlyList<string> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        _entries = [.. entries];
        if (_entries.Length == 0 || !_entries.All(IsEntry))
        {
            throw new ArgumentException("Types are type/subtype, type/* or *, at least one.", nameof(entries));
        }
    }

    private AcceptTypes(List<string> read) => _entries = [.. read];

    /// <summary>Everything: <c>*</c>.</summary>
    public static AcceptTypes Any { get; } = new("*");

    /// <summary>The entries as they are written.</summary>
    public IReadOnlyList<string> Entries => _entries;

    /// <summary>Reads entries parted by spaces; false when there is none, or one is not a type.</summary>
    public static bool TryParse(string value, [NotNullWhen(true)] out AcceptTypes? types)
    {
        ArgumentNullException.ThrowIfNull(value);
        types = null;
        var entries = new List<string>();
        var start = 0;
        var isQuoted = false;
        for (var i = 0; i <= value.Length; i++)
        {
            if (i == value.Length || (value[i] == ' ' && !isQuoted))
            {
                if (i > start)
                {
                    entries.Add(value[start..i]);
                }

                start = i + 1;
            }
            else if (value[i] == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (value[i] == '\\' && isQuoted)
            {
                i++;
            }
        }

        if (entries.Count == 0 || !entries.TrueForAll(IsEntry))
        {
            return false;
        }

        types = new AcceptTypes(entries);
        return true;
    }

    /// <summary>True when content of that type may be sent to who has written this, whatever its parameters.</summary>
    public bool Allows(string mediaType)
    {
        ArgumentNullException.ThrowIfNull(mediaType);
        foreach (var entry in _entries)
        {
            if (Covers(Bare(entry), Bare(mediaType)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when there is a type that both allow.</summary>
    public bool Overlaps(AcceptTypes other)
    {
        ArgumentNullException.ThrowIfNull(other);
        foreach (var mine in _entries)
        {
            foreach (var theirs in other._entries)
            {
                if (Covers(Bare(mine), Bare(theirs)) || Covers(Bare(theirs), Bare(mine)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>True when both have the same entries in the same order.</summary>
    public bool Equals(AcceptTypes? other) => other is not null && _entries.AsSpan().SequenceEqual(other._entries);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as AcceptTypes);

    /// <inheritdoc/>
    public override int GetHashCode() => _entries[0].GetHashCode(StringComparison.Ordinal);

    /// <summary>As it stands behind <c>accept-types:</c>.</summary>
    public override string ToString() => string.Join(' ', _entries);

    private static bool Covers(ReadOnlySpan<char> entry, ReadOnlySpan<char> type)
    {
        if (entry is "*" or "*/*")
        {
            return true;
        }

        return entry.EndsWith("/*")
            ? type.Length >= entry.Length && type.StartsWith(entry[..^1], StringComparison.OrdinalIgnoreCase)
            : type.Equals(entry, StringComparison.OrdinalIgnoreCase);
    }

    private static ReadOnlySpan<char> Bare(string entry) => entry.IndexOf(';', StringComparison.Ordinal) is >= 0 and var end ? entry.AsSpan(0, end).TrimEnd(' ') : entry;

    // Of the parameters only what could break the list is looked at.
    private static bool IsEntry(string entry)
    {
        var bare = Bare(entry);
        var slash = bare.IndexOf('/');
        return SdpGrammar.IsText(entry)
            && (bare is "*" || (slash > 0 && SdpGrammar.IsToken(bare[..slash]) && SdpGrammar.IsToken(bare[(slash + 1)..])))
            && (bare.Length == entry.Length || entry.Contains('"', StringComparison.Ordinal) || SdpGrammar.IsVisible(entry));
    }
}
