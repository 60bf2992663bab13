using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>What a subscription is about: <c>reg</c>, <c>presence.winfo;id=1</c> (RFC 6665 §8.2.1).</summary>
/// <param name="Type">The package, with its templates behind dots.</param>
/// <param name="Parameters">id and those of the package.</param>
public readonly record struct EventType(SipText Type, SipParameters Parameters)
{
    /// <summary>What tells two subscriptions to one package in one dialog apart; empty when there is none.</summary>
    public SipText Id => Parameters.TryGet("id"u8, out var id) ? id : default;

    /// <summary>Reads the value.</summary>
    public static bool TryParse(SipText value, out EventType type)
    {
        var read = SipGrammar.TrySplit(value, out var name, out var parameters);
        type = new EventType(name, parameters);
        return read;
    }

    /// <summary>True when a NOTIFY with one belongs to a SUBSCRIBE with the other: type and id are the same octet for octet, other parameters don't count.</summary>
    public bool Matches(EventType other) =>
        Type == other.Type && Parameters.Contains("id"u8) == other.Parameters.Contains("id"u8) && Id == other.Id;

    /// <summary>As it is written.</summary>
    public override string ToString() => $"{Type}{Parameters}";
}
