using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>The TLS of another library (Python on OpenSSL) as client and as server, each verifying the other's certificate.</summary>
[TestFixture, Category("Interop"), Parallelizable]
public sealed class TlsPeerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly TestAuthority _authority = TestAuthority.CreateRoot();
    private readonly RunDirectory _directory = new();

    [TearDown]
    public void Stop()
    {
        _directory.Dispose();
    }

    [Test]
    public async Task A_foreign_client_is_verified_and_answered()
    {
        IReadOnlyList<string> identities = [];
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Listen = [SipEndPoint.Parse("tls:127.0.0.1:0")],
            Tls = Tls(SipClientCertificates.Required),
            OnRequest = async (transaction, cancellationToken) =>
            {
                identities = transaction.Flow.PeerIdentities;
                await transaction.RespondAsync(200, cancellationToken: cancellationToken);
            },
        });

        await using var peer = StartPeer("client", stack.Local[0].Address.Port.ToString(CultureInfo.InvariantCulture));

        Assert.That(await peer.WaitAsync(Limit), Is.Zero, () => peer.Output);
        Assert.That(peer.Lines, Does.Contain("TLSv1.3").And.Contain("SIP/2.0 200 OK").And.Contain("Call-ID: peer1"));
        Assert.That(identities, Is.EqualTo(["peer.example.net"]));
    }

    [Test]
    public async Task A_foreign_server_is_verified_and_asked()
    {
        await using var peer = StartPeer("server");
        Assert.That(await Poll.UntilAsync(() => peer.Lines.Count > 0, Limit), Is.True);
        var port = int.Parse(peer.Lines[0]["port ".Length..], CultureInfo.InvariantCulture);
        var transport = new TlsTransport(SipEndPoint.Parse("tls:127.0.0.1:0"), Tls(SipClientCertificates.Ignored));
        await using var stack = await SipStack.StartAsync(new SipStackOptions { Transports = [transport] });
        var remote = new SipEndPoint(SipProtocol.Tls, new IPEndPoint(IPAddress.Loopback, port));

        var flow = await transport.ConnectAsync(remote, "peer.example.net", default);
        var result = await stack.SendAsync(Options(), flow);
        await stack.DisposeAsync();

        Assert.That(result.Response?.StatusCode, Is.EqualTo(200), () => $"{result.Error} {peer.Output}");
        Assert.That(await peer.WaitAsync(Limit), Is.Zero, () => peer.Output);
        Assert.That(peer.Lines.Skip(1), Is.EqualTo(["asked for peer.example.net", "OPTIONS sip:peer.example.net SIP/2.0", "closed in order"]));
    }

    private static SipRequest Options()
    {
        using var request = new SipRequestBuilder(SipMethod.Options, SipUri.Parse("sip:peer.example.net"));
        request.Add(SipHeaderNames.MaxForwards, "70");
        request.Add(SipHeaderNames.From, "<sip:psa@example.com>;tag=1");
        request.Add(SipHeaderNames.To, "<sip:peer.example.net>");
        request.Add(SipHeaderNames.CallId, "c1");
        request.Add(SipHeaderNames.CSeq, "1 OPTIONS");
        return request.Build();
    }

    private SipTlsOptions Tls(SipClientCertificates clients)
    {
        var certificate = new SipCertificate(_authority.Issue("dns:example.com"));
        return new SipTlsOptions
        {
            ServerCertificate = certificate,
            ClientCertificate = certificate,
            ClientCertificates = clients,
            TrustedRoots = _authority.Roots,
        };
    }

    private PeerProcess StartPeer(params string[] arguments)
    {
        var python = Peer.Require("python3");
        using var certificate = _authority.Issue("dns:peer.example.net");
        using var key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(_directory.File("roots.pem"), _authority.Certificate.ExportCertificatePem());
        File.WriteAllText(_directory.File("peer.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(_directory.File("key.pem"), key.ExportPkcs8PrivateKeyPem());
        var script = Path.Combine(TestContext.CurrentContext.TestDirectory, "Interop", "Tls", "peer.py");
        return PeerProcess.Start(python, _directory.Path, [script, .. arguments, "roots.pem", "peer.pem", "key.pem"]);
    }
}
