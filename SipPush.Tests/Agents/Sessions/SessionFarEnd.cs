using SipPush.Msrp;
using SipPush.Tests.Sip.Dialogs;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>A far end of the sender, at 192.0.2.9: what it says by SIP is literal text, its MSRP sessions are real. It answers BYE.</summary>
internal sealed class SessionFarEnd : IAsyncDisposable
{
    private readonly SessionPair _pair;
    private readonly WirePeer _sip;

    private SessionFarEnd(SessionPair pair, WirePeer sip)
    {
        _pair = pair;
        _sip = sip;
        Media = pair.StartMedia();
        sip.Answer = text => SessionWire.Method(text) == "BYE" ? SessionWire.Reply(text, "200 OK") : null;
    }

    public MsrpEndpoint Media { get; }

    /// <summary>The INVITE that began the session.</summary>
    public string Invite => _sip.Messages[0];

    public static async Task<SessionFarEnd> StartAsync(SessionPair pair) => new(pair, await WirePeer.StartAsync(pair.Network, "udp:192.0.2.9:5060"));

    /// <summary>A description of one of its MSRP sessions.</summary>
    public string Describe(MsrpSession session, int version = 1, string setup = "actpass", string more = "") =>
        SessionText.Offer(Media.LocalEndPoint!.Port, session.LocalUri.SessionId!, version).Replace("a=setup:actpass", $"a=setup:{setup}{more}", StringComparison.Ordinal).ReplaceLineEndings("\r\n");

    /// <summary>Has the sender open a session, and answers that it waits to be connected to.</summary>
    public async Task<(PushSession Session, MsrpSession Messages)> TakeAsync(MsrpSessionOptions? options = null, string more = "")
    {
        var messages = Media.CreateSession(options);
        var opening = _pair.Sender.OpenSessionAsync(SessionWire.Al).AsTask();
        await ReplyAsync(await HearAsync("INVITE"), "200 OK", Describe(messages, setup: "passive", more: more));
        await BindAsync(messages, Invite, MsrpRole.Passive);
        return (await opening.WaitAsync(SessionPair.Patience), messages);
    }

    /// <summary>Goes on to what a description of the sender says.</summary>
    public static Task BindAsync(MsrpSession session, string description, MsrpRole role) =>
        session.StartAsync(new MsrpRemote { Path = MsrpPath.Parse(SessionText.PathOf(description)), Role = role }).AsTask().WaitAsync(SessionPair.Patience);

    /// <summary>The message with that method, or that status, and with that CSeq where it counts.</summary>
    public async Task<string> HearAsync(string start, string sequence = "")
    {
        string? heard = null;
        await SessionPair.UntilAsync(() => (heard = Find(start, sequence)) is not null, $"{start} {sequence}");
        return heard!;
    }

    public string? Find(string start, string sequence) =>
        _sip.Messages.FirstOrDefault(text => text.StartsWith(start, StringComparison.Ordinal) && text.Contains($"\r\nCSeq: {sequence}", StringComparison.Ordinal));

    public Task ReplyAsync(string request, string status, string body = "") => _sip.ReplyAsync(SessionWire.Reply(request, status, body: body));

    /// <summary>Sends a request in the dialog, and gives its final response; that to an INVITE is acknowledged.</summary>
    public async Task<string> AskAsync(string method, int number, string body = "")
    {
        await SayAsync(method, number, body);
        string? answer = null;
        await SessionPair.UntilAsync(() => (answer = _sip.Messages.FirstOrDefault(text => IsFinal(text, $"{number} {method}"))) is not null, $"{number} {method}");
        if (method == "INVITE")
        {
            // The ACK of a refusal belongs to its transaction, and has its branch.
            await SayAsync("ACK", number, "", isOfTransaction: answer![8] != '2');
        }

        return answer!;
    }

    public async ValueTask DisposeAsync()
    {
        await Media.DisposeAsync();
        await _sip.DisposeAsync();
    }

    private Task SayAsync(string method, int number, string body, bool isOfTransaction = false)
    {
        var text = SessionWire.FromFarEnd(Invite, method, number, body).Replace("192.0.2.1:5060", "192.0.2.20:5060", StringComparison.Ordinal);
        return _sip.SendAsync("udp:192.0.2.20:5060", isOfTransaction ? text.Replace($"branch=z9hG4bKal{method}", "branch=z9hG4bKalINVITE", StringComparison.Ordinal) : text);
    }

    private static bool IsFinal(string text, string sequence) =>
        text.StartsWith("SIP/2.0 ", StringComparison.Ordinal) && text[8] > '1' && text.Contains($"\r\nCSeq: {sequence}\r\n", StringComparison.Ordinal);
}
