namespace SipPush.Sip;

/// <summary>What a TLS server does about the certificates of clients (RFC 5922 §7.4).</summary>
public enum SipClientCertificates
{
    /// <summary>It does not ask for one.</summary>
    Ignored,

    /// <summary>It asks for one. A client without is taken and has no identities; one with a certificate that does not hold is refused.</summary>
    Asked,

    /// <summary>It asks for one, and refuses a client without.</summary>
    Required,
}
