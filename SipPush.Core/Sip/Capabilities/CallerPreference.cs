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
        var text = value.Trim();
        if (text.Span is not [(byte)'*', ..])
        {
            return false;
        }

        var rest = text.Slice(1, text.Length - 1).Trim();
        if (!SipGrammar.IsParameters(rest.Span))
        {
            return false;
        }

        var parameters = new SipParameters(rest);
        preference = new CallerPreference(FeatureSet.From(parameters))
        {
            Require = parameters.Contains("require"u8),
            Explicit = parameters.Contains("explicit"u8),
        };
        return true;
    }

    /// <summary>The values of Accept-Contact or Reject-Contact in order; those that can't be read are left out.</summary>
    public static IReadOnlyList<CallerPreference> Read(SipMessage message, SipHeaderName name)
    {
        ArgumentNullException.ThrowIfNull(message);
        var preferences = new List<CallerPreference>();
        foreach (var value in message.Values(name))
        {
            if (TryParse(value, out var preference))
            {
                preferences.Add(preference);
            }
        }

        return preferences;
    }

    /// <summary>The value as it is written.</summary>
    public override string ToString() => $"*{Features}{(Require ? ";require" : "")}{(Explicit ? ";explicit" : "")}";
}
