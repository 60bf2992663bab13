using SipPush.Msrp;
using SipPush.Tests.Sip.Dialogs;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>A far end that does not know CEMA, behind a middlebox that has put its own address in the c= and m= lines (RFC 6714 §4.2).</summary>
public sealed class CemaTests
{
    [Test, Description("SDP-24")]
    public async Task The_sender_offers_the_same_path_again_without_CEMA_and_goes_by_that_answer()
    {
        await using var pair = await SessionPair.StartAsync(media: new PushMediaOptions { SupportsCema = true });
        await using var far = pair.StartMedia();
        await using var bound = far.CreateSession();
        await using var peer = await AnsweringAsync(pair, far.LocalEndPoint!.Port, bound.LocalUri.SessionId!);

        var opening = pair.Sender.OpenSessionAsync(SessionWire.Al).AsTask();
        await SessionPair.UntilAsync(() => Invites(peer).Length == 2, "two INVITEs");
        var invites = Invites(peer);
        var binding = bound.StartAsync(new MsrpRemote { Path = MsrpPath.Parse(SessionText.PathOf(invites[1])), Role = MsrpRole.Passive }).AsTask();
        await (await opening.WaitAsync(SessionPair.Patience)).DisposeAsync();
        await binding.WaitAsync(SessionPair.Patience);

        var first = Body(invites[0]);
        Assert.That(first, Does.Contain("a=msrp-cema\r\n"));
        Assert.That(Body(invites[1]), Is.EqualTo(first.Replace("a=msrp-cema\r\n", "", StringComparison.Ordinal).Replace(" 1 IN IP4 ", " 2 IN IP4 ", StringComparison.Ordinal)));
        Assert.That(SessionWire.Line(invites[1], "Call-ID"), Is.EqualTo(SessionWire.Line(invites[0], "Call-ID")), "in the same dialog");
    }

    [Test, Description("SDP-24")]
    public async Task A_file_is_offered_again_under_the_same_transfer_id()
    {
        await using var pair = await SessionPair.StartAsync(media: new PushMediaOptions { SupportsCema = true });
        await using var peer = await AnsweringAsync(pair, 4321, "p1", again: "m=message 0 TCP/MSRP *\na=path:msrp://127.0.0.1:4321/p1;tcp\na=accept-types:*\n");

        var report = (await pair.Sender.SendFilesAsync(SessionWire.Al, [PushFile.FromBytes("a", "a"u8.ToArray(), "text/plain")]).AsTask().WaitAsync(SessionPair.Patience)).Single();

        var bodies = Invites(peer).Select(Body).ToArray();
        Assert.That((report.Outcome, report.Reason), Is.EqualTo((MsrpSendOutcome.Refused, "The file was not taken: ByPeer")));
        Assert.That(bodies, Has.Length.EqualTo(2));
        Assert.That(bodies[1], Is.EqualTo(bodies[0].Replace("a=msrp-cema\r\n", "", StringComparison.Ordinal).Replace(" 1 IN IP4 ", " 2 IN IP4 ", StringComparison.Ordinal)));
    }

    [Test, Description("SDP-24")]
    public async Task A_far_end_that_refuses_that_is_left_with_BYE()
    {
        await using var pair = await SessionPair.StartAsync(media: new PushMediaOptions { SupportsCema = true });
        await using var peer = await AnsweringAsync(pair, 4321, "p1", again: null);

        var failure = Assert.ThrowsAsync<PushException>(() => pair.Sender.OpenSessionAsync(SessionWire.Al).AsTask().WaitAsync(SessionPair.Patience));

        Assert.That((failure!.Result.Outcome, failure.Result.Reason), Is.EqualTo((PushOutcome.Refused, "Without CEMA the session was not taken: Not Acceptable Here")));
        Assert.That(peer.Messages.Select(SessionWire.Method), Is.EqualTo(["INVITE", "ACK", "INVITE", "ACK", "BYE"]));
    }

    // The first answer is active, and its c= line is not that of the path.
    private static async Task<WirePeer> AnsweringAsync(SessionPair pair, int port, string session, string? again = "")
    {
        var plain = SessionText.Offer(port, session).Replace("actpass", "passive", StringComparison.Ordinal);
        var answers = new Queue<string?>([
            plain.Replace("c=IN IP4 127.0.0.1", "c=IN IP4 192.0.2.99", StringComparison.Ordinal).Replace("passive", "active", StringComparison.Ordinal),
            again switch
            {
                null => null,
                "" => plain.Replace("o=- 1 1", "o=- 1 2", StringComparison.Ordinal),
                _ => plain[..plain.IndexOf("m=", StringComparison.Ordinal)].Replace("o=- 1 1", "o=- 1 2", StringComparison.Ordinal) + again,
            }]);
        var peer = await WirePeer.StartAsync(pair.Network, "udp:192.0.2.9:5060");
        peer.Answer = text => SessionWire.Method(text) switch
        {
            "INVITE" => answers.Dequeue() is { } answer
                ? SessionWire.Reply(text, "200 OK", body: WithFile(answer, text).ReplaceLineEndings("\r\n"))
                : SessionWire.Reply(text, "488 Not Acceptable Here"),
            "BYE" => SessionWire.Reply(text, "200 OK"),
            _ => null,
        };
        return peer;
    }

    // Who takes a file says which.
    private static string WithFile(string answer, string invite) => answer + string.Concat(invite.Split("\r\n")
        .Where(line => line.StartsWith("a=file-selector", StringComparison.Ordinal) || line.StartsWith("a=file-transfer-id", StringComparison.Ordinal))
        .Select(line => line + "\n")) + "a=recvonly\n";

    private static string[] Invites(WirePeer peer) => [.. peer.Messages.Where(text => SessionWire.Method(text) == "INVITE")];

    private static string Body(string message) => message[(message.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
}
