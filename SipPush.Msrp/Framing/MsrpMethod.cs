namespace SipPush.Msrp.Framing;

/// <summary>The methods this end knows; case counts (RFC 4975 §9).</summary>
internal enum MsrpMethod : byte
{
    Send,
    Report,
    Auth,

    /// <summary>Another word of capital letters: 501.</summary>
    Other,
}
