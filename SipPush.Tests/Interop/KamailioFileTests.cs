using System.Security.Cryptography;
using System.Text.RegularExpressions;
using SipPush.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>Files (RFC 5547) between the agents with Kamailio between them. What was said of them is read by tshark, and what came of them put together by another reader of MSRP.</summary>
[TestFixture, Category("Interop"), Parallelizable]
public sealed partial class KamailioFileTests
{
    private const string FileName = "A \"large\" file, 100 %.png";

    private readonly TestAuthority _authority = TestAuthority.CreateRoot();

    [TestCase("tcp", "udp", 4_385)]
    [TestCase("udp", "tcp", 200_000)]
    [TestCase("tcp", "tls", 200_000)]
    [Description("SDP-29, SDP-30, SDP-37, PUSH-25")]
    public async Task The_octets_on_the_wire_have_the_size_and_the_hash_that_were_offered(string senderBy, string receiverBy, int size)
    {
        var octets = SessionParty.Octets(size);
        await using var core = await KamailioCore.StartAsync(new KamailioOptions
        {
            Authentication = true,
            Certificate = receiverBy == "tls" ? _authority.Issue("dns:ims.example", "dns:localhost") : null,
        });
        await using var alice = await SessionParty.SenderAsync(core, senderBy);
        await using var bob = await SessionParty.ReceiverAsync(core, receiverBy, roots: _authority);
        await using var sip = await Capture.StartAsync(core.Gm.Port, alice.Port, bob.Port);
        await using var msrp = await Capture.StartAsync(bob.MediaPort, alice.MediaPort);
        var taking = bob.TakeAsync(1);

        var reports = await alice.Sender!.SendFilesAsync(
            AgentPair.Bob, [PushFile.FromBytes(FileName, octets, "image/png") with { Disposition = "attachment" }], new PushOptions { SuccessReport = true }, alice.Token);

        Assert.That(reports.Select(report => (report.Outcome, report.StatusCode, report.Bytes)), Is.EqualTo([(MsrpSendOutcome.Reported, 200, (long)size)]));
        Assert.That((await taking).Values, Is.EqualTo([((long)size, SessionParty.HashOf(octets))]));
        await alice.UntilQuietAsync();
        await bob.UntilQuietAsync();

        // What was said, where alice said and heard it.
        var seen = await sip.ReadAsync();
        Assert.That(seen.Where(message => message.Malformed || message.Warnings.Count > 0), Is.Empty);
        var offer = seen.First(message => message.Method == "INVITE" && message.SourcePort != core.Gm.Port);
        var answer = seen.First(message => message.StatusCode == 200 && message.CallId == offer.CallId && message.CSeq == "1 INVITE" && message.SourcePort == core.Gm.Port);
        var selector = Selector().Match(offer.Attribute("file-selector")!);
        Assert.That(selector.Success, Is.True, offer.Attribute("file-selector"));
        Assert.That(
            (Uri.UnescapeDataString(selector.Groups["name"].Value), selector.Groups["type"].Value, offer.Attribute("file-disposition")), Is.EqualTo((FileName, "image/png", "attachment")));
        Assert.That(offer.Description, Does.Contain("a=sendonly"));
        Assert.That(offer.Attribute("file-transfer-id"), Has.Length.EqualTo(32));
        Assert.That(answer.Description, Does.Contain("a=recvonly"));
        Assert.That(answer.Attribute("file-selector"), Is.EqualTo(offer.Attribute("file-selector")));
        Assert.That(answer.Attribute("file-transfer-id"), Is.EqualTo(offer.Attribute("file-transfer-id")));
        Assert.That(answer.Attribute("file-disposition"), Is.Null);

        // What went, over one connection and between the paths that were said.
        var streams = (await msrp.ReadStreamsAsync()).Select(stream => (stream.DestinationPort, Frames: CapturedMsrp.Frames(stream.Octets))).ToList();
        Assert.That(streams, Has.Count.EqualTo(2));
        Assert.That(streams.SelectMany(stream => stream.Frames).SelectMany(frame => frame.Faults), Is.Empty);
        var toBob = streams.Single(stream => stream.DestinationPort == bob.MediaPort).Frames;
        var sends = toBob.Where(frame => frame.IsSend).ToList();
        Assert.That(sends.Select(frame => (frame["To-Path"], frame["From-Path"])), Is.All.EqualTo((answer.Attribute("path"), offer.Attribute("path"))));
        Assert.That(sends.Where(frame => frame.Body is not null).Select(frame => frame["Content-Type"]), Is.All.EqualTo(selector.Groups["type"].Value));
        var (id, body) = CapturedMsrp.Messages(toBob).Single();
        Assert.That($"{body.Length} {Sha1(body)}", Is.EqualTo($"{selector.Groups["size"].Value} {selector.Groups["hash"].Value}"));
        var report = streams.SelectMany(stream => stream.Frames).Single(frame => frame.IsReport);
        Assert.That((report["Message-ID"], report["Byte-Range"], report["Status"]), Is.EqualTo((id, $"1-{size}/{size}", "000 200 OK")));
    }

    [GeneratedRegex(@"^name:""(?<name>[^""]*)"" type:(?<type>\S+) size:(?<size>\d+) hash:sha-1:(?<hash>\S+)$")]
    private static partial Regex Selector();

#pragma warning disable CA5350 // It is the digest that RFC 5547 has.
    private static string Sha1(byte[] octets) => BitConverter.ToString(SHA1.HashData(octets)).Replace('-', ':');
#pragma warning restore CA5350
}
