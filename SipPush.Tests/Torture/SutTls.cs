using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Torture;

/// <summary>
/// TLS of the system under test: real handshakes on streams in memory, where servers are judged by the library's own verifier. It trusts one
/// authority.
/// </summary>
internal sealed class SutTls(TimeProvider clock)
{
    private static readonly Lazy<TestAuthority> Trusted = new(() => TestAuthority.CreateRoot());
    private static readonly Lazy<TestAuthority> Stranger = new(() => TestAuthority.CreateRoot("Nobody's root"));
    private static readonly ConcurrentDictionary<string, X509Certificate2> Issued = new();

    // The clock of the system under test begins in 2000.
    private static readonly DateTimeOffset LongAgo = new(1999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>What peers show to who asks for a domain; by default one that is for it.</summary>
    public Func<string, X509Certificate2> PeerCertificate { get; set; } = domain => Certificate([NameOf(domain)]);

    /// <summary>A certificate for names as <see cref="TestAuthority.Issue"/> takes them.</summary>
    public static X509Certificate2 Certificate(IReadOnlyList<string> names, bool isTrusted = true, bool isExpired = false) => Issued.GetOrAdd(
        $"{isTrusted} {isExpired} {string.Join(' ', names)}",
        _ => (isTrusted ? Trusted : Stranger).Value.IssueFor([.. names], until: isExpired ? LongAgo : null));

    /// <summary>A name or an address as a certificate has it.</summary>
    public static string NameOf(string host) =>
        host.StartsWith("dns:", StringComparison.Ordinal) || host.StartsWith("uri:", StringComparison.Ordinal) || host.StartsWith("ip:", StringComparison.Ordinal) ? host
        : host.StartsWith("sip:", StringComparison.Ordinal) ? $"uri:{host}"
        : System.Net.IPAddress.TryParse(host, out _) ? $"ip:{host}"
        : $"dns:{host}";

    /// <summary>The system under test as the client, which wants to be at that domain.</summary>
    /// <exception cref="IOException">The peer is not who it should be.</exception>
    public async Task<(SslStream Own, PeerTls Peer)> ConnectAsync(ScriptedStream wire, string domain)
    {
        var verifier = new TlsVerifier(domain, required: true, CreatePolicy);
        var own = new SslStream(wire);
        var far = new SslStream(new ScriptedFarEnd(wire));
        var answering = far.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = PeerCertificate(domain) });
        try
        {
            await own.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = domain,
                RemoteCertificateValidationCallback = verifier.Verify,
                CertificateChainPolicy = CreatePolicy(),
            });
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException)
        {
            await own.DisposeAsync();
            throw new IOException(verifier.Refusal ?? refused.Message, refused);
        }
        finally
        {
            await answering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return (own, new PeerTls(far));
    }

    /// <summary>The system under test as the server.</summary>
    public static async Task<(SslStream Own, PeerTls Peer)> AcceptAsync(ScriptedStream wire)
    {
        var own = new SslStream(wire);
        var far = new SslStream(new ScriptedFarEnd(wire));
        var certificate = Certificate(["dns:sut.example.com", "dns:example.com"]);
        var accepting = own.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate });
#pragma warning disable CA5359 // Whom the far end is, is not the question here.
        await far.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "sut.example.com", RemoteCertificateValidationCallback = (_, _, _, _) => true });
#pragma warning restore CA5359
        await accepting;
        return (own, new PeerTls(far));
    }

    private X509ChainPolicy CreatePolicy()
    {
        var policy = Trusted.Value.CreatePolicy();
        policy.VerificationTime = clock.GetUtcNow().LocalDateTime;
        policy.DisableCertificateDownloads = true;
        return policy;
    }
}
