using System.Text;
using System.Text.RegularExpressions;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;
using SipPush.Tests.Sip.Dialogs;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>Icons of files that are offered: multipart/related with the session description as its root (RFC 5547 §8.8).</summary>
public sealed class FileIconTests
{
    private const string Description = """
        v=0
        o=alice 2890844526 2890844526 IN IP4 alicepc.example.com
        s=-
        c=IN IP4 alicepc.example.com
        t=0 0
        m=message 7654 TCP/MSRP *
        a=sendonly
        a=accept-types:*
        a=path:msrp://alicepc.example.com:7654/jshA7we;tcp
        a=file-transfer-id:Q6LMoGymJdh0IKIgD6wD0jkcfgva4xvE
        a=file-selector:type:image/jpeg size:4092
        a=file-icon:cid:id2%40alicepc.example.com

        """;

    [Test, Description("SDP-36, SDP-30")]
    public async Task The_icon_goes_with_the_offer_and_is_seen_before_the_file_is_taken()
    {
        PushContent? seen = null;
        await using var pair = await FilePair.StartAsync(new PushReceiverOptions
        {
            DecideAsync = (offer, _) =>
            {
                seen = offer.Files.Single().Icon;
                return ValueTask.FromResult(PushDecision.Accept);
            },
        });
        var photo = PushFile.FromBytes("photo.jpg", "abc"u8.ToArray(), "image/jpeg") with { Icon = PushContent.FromBytes("i--c\r\non"u8.ToArray(), "image/png") };

        var sending = pair.SendAsync(photo);
        await using var push = (await pair.TakeAsync()).Single();
        using (var content = new MemoryStream())
        {
            await push.Content.CopyToAsync(content);
        }

        Assert.That((await sending).Single().Outcome, Is.EqualTo(MsrpSendOutcome.Acknowledged));
        Assert.That((seen!.ContentType, Encoding.ASCII.GetString(seen.Bytes.Span)), Is.EqualTo(("image/png", "i--c\r\non")));
        Assert.That(push.File!.Icon, Is.SameAs(seen));
        Assert.That(Settle(pair.Sip[0]), Does.Contain("\nContent-Type: multipart/related;boundary=BOUNDARY;type=\"application/sdp\"\n"));
        Assert.That(Settle(pair.Descriptions[0]), Is.EqualTo("""
            --BOUNDARY
            Content-Type: application/sdp

            v=0
            o=push ORIGIN 1 IN IP4 near.invalid
            s=-
            c=IN IP4 near.invalid
            t=0 0
            m=message PORT TCP/MSRP *
            a=setup:actpass
            a=sendonly
            a=accept-types:application/vnd.oma.push *
            a=path:msrp://near.invalid:PORT/SESSION;tcp
            a=file-transfer-id:ID
            a=file-selector:name:"photo.jpg" type:image/jpeg size:3 hash:sha-1:A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D
            a=file-icon:cid:ICON@icon.invalid

            --BOUNDARY
            Content-Type: image/png
            Content-Transfer-Encoding: binary
            Content-ID: <ICON@icon.invalid>
            Content-Disposition: icon

            i--c
            on
            --BOUNDARY--

            """.ReplaceLineEndings("\n")));
        Assert.That(pair.Descriptions[1], Does.Contain("a=file-selector:").And.Not.Contain("icon"));
    }

    [Test, Description("SDP-36")]
    public async Task A_far_end_that_does_not_take_multipart_is_offered_the_file_without_its_icon()
    {
        await using var pair = await SessionPair.StartAsync();
        await using var peer = await WirePeer.StartAsync(pair.Network, "udp:192.0.2.9:5060");
        peer.Answer = text => SessionWire.Method(text) != "INVITE" ? null
            : SessionWire.Reply(text, text.Contains("multipart/related", StringComparison.Ordinal) ? "415 Unsupported Media Type" : "486 Busy Here");
        var photo = PushFile.FromBytes("photo.jpg", "abc"u8.ToArray(), "image/jpeg") with { Icon = PushContent.FromBytes("icon"u8.ToArray(), "image/png") };

        var failure = Assert.ThrowsAsync<PushException>(() => pair.Sender.SendFilesAsync(SessionWire.Al, [photo]).AsTask().WaitAsync(SessionPair.Patience));

        var invites = peer.Messages.Where(text => SessionWire.Method(text) == "INVITE").ToList();
        Assert.That(failure!.Result.StatusCode, Is.EqualTo(486));
        Assert.That(invites, Has.Count.EqualTo(2));
        Assert.That(invites[1], Does.Contain("\r\nContent-Type: application/sdp\r\n").And.Contain("\r\na=file-selector:name:\"photo.jpg\" ").And.Not.Contain("icon"));
    }

    [Test]
    public async Task A_far_end_that_takes_no_session_description_either_is_asked_once()
    {
        await using var pair = await SessionPair.StartAsync();
        await using var peer = await WirePeer.StartAsync(pair.Network, "udp:192.0.2.9:5060");
        peer.Answer = text => SessionWire.Method(text) == "INVITE" ? SessionWire.Reply(text, "415 Unsupported Media Type") : null;

        Assert.ThrowsAsync<PushException>(() => pair.Sender.SendFilesAsync(SessionWire.Al, [PushFile.FromBytes("a", "abc"u8.ToArray(), "image/jpeg")]).AsTask().WaitAsync(SessionPair.Patience));

        Assert.That(peer.Messages.Count(text => SessionWire.Method(text) == "INVITE"), Is.EqualTo(1));
    }

    [TestCase("multipart/related", "")]
    [TestCase("multipart/related;boundary=b", "no part")]
    [TestCase("multipart/related;boundary=b", "--b\nContent-Type: text/plain\n\nhello\n--b--\n")]
    [TestCase("multipart/related;boundary=b;start=\"<other>\"", "--b\nContent-Type: application/sdp\nContent-ID: <sdp>\n\nv=0\n--b--\n")]
    public async Task A_multipart_body_that_can_not_be_read_is_answered_415(string type, string body)
    {
        await using var pair = await SessionPair.StartAsync();
        await using var peer = await WirePeer.StartAsync(pair.Network, "udp:192.0.2.9:5060");

        await peer.SendAsync("udp:192.0.2.10:5060", SessionText.Invite(body.Length == 0 ? "x" : body, type));
        await SessionPair.UntilAsync(() => peer.Messages.Any(text => !text.StartsWith("SIP/2.0 1", StringComparison.Ordinal)), "an answer");

        Assert.That(peer.Last, Does.StartWith("SIP/2.0 415 ").And.Contains("\r\nAccept: application/sdp\r\n"));
        await peer.ReplyAsync(SessionText.Ack(peer.Last));
    }

    [TestCase("multipart/related;boundary=b", true)]
    [TestCase("multipart/related;boundary=\"b\";type=\"application/sdp\";start=\"<sdp@example.com>\"", false)]
    public void The_root_is_the_part_that_start_names_or_else_the_first(string type, bool isFirst)
    {
        var sdp = Part("application/sdp", Description, "Content-ID: <sdp@example.com>");
        var icon = Part("image/jpeg", "icon", "Content-ID: <id2@alicepc.example.com>");

        var isRead = OfferBody.TryRead(Body(type, isFirst ? sdp + icon : icon + sdp), out var offer, out _);

        Assert.That(isRead, Is.True);
        var seen = offer!.IconOf(FileOf(offer));
        Assert.That((seen!.ContentType, Encoding.ASCII.GetString(seen.Bytes.Span)), Is.EqualTo(("image/jpeg", "icon")));
    }

    [TestCase("Content-ID: <another@alicepc.example.com>")]
    [TestCase("Content-ID: <id2@alicepc.example.com>\nContent-Transfer-Encoding: base64")]
    public void An_icon_that_is_not_there_or_coded_is_none(string headers)
    {
        OfferBody.TryRead(Body("multipart/related;boundary=b", Part("application/sdp", Description) + Part("image/jpeg", "icon", headers)), out var offer, out _);

        Assert.That(offer!.IconOf(FileOf(offer)), Is.Null);
    }

    [TestCase("multipart/related;boundary=b")]
    [TestCase("application/sdp")]
    public void A_session_description_that_is_none_is_a_488(string type)
    {
        var text = type.StartsWith("multipart/related", StringComparison.Ordinal) ? Part("application/sdp", "nonsense") : "nonsense";

        Assert.That((OfferBody.TryRead(Body(type, text), out _, out var said), said), Is.EqualTo((false, 488)));
    }

    [Test]
    public void An_icon_is_in_memory()
    {
        var file = PushFile.FromBytes("a", "a"u8.ToArray(), "image/jpeg");

        Assert.Throws<ArgumentException>(() => _ = file with { Icon = PushContent.FromStream(Stream.Null, "image/png") });
    }

    private static FileTransfer FileOf(OfferBody offer)
    {
        MessageMedia.TryRead(offer.Description, offer.Description.Media[0], out var media, out _);
        return media!.File!;
    }

    private static string Part(string type, string content, string headers = "") =>
        $"--b\nContent-Type: {type}\n{headers}{(headers.Length == 0 ? "" : "\n")}\n{content}\n";

    private static SipBody Body(string type, string text) =>
        new(type, Encoding.ASCII.GetBytes((type.Contains("boundary", StringComparison.Ordinal) ? text + "--b--\n" : text).ReplaceLineEndings("\r\n")));

    private static string Settle(string text) => Regex.Replace(Regex.Replace(text, "part-[0-9a-f]+", "BOUNDARY"), @"[^\s:<]+@icon", "ICON@icon");
}
