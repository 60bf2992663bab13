namespace SipPush.Sdp;

/// <summary>Whether MSRP is spoken over TLS (TCP/TLS/MSRP).</summary>
public enum TlsUse
{
    /// <summary>Never.</summary>
    None,

    /// <summary>Where it is offered, or asked for.</summary>
    Allowed,

    /// <summary>Always: a line without it is refused.</summary>
    Required,
}
