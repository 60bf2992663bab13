using System.Collections.ObjectModel;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Sip;

/// <summary>What SIP over TLS needs to know: its own certificates, and which ones of others it trusts. The versions are TLS 1.2 and 1.3.</summary>
public sealed record SipTlsOptions
{
    /// <summary>What a listener shows; null by default, and then nothing can listen on TLS.</summary>
    public SipCertificate? ServerCertificate { get; init; }

    /// <summary>What a listener shows to a client that asks for one of these names (the <c>server_name</c> extension, RFC 5922 §7.8),
    /// without regard to case; none by default. Any other client sees <see cref="ServerCertificate"/>.</summary>
    public IReadOnlyDictionary<string, SipCertificate> NamedServerCertificates { get; init; } = ReadOnlyDictionary<string, SipCertificate>.Empty;

    /// <summary>What is shown to a server that asks the client for a certificate; null by default: nothing.</summary>
    public SipCertificate? ClientCertificate { get; init; }

    /// <summary>What a listener does about the certificates of clients; by default it does not ask for them.</summary>
    public SipClientCertificates ClientCertificates { get; init; }

    /// <summary>The only roots trusted, of servers and clients; null by default: those of the system.</summary>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    /// <summary>Whether it is looked up if a certificate has been revoked; not by default. <see cref="X509RevocationMode.Online"/>
    /// asks the network within the handshake, and refuses a certificate about which there is no answer.</summary>
    public X509RevocationMode RevocationMode { get; init; } = X509RevocationMode.NoCheck;

    /// <summary>How long a handshake may take, in either role; 10 s by default. Then the connection is closed.</summary>
    public TimeSpan HandshakeTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(10);

    /// <summary>Handshakes under way at once on accepted connections; 256 by default. One more connection is closed at once.</summary>
    public int Handshakes
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 256;

    /// <summary>Of these the handshakes on connections from one remote address; 64 by default, so that no one keeps all others out.</summary>
    public int HandshakesPerAddress
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 64;
}
