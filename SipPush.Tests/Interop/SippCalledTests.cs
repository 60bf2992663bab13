using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>Sipp is called, and answers late, several times, from two places, or not at all.</summary>
[TestFixture, Category("Interop"), Parallelizable(ParallelScope.All)]
public sealed class SippCalledTests
{
    // On the loopback the answers come at once, so what is lost need not be missed for half a second.
    private static readonly SipTimers Timers = new()
    {
        T1 = TimeSpan.FromMilliseconds(100),
        T2 = TimeSpan.FromMilliseconds(400),
        T4 = TimeSpan.FromMilliseconds(400),
    };

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_call_is_made_and_ended(bool tcp)
    {
        await using var sipp = await Sipp.StartAsync("invite_uas", new SippOptions { Tcp = tcp });
        await using var alice = await StartAsync();

        var session = await CallAsync(alice, sipp, tcp: tcp);
        Assert.That(session.RemoteDescription?.ContentType, Is.EqualTo("application/sdp"));
        await session.EndAsync(alice.Token);

        var run = await EndAsync(sipp, alice);
        Assert.That(Of(run, "INVITE", "ACK", "BYE").Select(request => Line(request, "CSeq")), Is.EqualTo(["CSeq: 1 INVITE", "CSeq: 1 ACK", "CSeq: 2 BYE"]), () => string.Join("\n", run.Messages));
    }

    [Test, Description("SIP-17")]
    public async Task Each_repetition_of_the_200_is_acknowledged()
    {
        await using var sipp = await Sipp.StartAsync("invite_uas_repeat", new SippOptions { Tcp = true, Retransmissions = false });
        await using var alice = await StartAsync();

        // Over TCP, so that the INVITE does not come again to a sipp that takes its time.
        var session = await CallAsync(alice, sipp, tcp: true);
        await alice.UntilAsync(message => message is { Sent: true, Text: ['A', 'C', 'K', ..] }, 3);
        await session.EndAsync(alice.Token);

        var run = await EndAsync(sipp, alice);
        Assert.That(run.Received.Count(message => message.StartsWith("ACK ", StringComparison.Ordinal)), Is.EqualTo(3));
        Assert.That(Line(Of(run, "ACK").Single(), "Via"), Is.Not.EqualTo(Line(Of(run, "INVITE").Single(), "Via")));
    }

    [Test]
    public async Task When_the_first_copy_of_every_message_is_lost_each_call_is_made_and_ended()
    {
        const int Calls = 3;
        await using var sipp = await Sipp.StartAsync("invite_uas", new SippOptions { Calls = Calls, Limit = TimeSpan.FromSeconds(60) });
        await using var relay = new LosingRelay(sipp.Port);
        await using var alice = await StartAsync();

        var ends = await Task.WhenAll(Enumerable.Range(0, Calls).Select(async _ =>
        {
            var session = await alice.CallAsync(SipUri.Parse($"sip:bob@127.0.0.1:{relay.Port};transport=udp"), options => options with { Prepare = CallParty.ToBob });
            await session.EndAsync(alice.Token);
            return await session.Completion;
        }));

        Assert.That(ends.Select(end => end.Cause), Is.All.EqualTo(SipSessionEndCause.Local));
        await EndAsync(sipp, alice);

        // INVITE, its 200, BYE and its 200; the ACK is lost where the 200 has to come once more for it.
        Assert.That(relay.Lost, Has.Count.GreaterThanOrEqualTo(4 * Calls));
    }

    [Test, Description("SIP-18, SIP-93")]
    public async Task A_200_that_crosses_CANCEL_is_acknowledged_and_ended()
    {
        await using var sipp = await Sipp.StartAsync("invite_uas_late", new SippOptions());
        await using var alice = await StartAsync();
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(alice.Token);

        var calling = alice.User.InviteAsync(Target(sipp), Options(), giveUp.Token).AsTask();
        await alice.UntilAsync(message => message is { Sent: false, Text: ['S', 'I', 'P', '/', '2', '.', '0', ' ', '1', '8', '0', ..] });
        await giveUp.CancelAsync();

        Assert.That(async () => await calling, Throws.InstanceOf<OperationCanceledException>());
        var run = await EndAsync(sipp, alice);
        var invite = Of(run, "INVITE").Single();
        Assert.That(Line(Of(run, "CANCEL").Single(), "Via"), Is.EqualTo(Line(invite, "Via")));
        Assert.That(Line(Of(run, "CANCEL").Single(), "CSeq"), Is.EqualTo("CSeq: 1 CANCEL"));
        Assert.That(Line(Of(run, "BYE").Single(), "CSeq"), Is.EqualTo("CSeq: 2 BYE"));
    }

    [Test, Description("SIP-93")]
    public async Task The_second_place_that_accepts_is_acknowledged_and_left()
    {
        await using var sipp = await Sipp.StartAsync("invite_uas_fork", new SippOptions());
        await using var alice = await StartAsync();

        var session = await CallAsync(alice, sipp);
        Assert.That(session.Dialog.Id.RemoteTag, Does.EndWith("b"));
        await alice.UntilAsync(message => message is { Sent: true, Text: ['B', 'Y', 'E', ..] });
        Assert.That(session.Completion.IsCompleted, Is.False);
        await session.EndAsync(alice.Token);

        var run = await EndAsync(sipp, alice);
        var tags = Of(run, "ACK", "BYE").Select(request => $"{request[..3]} {Line(request, "To")[^1]}");
        Assert.That(tags, Is.EqualTo(["ACK b", "ACK a", "BYE a", "BYE b"]));
    }

    [Test, Description("RFC 3261 §14.1")]
    public async Task A_re_INVITE_that_meets_another_is_sent_again()
    {
        await using var sipp = await Sipp.StartAsync("invite_uas_491", new SippOptions());
        await using var alice = await StartAsync();

        var session = await CallAsync(alice, sipp);
        var changed = await session.ReinviteAsync(CallParty.Sdp(2), alice.Token);
        await session.EndAsync(alice.Token);

        Assert.That(changed.StatusCode, Is.EqualTo(200));
        var run = await EndAsync(sipp, alice);
        Assert.That(Of(run, "INVITE", "ACK", "BYE").Select(request => Line(request, "CSeq")), Is.EqualTo(
            ["CSeq: 1 INVITE", "CSeq: 1 ACK", "CSeq: 2 INVITE", "CSeq: 2 ACK", "CSeq: 3 INVITE", "CSeq: 3 ACK", "CSeq: 4 BYE"]));
    }

    [TestCase("invite_uas_302", 302, "Contact: <sip:carol@127.0.0.1:9>")]
    [TestCase("invite_uas_486", 486, "Retry-After: 40")]
    [TestCase("invite_uas_503", 503, "Retry-After: 30")]
    public async Task A_refusal_is_acknowledged_and_told(string scenario, int status, string header)
    {
        await using var sipp = await Sipp.StartAsync(scenario, new SippOptions());
        await using var alice = await StartAsync();

        var result = await alice.User.InviteAsync(Target(sipp), Options(), alice.Token);

        Assert.That(result.StatusCode, Is.EqualTo(status));
        Assert.That(result.Response?.ToString(), Does.Contain(header));
        Assert.That(result.Session, Is.Null);
        var run = await EndAsync(sipp, alice);
        Assert.That(Line(Of(run, "ACK").Single(), "Via"), Is.EqualTo(Line(Of(run, "INVITE").Single(), "Via")));
    }

    [Test, Description("RFC 3262 §4")]
    public async Task A_reliable_provisional_response_is_acknowledged_once()
    {
        await using var sipp = await Sipp.StartAsync("invite_uas_reliable", new SippOptions());
        await using var alice = await StartAsync();

        var session = await CallAsync(alice, sipp, options => options with { ReliableProvisionals = true });
        await session.EndAsync(alice.Token);

        var run = await EndAsync(sipp, alice);
        Assert.That(Line(Of(run, "PRACK").Single(), "RAck"), Is.EqualTo("RAck: 7 1 INVITE"));
        Assert.That(Of(run, "PRACK", "ACK", "BYE").Select(request => Line(request, "CSeq")), Is.EqualTo(["CSeq: 2 PRACK", "CSeq: 1 ACK", "CSeq: 3 BYE"]));
    }

    private static Task<CallParty> StartAsync() => CallParty.StartAsync("alice", options => options with { Timers = Timers });

    private static SipUri Target(Sipp sipp, bool tcp = false) => SipUri.Parse($"sip:bob@127.0.0.1:{sipp.Port};transport={(tcp ? "tcp" : "udp")}");

    private static InviteOptions Options() => new() { Offer = CallParty.Sdp(1), Prepare = CallParty.ToBob };

    private static Task<SipSession> CallAsync(CallParty alice, Sipp sipp, Func<InviteOptions, InviteOptions>? change = null, bool tcp = false) =>
        alice.CallAsync(Target(sipp, tcp), options => (change is null ? options : change(options)) with { Prepare = CallParty.ToBob });

    private static async Task<SippResult> EndAsync(Sipp sipp, CallParty alice)
    {
        var run = await sipp.WaitAsync();
        Assert.That(run.ExitCode, Is.Zero, () => $"{run.Output}\n{string.Join("\n", run.Messages)}");
        await alice.UntilQuietAsync();
        return run;
    }

    // Once each, however often one came again.
    private static IEnumerable<string> Of(SippResult run, params string[] methods) =>
        run.Received.Where(message => methods.Contains(message[..message.IndexOf(' ', StringComparison.Ordinal)])).Distinct();

    private static string Line(string message, string name) =>
        message.Split("\r\n").First(line => line.StartsWith($"{name}:", StringComparison.Ordinal));
}
