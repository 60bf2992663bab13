using System.Security.Cryptography.X509Certificates;

namespace SipPush.Tests.Interop;

/// <summary>How the core of a test behaves; see the header of Kamailio/kamailio.cfg.</summary>
internal sealed record KamailioOptions
{
    public string Domain { get; init; } = "ims.example";

    /// <summary>Challenge REGISTER; any user name that is the address's own, and <see cref="Password"/>.</summary>
    public bool Authentication { get; init; }

    /// <summary>Challenge INVITE, UPDATE and BYE as well, in dialogs too; only with <see cref="Authentication"/>.</summary>
    public bool CallAuthentication { get; init; }

    /// <summary>What the TLS listener of the untrusted side shows; null listens on none.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Who has to have issued the certificates of TLS clients; null asks for none.</summary>
    public X509Certificate2? ClientRoot { get; init; }

    /// <summary>MD5 or SHA-256.</summary>
    public string Algorithm { get; init; } = "MD5";

    public string Password { get; init; } = "secret";

    /// <summary>Where the Push Sender Agent listens, <c>127.0.0.1:port</c>: third-party REGISTER and requests to sip:psa@domain go there.</summary>
    public string? PsaAddress { get; init; }

    /// <summary>udp or tcp.</summary>
    public string PsaTransport { get; init; } = "udp";

    /// <summary>The original REGISTER is the body of the third-party REGISTER.</summary>
    public bool ThirdPartyRegisterBody { get; init; }

    /// <summary>Third-party REGISTER only for contacts that have +g.oma.pusheventapp.</summary>
    public bool ThirdPartyRegisterFilter { get; init; }

    /// <summary>A contact over TCP is reached over the connection it registered on.</summary>
    public bool TcpFlow { get; init; }

    /// <summary>Seconds; a registration for less gets 423.</summary>
    public int MinExpires { get; init; } = 1;

    /// <summary>Seconds; a registration for more is shortened to it.</summary>
    public int MaxExpires { get; init; } = 7200;

    /// <summary>P-Associated-URI and Service-Route in the 200 of a REGISTER.</summary>
    public bool Ims200 { get; init; }

    /// <summary>202 instead of 480 for a known user who is not registered.</summary>
    public bool Offline202 { get; init; }

    /// <summary>Larger requests leave over TCP instead of UDP (RFC 3261 §18.1.1); 0 is never.</summary>
    public int UdpMtu { get; init; }
}
