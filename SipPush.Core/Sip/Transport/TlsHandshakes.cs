using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Sip;

/// <summary>Turns connected sockets into TLS streams, in both roles. What goes wrong is an <see cref="IOException"/> that names the cause.</summary>
internal sealed class TlsHandshakes(SipTlsOptions options, TimeProvider timeProvider)
{
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    private readonly Dictionary<string, SipCertificate> _named = new(options.NamedServerCertificates, StringComparer.OrdinalIgnoreCase);

    /// <summary>Accepted connections that may be within a handshake at once.</summary>
    public int Limit => options.Handshakes;

    /// <summary>Those of them that may be from one remote address.</summary>
    public int LimitPerAddress => options.HandshakesPerAddress;

    /// <summary>The handshake with a server that must prove to be <paramref name="domain"/> (RFC 5922 §7.3). Takes the socket over.</summary>
    public Task<TlsPeer> ConnectAsync(Socket socket, string domain, CancellationToken cancellationToken)
    {
        var verifier = new TlsVerifier(domain, required: true, CreatePolicy);
        var client = new SslClientAuthenticationOptions
        {
            // Sent as server_name, unless it is an address.
            TargetHost = domain,
            EnabledSslProtocols = Versions,
            ClientCertificateContext = options.ClientCertificate?.Context,
            RemoteCertificateValidationCallback = verifier.Verify,
            CertificateChainPolicy = CreatePolicy(),
            AllowRenegotiation = false,
        };
        return RunAsync(socket, verifier, (stream, either) => stream.AuthenticateAsClientAsync(client, either), cancellationToken);
    }

    /// <summary>The handshake with a client. Takes the socket over.</summary>
    public Task<TlsPeer> AcceptAsync(Socket socket, CancellationToken cancellationToken)
    {
        var verifier = new TlsVerifier(domain: null, required: options.ClientCertificates == SipClientCertificates.Required, CreatePolicy);
        return RunAsync(
            socket, verifier,
            (stream, either) => stream.AuthenticateAsServerAsync((_, hello, _, _) => new(CreateServer(hello.ServerName, verifier)), null, either),
            cancellationToken);
    }

    private SslServerAuthenticationOptions CreateServer(string name, TlsVerifier verifier)
    {
        var asks = options.ClientCertificates != SipClientCertificates.Ignored;
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = (_named.GetValueOrDefault(name) ?? options.ServerCertificate)!.Context,
            EnabledSslProtocols = Versions,
            ClientCertificateRequired = asks,
            RemoteCertificateValidationCallback = asks ? verifier.Verify : null,
            CertificateChainPolicy = CreatePolicy(),
            AllowRenegotiation = false,

            // A session that is resumed has the client's certificate without those above it, which could not be verified.
            AllowTlsResume = !asks,
        };
    }

    private X509ChainPolicy CreatePolicy()
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = options.RevocationMode,
            VerificationTime = timeProvider.GetUtcNow().LocalDateTime,

            // Otherwise a stranger's certificate could name an address for this side to fetch from.
            DisableCertificateDownloads = true,
        };

        if (options.TrustedRoots is { } roots)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(roots);
        }
        return policy;
    }

    private async Task<TlsPeer> RunAsync(
        Socket socket, TlsVerifier verifier, Func<SslStream, CancellationToken, Task> authenticate, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.HandshakeTimeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));

        // Whatever a stranger's octets and certificates make the framework throw concerns this connection alone.
#pragma warning disable CA1031
        try
        {
            await authenticate(stream, either.Token).ConfigureAwait(false);
            return new TlsPeer(stream, verifier.Identities);
        }
        catch (Exception failure)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw new IOException(
                cancellationToken.IsCancellationRequested ? "the transport has been closed"
                : timeout.IsCancellationRequested ? $"the TLS handshake has not ended within {options.HandshakeTimeout}"
                : verifier.Refusal ?? $"the TLS handshake failed: {failure.GetBaseException().Message}",
                failure);
        }
#pragma warning restore CA1031
    }
}
