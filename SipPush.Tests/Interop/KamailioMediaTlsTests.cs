using System.Net;
using System.Security.Cryptography;
using SipPush.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>MSRP over TLS between the agents with Kamailio between them. Nobody knows who signed their certificates: they are told by the fingerprints in SDP (RFC 4975 §14.4, RFC 8122).</summary>
[TestFixture, Category("Interop"), Parallelizable]
public sealed class KamailioMediaTlsTests
{
    private readonly TestAuthority _stranger = TestAuthority.CreateRoot("Nobody knows it");

    [TestCase(true, "passive")]
    [TestCase(false, "active")]
    [Description("MSRP-46, SDP-09, SDP-25")]
    public async Task A_session_and_a_file_go_over_TLS_whoever_connects(bool receiverListens, string answered)
    {
        using var nearCertificate = _stranger.Issue("dns:alice.example");
        using var farCertificate = _stranger.Issue("dns:bob.example");
        var octets = SessionParty.Octets(70_000);
        await using var core = await KamailioCore.StartAsync(new KamailioOptions { Authentication = true });
        await using var alice = await SessionParty.SenderAsync(core, "tcp", media: SessionParty.Secure(nearCertificate));
        await using var bob = await SessionParty.ReceiverAsync(core, "udp", receiverListens, media: SessionParty.Secure(farCertificate));
        await using var sip = await Capture.StartAsync(core.Gm.Port, alice.Port, bob.Port);
        await using var msrp = await Capture.StartAsync(receiverListens ? bob.MediaPort : alice.MediaPort);
        var taking = bob.TakeAsync(2);

        var push = await alice.Sender!.PushAsync(AgentPair.Bob, PushContent.FromBytes(octets, "image/png"), new PushOptions { SuccessReport = true }, alice.Token);
        var files = await alice.Sender.SendFilesAsync(AgentPair.Bob, [PushFile.FromBytes("a.png", octets, "image/png")], new PushOptions { SuccessReport = true }, alice.Token);

        Assert.That(push.Outcome, Is.EqualTo(PushOutcome.Delivered), push.ToString());
        Assert.That(files.Select(file => file.Outcome), Is.EqualTo([MsrpSendOutcome.Reported]));
        Assert.That((await taking).Values, Is.All.EqualTo((70_000L, SessionParty.HashOf(octets))));
        await alice.UntilQuietAsync();
        await bob.UntilQuietAsync();

        var seen = await sip.ReadAsync();
        Assert.That(seen.Where(message => message.Malformed || message.Warnings.Count > 0), Is.Empty);
        var offers = seen.Where(message => message.Method == "INVITE").ToList();
        var answers = seen.Where(message => message.StatusCode == 200 && message.Description.Count > 0).ToList();
        Assert.That((offers.Count, answers.Count), Is.EqualTo((4, 4)), "each is seen on both sides of the core");
        Assert.That(offers.Concat(answers).SelectMany(message => message.Description).Where(line => line.StartsWith("m=", StringComparison.Ordinal)), Is.All.Matches("^m=message [0-9]+ TCP/TLS/MSRP \\*$"));
        Assert.That(offers.Concat(answers).Select(message => message.Attribute("path")), Is.All.StartsWith("msrps://127.0.0.1:"));
        Assert.That(offers.Select(message => message.Attribute("fingerprint")), Is.All.EqualTo($"sha-256 {Sha256(nearCertificate.RawData)}").IgnoreCase);
        Assert.That(answers.Select(message => message.Attribute("fingerprint")), Is.All.EqualTo($"sha-256 {Sha256(farCertificate.RawData)}").IgnoreCase);
        Assert.That(answers.Select(message => message.Attribute("setup")), Is.All.EqualTo(answered));

        // A connection each, which begins with a handshake (RFC 8446 §5.1) and shows nothing of what goes over it.
        var streams = await msrp.ReadStreamsAsync();
        Assert.That(streams, Has.Count.EqualTo(4));
        Assert.That(streams.Select(stream => stream.Octets[0]), Is.All.EqualTo(22));
        Assert.That(streams.Select(stream => stream.Octets.AsSpan().IndexOf("MSRP "u8)), Is.All.Negative);
    }

    [TestCase(true, "fingerprint")]
    [TestCase(false, "has ended the session")]
    [Description("MSRP-46, SDP-26")]
    public async Task Somebody_with_another_certificate_where_the_far_end_should_be_gets_nothing(bool receiverListens, string reason)
    {
        using var nearCertificate = _stranger.Issue("dns:alice.example");
        using var farCertificate = _stranger.Issue("dns:bob.example");
        using var thirdCertificate = _stranger.Issue("dns:bob.example", "dns:alice.example", "ip:127.0.0.1");
        var heard = new Hearing();
        await using var third = MsrpEndpoint.Start(new MsrpEndpointOptions
        {
            ListenSecure = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = new MsrpTlsOptions { Certificate = thirdCertificate, AsksForCertificates = true },
            Tap = heard,
        });
        int? port = third.SecureLocalEndPoint!.Port;
        await using var core = await KamailioCore.StartAsync(new KamailioOptions { Authentication = true });
        await using var alice = await SessionParty.SenderAsync(core, "tcp", media: SessionParty.Secure(nearCertificate, receiverListens ? null : port));
        await using var bob = await SessionParty.ReceiverAsync(core, "udp", receiverListens, media: SessionParty.Secure(farCertificate, receiverListens ? port : null));

        var result = await alice.Sender!.PushAsync(AgentPair.Bob, PushContent.FromText("For bob alone"), new PushOptions { SuccessReport = true }, alice.Token);

        Assert.That((result.Outcome, result.Mode), Is.EqualTo((PushOutcome.TransportFailed, PushMode.Session)), result.ToString());
        Assert.That(result.Reason, Does.Contain(reason));
        await alice.UntilQuietAsync();
        await bob.UntilQuietAsync();
        Assert.That(heard.Octets, Is.Zero);
        Assert.That((receiverListens ? alice : bob).Tap.Said, Has.Some.StartsWith("BYE "));
    }

    private static string Sha256(byte[] certificate) => BitConverter.ToString(SHA256.HashData(certificate)).Replace('-', ':');

    private sealed class Hearing : MsrpTap
    {
        private int _octets;

        public int Octets => Volatile.Read(ref _octets);

        public override void Received(MsrpFlow flow, ReadOnlySpan<byte> octets) => Interlocked.Add(ref _octets, octets.Length);

        public override void Sending(MsrpFlow flow, ReadOnlySpan<byte> octets)
        {
        }
    }
}
