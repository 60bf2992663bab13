using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>What a body is for: <c>session;handling=optional</c> (RFC 3261 §20.11, RFC 5621 §8).</summary>
/// <param name="Type">render, session, icon, alert, recipient-list and others.</param>
/// <param name="Parameters">handling and others.</param>
public readonly record struct ContentDisposition(SipText Type, SipParameters Parameters)
{
    /// <summary>True when a receiver that does not understand the body must refuse the request with 415: so unless handling is optional.</summary>
    public bool IsRequired => !Parameters.TryGet("handling"u8, out var handling) || !handling.EqualsIgnoreCase("optional"u8);

    /// <summary>Reads the value.</summary>
    public static bool TryParse(SipText value, out ContentDisposition disposition)
    {
        var read = SipGrammar.TrySplit(value, out var type, out var parameters);
        disposition = new ContentDisposition(type, parameters);
        return read;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => $"{Type}{Parameters}";
}
