using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SipPush.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>MSRP with a far end in another language, which cuts the stream where it likes and looks closely at what it gets.</summary>
[TestFixture(false), TestFixture(true), Category("Interop"), Parallelizable(ParallelScope.All)]
public sealed class MsrpPeerTests(bool isSecure)
{
    private const int Length = 1_000_003;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestAuthority _authority = TestAuthority.CreateRoot();

    [Test]
    [Description("MSRP-01, MSRP-54")]
    public async Task A_message_comes_whole_in_pipelined_chunks_of_odd_lengths()
    {
        using var directory = new RunDirectory();
        await using var endpoint = Start(listens: true);
        await using var session = endpoint.CreateSession(secure: isSecure);
        var body = Body();
        await File.WriteAllBytesAsync(directory.File("body"), body);
        await File.WriteAllTextAsync(directory.File("ca.pem"), _authority.Certificate.ExportCertificatePem());
        var port = session.LocalUri.Port!.Value.ToString(CultureInfo.InvariantCulture);
        string[] trust = isSecure ? ["--ca", "ca.pem"] : [];

        var start = session.StartAsync(new MsrpRemote { Path = new MsrpPath(UriOf(9)), Role = MsrpRole.Passive }).AsTask();
        await using var peer = StartPeer(directory, ["--connect", port, "--own", UriOf(9).ToString(), "--peer", session.LocalUri.ToString(), "--send", "body", .. trust]);
        await start.WaitAsync(Patience);
        await using var messages = session.ReceiveAllAsync().GetAsyncEnumerator();
        Assert.That(await messages.MoveNextAsync().AsTask().WaitAsync(Patience), Is.True, () => peer.Output);
        await using var message = messages.Current;
        var hash = await SHA256.HashDataAsync(message.AsStream()).AsTask().WaitAsync(Patience);

        Assert.That(Convert.ToHexStringLower(hash), Is.EqualTo(Hash(body)));
        Assert.That(await Poll.UntilAsync(() => peer.HasExited || peer.Lines.Count >= 2, Patience), Is.True);
        Assert.That(peer.Lines, Is.EqualTo(["answers 248", $"report 000 200 OK 1-{Length}/{Length}"]));
    }

    [TestCase(2048, true, 489)]
    [TestCase(2048, false, 489)]
    [TestCase(256 * 1024, true, 4)]
    public async Task What_is_sent_comes_whole_and_in_order(int chunkSize, bool pipelining, int chunks)
    {
        using var directory = new RunDirectory();
        await using var endpoint = Start(listens: false);
        await using var session = endpoint.CreateSession(new MsrpSessionOptions { ChunkSize = chunkSize, Pipelining = pipelining }, isSecure);
        var body = Body();
        var port = FreePort.Next();
        WriteCertificate(directory);
        string[] identity = isSecure ? ["--certificate", "peer.pem", "--key", "peer.key"] : [];

        await using var peer = StartPeer(directory, ["--listen", port.ToString(CultureInfo.InvariantCulture), "--own", UriOf(port).ToString(), "--peer", session.LocalUri.ToString(), .. identity]);
        Assert.That(await Poll.UntilAsync(() => peer.HasExited || peer.Lines.Contains("ready"), Patience), Is.True);
        await session.StartAsync(new MsrpRemote { Path = new MsrpPath(UriOf(port)), Role = MsrpRole.Active }).AsTask().WaitAsync(Patience);
        var result = await session.SendAsync(OutgoingMsrpMessage.FromMemory("application/octet-stream", body) with { SuccessReport = true }).AsTask().WaitAsync(Patience);

        Assert.That(result.Outcome, Is.EqualTo(MsrpSendOutcome.Reported), () => peer.Output);
        Assert.That(await Poll.UntilAsync(() => peer.HasExited || peer.Lines.Count >= 3, Patience), Is.True);
        Assert.That(peer.Lines, Is.EqualTo(["ready", $"chunks {chunks}", $"sha256 {Hash(body)}"]));
    }

    private static byte[] Body()
    {
        var body = new byte[Length];
        new Random(Length).NextBytes(body);
        return body;
    }

    private static string Hash(byte[] body) => Convert.ToHexStringLower(SHA256.HashData(body));

    private static PeerProcess StartPeer(RunDirectory directory, string[] arguments) =>
        PeerProcess.Start(Peer.Require("python3"), directory.Path, ["-u", Path.Combine(AppContext.BaseDirectory, "Interop", "Msrp", "peer.py"), .. arguments]);

    private MsrpUri UriOf(int port) => new(isSecure, "127.0.0.1", port, "python");

    private MsrpEndpoint Start(bool listens)
    {
        var local = listens ? new IPEndPoint(IPAddress.Loopback, 0) : null;
        return MsrpEndpoint.Start(new MsrpEndpointOptions
        {
            Listen = isSecure ? null : local,
            ListenSecure = isSecure ? local : null,
            Tls = new MsrpTlsOptions { Certificate = _authority.Issue("ip:127.0.0.1"), TrustedRoots = _authority.Roots },
        });
    }

    private void WriteCertificate(RunDirectory directory)
    {
        using var certificate = _authority.Issue("ip:127.0.0.1");
        using var key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(directory.File("peer.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(directory.File("peer.key"), key.ExportPkcs8PrivateKeyPem());
    }
}
