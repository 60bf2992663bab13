using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>Calls between two user agents of this library with Kamailio between them, which stays on the way of each request.</summary>
[TestFixture, Category("Interop"), Parallelizable(ParallelScope.All)]
public sealed class KamailioCallTests
{
    [TestCase("udp", "tcp", true)]
    [TestCase("tcp", "udp", false)]
    [Description("SIP-17, SIP-20, SIP-66")]
    public async Task A_call_lives_by_GRUU_and_a_double_Record_Route(string callerBy, string calleeBy, bool callerEnds)
    {
        await using var core = await KamailioCore.StartAsync(new KamailioOptions { Authentication = true });
        await using var alice = await CallParty.RegisterAsync(core, "alice", callerBy);
        await using var bob = await CallParty.RegisterAsync(core, "bob", calleeBy);
        await using var capture = await Capture.StartAsync(core.Gm.Port, alice.Port, bob.Port);

        var id = await CallFlow.RunAsync(alice, bob, callerEnds);

        var seen = await capture.ReadAsync();
        Assert.That(seen.Where(message => message.Malformed || message.Warnings.Count > 0), Is.Empty);
        Assert.That(core.Log.Where(line => line.Contains("ERROR", StringComparison.Ordinal) || line.Contains("WARNING", StringComparison.Ordinal)), Is.Empty);
        var call = seen.Where(message => message.CallId == id.CallId).ToList();
        Assert.That(call.Any(message => message.Transport == "udp") && call.Any(message => message.Transport == "tcp"), Is.True);

        // What each end gives the core in the dialog: the GRUU of the other, and both sides of the core as route.
        var given = call.Where(message => message.Method is not null && message.DestinationPort == core.Gm.Port).ToList();
        var inDialog = given.Skip(1).ToList();
        Assert.That(inDialog.Select(request => request.RequestUri).Distinct(), Is.EquivalentTo([alice.Gruu.ToString(), bob.Gruu.ToString()]));
        Assert.That(inDialog.Select(request => Field(request, "Route").Split(',', StringSplitOptions.TrimEntries).Length), Is.All.EqualTo(2));
        Assert.That(inDialog.Select(request => Field(request, "Route").Split(";r2=on").Length), Is.All.EqualTo(3));

        // The core takes itself off the route, and finds the contact behind the GRUU.
        var handedOn = call.Where(message => message.Method is not null && message.DestinationPort != core.Gm.Port).ToList();
        Assert.That(handedOn, Has.Count.EqualTo(given.Count));
        Assert.That(handedOn.SelectMany(request => request.HeaderFields), Has.None.StartsWith("Route:"));

        var caller = given.Where(request => Field(request, "From").EndsWith($";tag={id.LocalTag}", StringComparison.Ordinal)).ToList();
        var callee = given.Except(caller).ToList();
        Assert.That(caller.Skip(1).Select(request => Field(request, "To")), Is.All.EndsWith($";tag={id.RemoteTag}"));
        Assert.That(callee.Select(request => Field(request, "From")), Is.All.EndsWith($";tag={id.RemoteTag}"));
        Assert.That(callee.Select(request => Field(request, "To")), Is.All.EndsWith($";tag={id.LocalTag}"));
        string[] callerSays = ["1 INVITE", "1 ACK", "2 INVITE", "2 ACK", "3 UPDATE"];
        string[] calleeSays = ["1 INVITE", "1 ACK", "2 UPDATE"];
        Assert.That(caller.Select(request => request.CSeq), Is.EqualTo(callerEnds ? [.. callerSays, "4 BYE"] : callerSays));
        Assert.That(callee.Select(request => request.CSeq), Is.EqualTo(callerEnds ? calleeSays : [.. calleeSays, "3 BYE"]));
    }

    [Test, Description("RFC 3261 §9")]
    public async Task CANCEL_while_it_rings_leaves_nothing_behind()
    {
        await using var core = await KamailioCore.StartAsync(new KamailioOptions());
        await using var alice = await CallParty.RegisterAsync(core, "alice", "udp");
        await using var bob = await CallParty.RegisterAsync(core, "bob", "tcp");
        bob.TakeCalls(async (_, token) => await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token));
        await using var capture = await Capture.StartAsync(core.Gm.Port, alice.Port, bob.Port);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(alice.Token);

        var calling = alice.User.InviteAsync(AgentPair.Bob, new InviteOptions { Offer = CallParty.Sdp(1) }, giveUp.Token).AsTask();
        await alice.UntilAsync(message => !message.Sent && message.Text.StartsWith("SIP/2.0 180", StringComparison.Ordinal));
        await giveUp.CancelAsync();

        Assert.That(async () => await calling, Throws.InstanceOf<OperationCanceledException>());
        await alice.UntilAsync(message => message.Sent && message.Text.StartsWith("ACK", StringComparison.Ordinal));
        await bob.UntilAsync(message => !message.Sent && message.Text.StartsWith("ACK", StringComparison.Ordinal));
        await alice.UntilQuietAsync();
        await bob.UntilQuietAsync();

        var seen = await capture.ReadAsync();
        var call = seen.Where(message => message.CSeq is "1 INVITE" or "1 CANCEL" or "1 ACK").ToList();
        Assert.That(call.Where(message => message.Malformed || message.Warnings.Count > 0), Is.Empty);
        var toCore = call.Where(message => message.Method is not null && message.DestinationPort == core.Gm.Port).ToList();
        Assert.That(toCore.Select(message => message.Method), Is.EqualTo(["INVITE", "CANCEL", "ACK"]));
        Assert.That(toCore.Select(message => message.RequestUri).Distinct().Count(), Is.EqualTo(1));
        Assert.That(toCore.Select(message => Field(message, "Via")).Distinct().Count(), Is.EqualTo(1));
        Assert.That(toCore.Select(message => Field(message, "From")).Distinct().Count(), Is.EqualTo(1));
        var toAlice = call.Where(message => message.StatusCode is not null && message.DestinationPort == alice.Port);
        Assert.That(toAlice.Select(message => $"{message.StatusCode} {message.CSeq}"), Is.EquivalentTo(["100 1 INVITE", "180 1 INVITE", "200 1 CANCEL", "487 1 INVITE"]));
    }

    [Test]
    public async Task A_refusal_of_the_called_comes_to_the_caller()
    {
        await using var core = await KamailioCore.StartAsync(new KamailioOptions());
        await using var alice = await CallParty.RegisterAsync(core, "alice", "tcp");
        await using var bob = await CallParty.RegisterAsync(core, "bob", "udp");
        bob.User.HandleInvitations((invitation, token) => new ValueTask(invitation.RejectAsync(486, retryAfter: TimeSpan.FromSeconds(40), cancellationToken: token).AsTask()));

        var result = await alice.User.InviteAsync(AgentPair.Bob, new InviteOptions { Offer = CallParty.Sdp(1) }, alice.Token);

        Assert.That((result.StatusCode, result.Response?.RetryAfter), Is.EqualTo((486, TimeSpan.FromSeconds(40))));
        await bob.UntilAsync(message => !message.Sent && message.Text.StartsWith("ACK", StringComparison.Ordinal));
        await alice.UntilQuietAsync();
        await bob.UntilQuietAsync();
    }

    [TestCase("udp", "MD5")]
    [TestCase("tcp", "SHA-256")]
    [Description("SIP-76")]
    public async Task An_INVITE_and_the_requests_in_its_dialog_answer_their_challenges(string transport, string algorithm)
    {
        await using var core = await KamailioCore.StartAsync(new KamailioOptions { Authentication = true, CallAuthentication = true, Algorithm = algorithm });
        await using var alice = await CallParty.RegisterAsync(core, "alice", transport);
        await using var bob = await CallParty.RegisterAsync(core, "bob", transport);

        await CallFlow.RunAsync(alice, bob, callerEnds: true);

        string[] methods = ["INVITE", "ACK", "UPDATE", "BYE"];
        var said = alice.Tap.Said.Where(message => methods.Contains(message[..message.IndexOf(' ', StringComparison.Ordinal)])).Distinct().ToList();
        Assert.That(said.Select(message => Line(message, "CSeq")).Take(4), Is.EqualTo(["CSeq: 1 INVITE", "CSeq: 1 ACK", "CSeq: 2 INVITE", "CSeq: 2 ACK"]));
        Assert.That(said.Take(4).Select(message => Line(message, "Call-ID")).Distinct().Count(), Is.EqualTo(1));
        Assert.That(said.Take(4).Select(message => Line(message, "From")).Distinct().Count(), Is.EqualTo(1));
        Assert.That(Line(said[1], "Via"), Is.EqualTo(Line(said[0], "Via")));
        Assert.That(Line(said[2], "Via"), Is.Not.EqualTo(Line(said[0], "Via")));
        Assert.That(said[0], Does.Not.Contain("\r\nProxy-Authorization: "));
        Assert.That(said[2], Does.Contain("\r\nProxy-Authorization: "));

        // RFC 3261 §22.1: the ACK of a 2xx has the credentials of its INVITE.
        Assert.That(said[3], Does.Contain("\r\nProxy-Authorization: "));
        Assert.That(alice.Tap.Heard.Concat(bob.Tap.Heard).Where(message => message.StartsWith("SIP/2.0 403", StringComparison.Ordinal)), Is.Empty);
    }

    [Test, Description("RFC 3261 §16.7, step 10")]
    public async Task Of_two_places_the_first_that_accepts_has_the_call_and_the_other_is_cancelled()
    {
        await using var core = await KamailioCore.StartAsync(new KamailioOptions());
        await using var alice = await CallParty.RegisterAsync(core, "alice", "udp");
        await using var desk = await CallParty.RegisterAsync(core, "bob", "tcp");
        await using var mobile = await CallParty.RegisterAsync(core, "bob", "udp");
        desk.TakeCalls(async (_, token) => await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token));
        mobile.TakeCalls(async (_, _) => await alice.UntilAsync(message => !message.Sent && message.Text.StartsWith("SIP/2.0 180", StringComparison.Ordinal), 2));

        var session = await alice.CallAsync(AgentPair.Bob);
        var called = await mobile.CalledAsync();
        await desk.UntilAsync(message => !message.Sent && message.Text.StartsWith("ACK", StringComparison.Ordinal));
        Assert.That(session.Dialog.RemoteTarget.IsSameGruu(mobile.Gruu), Is.True, session.Dialog.RemoteTarget.ToString());
        Assert.That(alice.Stack.Sessions.Count, Is.EqualTo(1));
        await session.EndAsync(alice.Token);

        Assert.That((await called.Completion).Cause, Is.EqualTo(SipSessionEndCause.Remote));
        Assert.That(desk.Tap.Said.Count(message => message.StartsWith("SIP/2.0 487", StringComparison.Ordinal)), Is.EqualTo(1));
        Assert.That(desk.Tap.Heard.Count(message => message.StartsWith("CANCEL", StringComparison.Ordinal)), Is.EqualTo(1));
        await desk.UntilQuietAsync();
        await mobile.UntilQuietAsync();
        await alice.UntilQuietAsync();
    }

    private static string Field(CapturedSip message, string name) =>
        string.Join(',', message.HeaderFields.Where(line => line.StartsWith($"{name}: ", StringComparison.Ordinal)).Select(line => line[(name.Length + 2)..]));

    private static string Line(string message, string name) =>
        message.Split("\r\n").First(line => line.StartsWith($"{name}:", StringComparison.Ordinal));
}
