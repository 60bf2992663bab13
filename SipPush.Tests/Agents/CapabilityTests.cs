using SipPush.Sdp;
using SipPush.Tests.Sip.Dialogs;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>What agents say of themselves in INVITEs, in their answers, and when they are asked by OPTIONS.</summary>
public sealed class CapabilityTests
{
    private const string Icsi = "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush\"";

    [Test]
    [Description("SDP-38, SIP-67")]
    public async Task A_receiver_tells_its_feature_tags_and_its_media_without_offering_anything()
    {
        await using var wire = await AgentWire.StartAsync("sip:user@domain.com");
        await using var receiver = new PushReceiverAgent(wire.UserAgent, new PushReceiverOptions { Applications = ["mms.ua", "wml.ua"], AcceptTypes = ["text/*"], MaxSize = 20_000 });

        Assert.That(await wire.AskAsync(Options("")), Is.EqualTo("""
            SIP/2.0 200 OK
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1
            From: <sip:al@domain.com>;tag=al
            To: <sip:user@domain.com>;tag=0000000000000001
            Call-ID: options
            CSeq: 1 OPTIONS
            Contact: <sip:user@192.0.2.10:5060>;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush";+g.oma.pusheventapp="mms.ua,wml.ua"
            Allow: ACK, BYE, CANCEL, INVITE, MESSAGE, OPTIONS, PRACK, UPDATE
            Accept: application/vnd.oma.push, text/*, application/sdp, multipart/related
            Accept-Encoding: identity
            Supported: 100rel, gruu, path, timer
            Content-Type: application/sdp
            Content-Length: 175

            v=0
            o=user 0 1 IN IP4 192.0.2.10
            s=-
            c=IN IP4 192.0.2.10
            t=0 0
            m=message 0 TCP/MSRP *
            a=accept-types:application/vnd.oma.push text/*
            a=max-size:20000
            a=file-selector

            """.ReplaceLineEndings("\n")));
    }

    [Test]
    [Description("SDP-38")]
    public async Task A_sender_tells_its_own_and_each_time_under_another_session_id()
    {
        await using var wire = await AgentWire.StartAsync("sip:user@domain.com");
        await using var sender = new PushSenderAgent(wire.UserAgent, new PushSenderOptions { Media = new PushMediaOptions { Tls = TlsUse.Required } });

        var first = await wire.AskAsync(Options("Accept: application/*\n"));
        var second = await wire.AskAsync(Options("").Replace("bK1", "bK2", StringComparison.Ordinal).Replace("Call-ID: options", "Call-ID: again", StringComparison.Ordinal));

        Assert.That(first, Does.Contain("\nContact: <sip:user@192.0.2.10:5060>;" + Icsi + ";+g.oma.pusheventapp=\"wml.ua\"\nAllow: OPTIONS, REGISTER\n"));
        Assert.That(first, Does.EndWith("\nm=message 0 TCP/TLS/MSRP *\na=accept-types:application/vnd.oma.push *\na=file-selector\n"));
        Assert.That(SessionText.Attribute(AgentWire.Wire(second), "o="), Is.Not.EqualTo(SessionText.Attribute(AgentWire.Wire(first), "o=")));
    }

    [Test]
    public async Task Who_takes_no_session_description_gets_none()
    {
        await using var wire = await AgentWire.StartAsync("sip:user@domain.com");
        await using var receiver = new PushReceiverAgent(wire.UserAgent, new PushReceiverOptions());

        var answer = await wire.AskAsync(Options("Accept: text/plain\n"));

        Assert.That(answer, Does.StartWith("SIP/2.0 200 OK\n").And.Contains(Icsi).And.EndsWith("\nContent-Length: 0\n\n"));
    }

    [Test]
    public async Task A_receiver_that_has_ended_tells_nothing()
    {
        await using var wire = await AgentWire.StartAsync("sip:user@domain.com");
        await new PushReceiverAgent(wire.UserAgent, new PushReceiverOptions()).DisposeAsync();

        Assert.That(await wire.AskAsync(Options("")), Does.Contain("\nAllow: OPTIONS\n").And.Not.Contain("Contact").And.Not.Contain("m=message"));
    }

    [Test]
    [Description("SIP-67")]
    public async Task The_answer_to_an_INVITE_has_the_feature_tags_of_the_registration()
    {
        await using var pair = await SessionPair.StartAsync(new PushReceiverOptions { Applications = ["mms.ua", "wml.ua"] });
        await using var peer = await WirePeer.StartAsync(pair.Network, "udp:192.0.2.9:5060");

        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.Invite(SessionText.Offer(4321)));
        await SessionPair.UntilAsync(() => peer.Messages.Any(text => text.StartsWith("SIP/2.0 200", StringComparison.Ordinal)), "200");
        var answer = peer.Messages.First(text => text.StartsWith("SIP/2.0 200", StringComparison.Ordinal));
        await peer.ReplyAsync(SessionText.Ack(answer));
        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.InDialog(answer, "BYE", 2, "bye"));

        Assert.That(SessionText.Attribute(answer, "Contact: "), Is.EqualTo("<sip:bob@192.0.2.10:5060>;" + Icsi + ";+g.oma.pusheventapp=\"mms.ua,wml.ua\""));
    }

    [TestCase(false)]
    [TestCase(true)]
    [Description("SIP-67")]
    public async Task An_INVITE_has_the_feature_tags_of_its_application(bool isFile)
    {
        await using var pair = await SessionPair.StartAsync();
        await using var peer = await WirePeer.StartAsync(pair.Network, "udp:192.0.2.9:5060");
        peer.Answer = text => SessionWire.Method(text) == "INVITE" ? SessionWire.Reply(text, "486 Busy Here") : null;
        var options = new PushOptions { Application = "mms.ua" };

        var pushing = isFile
            ? pair.Sender.SendFilesAsync(SessionWire.Al, [PushFile.FromBytes("a.txt", "a"u8.ToArray(), "text/plain")], options).AsTask()
            : (Task)pair.Sender.OpenSessionAsync(SessionWire.Al, options).AsTask();

        Assert.That(async () => await pushing.WaitAsync(SessionPair.Patience), Throws.InstanceOf<PushException>());
        Assert.That(SessionText.Attribute(peer.Messages[0], "Contact: "), Is.EqualTo("<sip:push@192.0.2.20:5060>;" + Icsi + ";+g.oma.pusheventapp=\"mms.ua\""));
    }

    private static string Options(string headers) => $"""
        OPTIONS sip:user@192.0.2.10 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1
        Max-Forwards: 70
        From: <sip:al@domain.com>;tag=al
        To: <sip:user@domain.com>
        Call-ID: options
        CSeq: 1 OPTIONS
        {headers}Content-Length: 0


        """;
}
