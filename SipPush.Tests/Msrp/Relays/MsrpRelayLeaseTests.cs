using SipPush.Msrp;
using static SipPush.Tests.Msrp.Relays.RelayWire;

namespace SipPush.Tests.Msrp.Relays;

/// <summary>A path through relays while it is used: what goes over it, how it is renewed, how it ends.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class MsrpRelayLeaseTests
{
    // RFC 4976 §5.1: A goes through its own relays B and C, and through D and E to F.
    private const string B = "msrps://b.example.org:9000/bbb;tcp";
    private const string C = "msrps://c.example.org:9000/ccc;tcp";
    private const string DEF = "msrps://d.example.net:9000/ddd;tcp msrps://e.example.net:9000/eee;tcp msrps://f.example.net:8145/fff;tcp";

    [Test]
    [Description("MSRP-49, Edge 50")]
    public async Task Messages_and_reports_pass_the_relays_of_both_ends()
    {
        await using var scene = new RelayWire();
        await using var lease = await scene.GrantAsync($"Use-Path: {B} {C}", "Expires: 900");
        await using var session = scene.Wire.Endpoint.CreateSession(lease);
        Assert.That(session.LocalPath.ToString(), Is.EqualTo($"{C} {B} {Own}"));

        // It binds at once by a SEND without a body, which the first relay answers itself.
        var start = session.StartAsync(RemoteBob(MsrpRole.Active, DEF)).AsTask();
        await scene.Peer.ExpectAsync($"""
            MSRP t000000000000002 SEND
            To-Path: {B} {C} {DEF}
            From-Path: {Own}
            Message-ID: msg1
            Byte-Range: 1-0/0
            -------t000000000000002$
            """);
        await scene.Peer.SendAsync($"""
            MSRP t000000000000002 200 OK
            To-Path: {Own}
            From-Path: {B}
            Message-ID: msg1
            -------t000000000000002$
            """);
        await start.WaitAsync(MsrpWire.Patience);

        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "Hi F"u8.ToArray()) with { SuccessReport = true }).AsTask();
        await scene.Peer.ExpectAsync($"""
            MSRP t000000000000003 SEND
            To-Path: {B} {C} {DEF}
            From-Path: {Own}
            Message-ID: msg2
            Byte-Range: 1-4/4
            Success-Report: yes
            Content-Type: text/plain

            Hi F
            -------t000000000000003$
            """);
        await scene.Peer.SendAsync($"""
            MSRP t000000000000003 200 OK
            To-Path: {Own}
            From-Path: {B}
            Message-ID: msg2
            -------t000000000000003$
            MSRP yh67 REPORT
            To-Path: {Own}
            From-Path: {B} {C} {DEF}
            Message-ID: msg2
            Byte-Range: 1-4/4
            Status: 000 200 OK
            -------yh67$
            """);
        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.Reported));

        // What comes has passed five others. The response is for the last of them, the report for all.
        await scene.Peer.SendAsync($"""
            MSRP xght6 SEND
            To-Path: {Own}
            From-Path: {B} {C} {DEF}
            Success-Report: yes
            Message-ID: 87652
            Byte-Range: 1-*/*
            Content-Type: text/plain

            Hi A
            -------xght6$
            """);
        await scene.Peer.ExpectAsync($"""
            MSRP xght6 200 OK
            To-Path: {B}
            From-Path: {Own}
            -------xght6$
            MSRP t000000000000004 REPORT
            To-Path: {B} {C} {DEF}
            From-Path: {Own}
            Message-ID: 87652
            Byte-Range: 1-4/4
            Status: 000 200 OK
            -------t000000000000004$
            """);
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hi A"));
    }

    [Test]
    [Description("MSRP-51, RFC 4976 §6.4.1")]
    public async Task A_relay_that_had_no_answer_in_time_is_as_good_as_none()
    {
        await using var scene = new RelayWire();
        var (lease, session) = await BindAsync(scene);
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "Hi Bob"u8.ToArray()) with { SuccessReport = true }).AsTask();
        await scene.Peer.ExpectAsync($"""
            MSRP t000000000000003 SEND
            To-Path: {Granted} {Bob}
            From-Path: {Own}
            Message-ID: msg2
            Byte-Range: 1-6/6
            Success-Report: yes
            Content-Type: text/plain

            Hi Bob
            -------t000000000000003$
            """);

        await scene.Peer.SendAsync($"""
            MSRP t000000000000003 200 OK
            To-Path: {Own}
            From-Path: {Granted}
            -------t000000000000003$
            MSRP r3p0 REPORT
            To-Path: {Own}
            From-Path: {Granted}
            Message-ID: msg2
            Byte-Range: 1-6/6
            Status: 000 408 Request Timeout
            -------r3p0$
            """);

        var result = await sending.WaitAsync(MsrpWire.Patience);
        Assert.That((result.Outcome, result.StatusCode), Is.EqualTo((MsrpSendOutcome.TimedOut, 408)));
        Assert.That(session.Completion.IsCompleted, Is.False);
        await lease.DisposeAsync();
    }

    [Test]
    public async Task The_passive_end_waits_for_the_first_SEND_on_the_connection_to_its_relay()
    {
        await using var scene = new RelayWire();
        await using var lease = await scene.GrantAsync();
        await using var session = scene.Wire.Endpoint.CreateSession(lease);
        var start = session.StartAsync(RemoteBob(MsrpRole.Passive)).AsTask();
        var send = $"""
            MSRP bind SEND
            To-Path: {Own}
            From-Path: {Granted} {Bob}
            Message-ID: bind
            -------bind$
            """;

        // Nobody but the relay may have its URI.
        var stranger = scene.Wire.Connect();
        await stranger.SendAsync(send);
        await stranger.ExpectAsync($"""
            MSRP bind 506 Session In Use
            To-Path: {Granted}
            From-Path: {Own}
            -------bind$
            """);
        Assert.That(start.IsCompleted, Is.False);

        await scene.Peer.SendAsync(send);
        await scene.Peer.ExpectAsync($"""
            MSRP bind 200 OK
            To-Path: {Granted}
            From-Path: {Own}
            -------bind$
            """);
        await start.WaitAsync(MsrpWire.Patience);
    }

    [Test]
    [Description("MSRP-50")]
    public async Task A_lease_is_renewed_before_it_expires()
    {
        await using var scene = new RelayWire();
        await scene.ExpectAuthAsync(1);
        await scene.AnswerAsync(1, "401 Unauthorized", """WWW-Authenticate: Digest realm="relay", nonce="nonce1", qop="auth" """);
        await scene.ExpectAuthAsync(2, """
            Authorization: Digest username="Alice", realm="relay", nonce="nonce1", uri="msrps://relay.example.com;tcp", response="a86738c4fd5ef5c47f65f76b51552a9d", cnonce="0000000000000001", qop=auth, nc=00000001
            """);
        await scene.AnswerAsync(2, "200 OK", $"Use-Path: {Granted}", "Expires: 900", """Authentication-Info: nextnonce="nonce2" """);
        await using var lease = await scene.LeaseAsync();
        await KeepsAsync(scene);

        // 60 s before, with the nonce that the relay has named, and so without a challenge.
        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(839.9));
        await scene.Peer.ExpectNothingAsync();
        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(.1));
        await scene.ExpectAuthAsync(3, """
            Authorization: Digest username="Alice", realm="relay", nonce="nonce2", uri="msrps://relay.example.com;tcp", response="9812b5df355c9f69c64d5944858b30ba", cnonce="0000000000000002", qop=auth, nc=00000001
            """);
        await scene.AnswerAsync(3, "200 OK", $"Use-Path: {Granted}", "Expires: 20");
        await KeepsAsync(scene);

        // A short one at half its time.
        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.That(await scene.Peer.ReadAsync(25), Is.EqualTo("MSRP t000000000000004 AUT"));
        Assert.That(lease.Completion.IsCompleted, Is.False);
    }

    [Test]
    [Description("MSRP-50")]
    public async Task A_nonce_that_has_aged_by_the_renewal_is_replaced()
    {
        await using var scene = new RelayWire();
        await scene.ExpectAuthAsync(1);
        await scene.AnswerAsync(1, "401 Unauthorized", """WWW-Authenticate: Digest realm="relay", nonce="nonce1", qop="auth" """);
        await scene.Peer.ReadAsync(1);
        await scene.AnswerAsync(2, "200 OK", $"Use-Path: {Granted}", "Expires: 900");
        await using var lease = await scene.LeaseAsync();
        await KeepsAsync(scene);

        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(840));
        await AnsweredAsync(3);
        await scene.AnswerAsync(3, "401 Unauthorized", """WWW-Authenticate: Digest realm="relay", nonce="nonce3", qop="auth" """);
        await AnsweredAsync(4);
        await scene.AnswerAsync(4, "200 OK", $"Use-Path: {Granted}", "Expires: 900");

        await KeepsAsync(scene);
        Assert.That(lease.Completion.IsCompleted, Is.False);

        async Task AnsweredAsync(int number)
        {
            var text = "";
            while (!text.EndsWith($"-------t{number:D15}$\r\n", StringComparison.Ordinal))
            {
                var more = await scene.Peer.ReadAsync(1);
                Assert.That(more, Is.Not.Empty, text);
                text += more;
            }

            Assert.That(text, Does.Contain(number == 3 ? "nonce=\"nonce1\"" : "nonce=\"nonce3\"").And.Contain(number == 3 ? "nc=00000002" : "nc=00000001"));
        }
    }

    [Test]
    [Description("RFC 4976 §9.4")]
    public async Task A_renewal_that_brings_another_path_moves_the_session()
    {
        const string Other = "msrps://relay.example.com:9000/other;tcp";
        var told = new List<string>();
        await using var scene = new RelayWire(options => options with { OnPathChanged = lease => told.Add(lease.LocalPath.ToString()) });
        var (lease, session) = await BindAsync(scene);
        await KeepsAsync(scene);

        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(840));
        await scene.ExpectAuthAsync(3);
        await scene.AnswerAsync(3, "200 OK", $"Use-Path: {Other}", "Expires: 900");
        await KeepsAsync(scene);

        Assert.That(told, Is.EqualTo([$"{Other} {Own}"]));
        Assert.That(session.LocalPath.ToString(), Is.EqualTo($"{Other} {Own}"));
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "Hi Bob"u8.ToArray()) with { FailureReport = FailureReportMode.No }).AsTask();
        await scene.Peer.ExpectAsync($"""
            MSRP t000000000000004 SEND
            To-Path: {Other} {Bob}
            From-Path: {Own}
            Message-ID: msg2
            Byte-Range: 1-6/6
            Failure-Report: no
            Content-Type: text/plain

            Hi Bob
            -------t000000000000004$
            """);
        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.Sent));

        // Who has not heard of it yet uses the former one.
        await scene.Peer.SendAsync($"""
            MSRP xght6 SEND
            To-Path: {Own}
            From-Path: {Granted} {Bob}
            Message-ID: 87652
            -------xght6$
            """);
        await scene.Peer.ExpectAsync($"""
            MSRP xght6 200 OK
            To-Path: {Granted}
            From-Path: {Own}
            -------xght6$
            """);
        await lease.DisposeAsync();
    }

    [Test]
    public async Task A_renewal_without_an_answer_is_tried_again_while_the_path_is_valid()
    {
        await using var scene = new RelayWire();
        var (lease, session) = await BindAsync(scene);
        await KeepsAsync(scene);

        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(840));
        await scene.ExpectAuthAsync(3);
        await scene.AnswerAsync(3, "500 Busy");
        await KeepsAsync(scene);
        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(5));
        await scene.ExpectAuthAsync(4);
        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(30));
        await KeepsAsync(scene, timers: 1);
        Assert.That(lease.Completion.IsCompleted, Is.False);

        // 35 s have gone; the next would not be answered before the end.
        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(5));
        await scene.ExpectAuthAsync(5);
        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(30));

        await lease.Completion.WaitAsync(MsrpWire.Patience);
        Assert.That((lease.Failure as MsrpException)?.StatusCode, Is.EqualTo(408));
        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.ConnectionLost));
    }

    [TestCase("401 Unauthorized", 401)]
    [TestCase("403 Forbidden", 403)]
    public async Task A_refused_renewal_ends_lease_session_and_connection(string status, int code)
    {
        await using var scene = new RelayWire();
        var (lease, session) = await BindAsync(scene);
        await KeepsAsync(scene);

        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(840));
        await scene.ExpectAuthAsync(3);
        await scene.AnswerAsync(3, status);

        await lease.Completion.WaitAsync(MsrpWire.Patience);
        Assert.That((lease.Failure as MsrpException)?.StatusCode, Is.EqualTo(code));
        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.ConnectionLost));
        await scene.Peer.ExpectEndAsync(isBroken: false);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_connection_to_the_relay_that_breaks_ends_lease_and_session(bool isBound)
    {
        await using var scene = new RelayWire();
        MsrpRelayLease lease;
        MsrpSession session;
        if (isBound)
        {
            (lease, session) = await BindAsync(scene);
        }
        else
        {
            lease = await scene.GrantAsync();
            session = scene.Wire.Endpoint.CreateSession(lease);
        }

        scene.Peer.Break();

        await lease.Completion.WaitAsync(MsrpWire.Patience);
        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.ConnectionLost));
        Assert.That(lease.Failure, Is.InstanceOf<MsrpException>());
        Assert.That(() => scene.Wire.Endpoint.CreateSession(lease), Throws.InvalidOperationException);
    }

    [Test]
    public async Task A_session_that_ends_leaves_the_lease_and_a_lease_that_ends_takes_the_session_along()
    {
        await using var scene = new RelayWire();
        var (lease, session) = await BindAsync(scene);
        Assert.That(() => scene.Wire.Endpoint.CreateSession(lease), Throws.InvalidOperationException.With.Message.Contains("for one session"));

        await session.DisposeAsync();
        await scene.Peer.ExpectNothingAsync();
        Assert.That(lease.Completion.IsCompleted, Is.False);
        await lease.DisposeAsync();

        Assert.That((lease.Completion.IsCompletedSuccessfully, lease.Failure), Is.EqualTo((true, (Exception?)null)));
        await scene.Peer.ExpectEndAsync(isBroken: false);
    }

    [Test]
    public async Task A_lease_without_a_time_is_kept_as_it_is()
    {
        await using var scene = new RelayWire();
        await using var lease = await scene.GrantAsync($"Use-Path: {Granted}");

        scene.Wire.Clock.Advance(TimeSpan.FromDays(1));

        await scene.Peer.ExpectNothingAsync();
        Assert.That(lease.Completion.IsCompleted, Is.False);
    }

    private static async Task<(MsrpRelayLease Lease, MsrpSession Session)> BindAsync(RelayWire scene)
    {
        var lease = await scene.GrantAsync();
        var session = scene.Wire.Endpoint.CreateSession(lease);
        var start = session.StartAsync(RemoteBob(MsrpRole.Active)).AsTask();
        await scene.Peer.ExpectAsync($"""
            MSRP t000000000000002 SEND
            To-Path: {Granted} {Bob}
            From-Path: {Own}
            Message-ID: msg1
            Byte-Range: 1-0/0
            -------t000000000000002$
            """);
        await scene.Peer.SendAsync($"""
            MSRP t000000000000002 200 OK
            To-Path: {Own}
            From-Path: {Granted}
            -------t000000000000002$
            """);
        await start.WaitAsync(MsrpWire.Patience);
        return (lease, session);
    }

    // The timer of the renewal, or of its next attempt, has been set: beside the one of the connection, which still looks for the answer that has come.
    private static Task KeepsAsync(RelayWire scene, int timers = 2) => MsrpWire.UntilAsync(() => scene.Wire.Clock.ActiveTimers >= timers, "no timer");
}
