using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Msrp.Transport;

/// <summary>Turns connected sockets into links over TLS, in both roles. What goes wrong is an <see cref="IOException"/> that names the cause.</summary>
internal sealed class TlsHandshakes(MsrpTlsOptions options, TimeProvider time)
{
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    private readonly SslStreamCertificateContext? _certificate = options.Certificate is { } certificate
        ? SslStreamCertificateContext.Create(certificate, options.Intermediates, offline: true)
        : null;

    /// <summary>The handshake with a far end that must prove to be the expected one. Takes the socket over.</summary>
    public async Task<MsrpLink> ConnectAsync(Socket socket, string host, MsrpPeerIdentity expected, CancellationToken cancellationToken)
    {
        string? chainFault = null;
        string? refusal = null;
        var client = new SslClientAuthenticationOptions
        {
            // Sent as server_name, unless it is an address.
            TargetHost = host.TrimEnd('.'),
            EnabledSslProtocols = Versions,
            ClientCertificateContext = _certificate,
            CertificateChainPolicy = CreatePolicy(options.RevocationMode),
            AllowRenegotiation = false,

            // A session that is resumed has the certificate without those above it, which could not be judged.
            AllowTlsResume = false,
            RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            {
                chainFault = FaultOf(chain);
                refusal = expected.RefusalOf(certificate as X509Certificate2, chainFault, host);
                return refusal is null;
            },
        };

        var stream = await RunAsync(
            socket, (stream, either) => stream.AuthenticateAsClientAsync(client, either), () => refusal, cancellationToken).ConfigureAwait(false);
        return new MsrpLink(socket, stream) { PeerChainFault = chainFault };
    }

    /// <summary>The handshake with a client, whose certificate, if it shows one, is not judged. Takes the socket over.</summary>
    public async Task<MsrpLink> AcceptAsync(Socket socket, CancellationToken cancellationToken)
    {
        var server = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _certificate,
            EnabledSslProtocols = Versions,
            ClientCertificateRequired = options.AsksForCertificates,
            CertificateChainPolicy = CreatePolicy(X509RevocationMode.NoCheck),
            AllowRenegotiation = false,
            AllowTlsResume = false,

            // Which session it is for, and so which fingerprint it should have, is not known before its first request.
#pragma warning disable CA5359
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        };

        var stream = await RunAsync(
            socket, (stream, either) => stream.AuthenticateAsServerAsync(server, either), () => null, cancellationToken).ConfigureAwait(false);
        return new MsrpLink(socket, stream);
    }

    private async Task<TlsStream> RunAsync(
        Socket socket, Func<SslStream, CancellationToken, Task> authenticate, Func<string?> refusal, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.HandshakeTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var stream = new TlsStream(socket);

        // Whatever a stranger's octets and certificates make the framework throw concerns this connection alone.
#pragma warning disable CA1031
        try
        {
            await authenticate(stream, either.Token).ConfigureAwait(false);
            return stream;
        }
        catch (Exception failure)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException(
                timeout.IsCancellationRequested ? $"the TLS handshake has not ended within {options.HandshakeTimeout}"
                : refusal() ?? $"the TLS handshake failed: {failure.GetBaseException().Message}",
                failure);
        }
#pragma warning restore CA1031
    }

    private X509ChainPolicy CreatePolicy(X509RevocationMode revocation)
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = revocation,
            VerificationTime = time.GetUtcNow().LocalDateTime,

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

    private static string? FaultOf(X509Chain? chain)
    {
        var problems = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, next) => all | next.Status);
        return problems switch
        {
            X509ChainStatusFlags.NoError => null,
            null => "its certificate does not lead to a trusted root",
            _ when (problems & X509ChainStatusFlags.Revoked) != 0 => "its certificate has been revoked",
            _ when (problems & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0 => "its certificate does not lead to a trusted root",
            _ when (problems & X509ChainStatusFlags.NotTimeValid) != 0 => "its certificate has expired or is not valid yet",
            _ => $"its certificate is not trusted: {problems}",
        };
    }
}
