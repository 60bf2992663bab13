using System.Diagnostics.CodeAnalysis;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>One value of Accept-Contact or Reject-Contact: <c>*;audio;require</c> (RFC 3841 §9.2).</summary>
/// <param name="features">What the contact should be able to do: all of it.</param>
public sealed class CallerPreference(FeatureSet features)
{
    /// <summary>What the contact should be able to do: all of it.</summary>
    public FeatureSet Features { get; } = features ?? throw new ArgumentNullException(nameof(features));

    /// <summary>True when a contact that does not match is not to be used.</summary>
    public bool Require { get; init; }

    /// <summary>True when a contact matches only if it mentions every tag.</summary>
    public bool Explicit { get; init; }

    /// <summary>Reads one value; false when it is anything but <c>*</c> and parameters.</summary>
    public static bool TryParse(SipText value, [NotNullWhen(true)] out CallerPreference? preference)
    {
        preference = null;
        var span = value.Span;
        var star = 0;
        while (star < span.Length && SipGrammar.IsWhiteSpace(span[star]))
        {
            star++;
        }

        if (star == span.Length || span[star] != '*')
        {
            return false;
        }

        var rest = value.Slice(star + 1, value.Length - star - 1);
        var trimmed = SipGrammar.Trim(rest.Span);
        if (!trimmed.IsEmpty && trimmed[0] != ';')
        {
            return false;
        }

        var parameters = new SipParameters(trimmed.IsEmpty ? default : rest.Slice(rest.Span.IndexOf((byte)';'), rest.Length - rest.Span.IndexOf((byte)';')));
        preference = From(parameters);
        return true;
    }

    /// <summary>
    /// The values of Accept-Contact or Reject-Contact in order; those that can't be read are left out. A value that begins with a
    /// plus sign instead of the asterisk goes on with the one before it in its line: the comma was meant for a semicolon.
    /// </summary>
    public static IReadOnlyList<CallerPreference> Read(SipMessage message, SipHeaderName name)
    {
        ArgumentNullException.ThrowIfNull(message);
        var preferences = new List<CallerPreference>();

        foreach (var line in message.Lines(name))
        {
            var first = preferences.Count;
            var rest = line;
            while (!rest.IsEmpty)
            {
                var comma = SipGrammar.IndexOfOutside(rest.Span, (byte)',');
                var value = comma < 0 ? rest : rest.Slice(0, comma);
                rest = comma < 0 ? default : rest.Slice(comma + 1, rest.Length - comma - 1);

                if (TryParse(value, out var preference))
                {
                    preferences.Add(preference);
                }
                else if (SipGrammar.Trim(value.Span) is [(byte)'+', ..])
                {
                    var more = From(new SipParameters(value));
                    if (preferences.Count > first)
                    {
                        preferences[^1] = preferences[^1].With(more);
                    }
                    else
                    {
                        preferences.Add(more);
                    }
                }
            }
        }

        return preferences;
    }

    /// <summary>The value as it is written.</summary>
    public override string ToString() => $"*{Features}{(Require ? ";require" : "")}{(Explicit ? ";explicit" : "")}";

    private static CallerPreference From(SipParameters parameters) => new(FeatureSet.From(parameters))
    {
        Require = parameters.Contains("require"u8),
        Explicit = parameters.Contains("explicit"u8),
    };

    private CallerPreference With(CallerPreference more) => new(new FeatureSet([.. Features.Tags, .. more.Features.Tags]))
    {
        Require = Require || more.Require,
        Explicit = Explicit || more.Explicit,
    };
}
