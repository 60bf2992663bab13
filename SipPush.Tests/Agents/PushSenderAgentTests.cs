using SipPush.Sip;

namespace SipPush.Tests.Agents;

public sealed class PushSenderAgentTests
{
    private static readonly SipUri Bob = SipUri.Parse("sip:user@domain.com");
    private static readonly PushContent Picture = PushContent.FromBytes("\0\u0001"u8.ToArray(), "application/vnd.wap.mms-message");

    private AgentWire _wire = null!;

    [TearDown]
    public async Task Stop() => await _wire.DisposeAsync();

    [Test]
    [Description("PUSH-10, PUSH-13, PUSH-14, PUSH-17, SIP-83, SIP-85")]
    public async Task A_trusted_sender_writes_the_message_of_the_flow()
    {
        await using var sender = await StartAsync(new PushSenderOptions { Application = "mms.ua" });
        _wire.Answer = request => AgentWire.Response(request, 200);

        var result = await sender.SendAsync(Bob, Picture);

        Assert.That(WithoutBranch(await _wire.NextAsync()), Is.EqualTo("""
            MESSAGE sip:user@domain.com SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.10:5060;branch=<branch>;rport
            Max-Forwards: 70
            From: <sip:psa@domain.com>;tag=0000000000000001
            To: <sip:user@domain.com>
            Call-ID: 00000000000000000000000000000002
            CSeq: 1 MESSAGE
            P-Asserted-Identity: <sip:psa@domain.com>
            P-Asserted-Service: urn:urn-7:3gpp-service.ims.icsi.omapush
            Supported: gruu
            Accept-Contact: *;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush";+g.oma.pusheventapp="mms.ua";require;explicit
            Content-Type: application/vnd.oma.push
            Content-Length: 99

            Content-Type: application/vnd.wap.mms-message
            X-Wap-Application-Id: x-wap-application:mms.ua


            """.ReplaceLineEndings("\n") + "\0\u0001"));
        Assert.That((result.Outcome, result.StatusCode, result.IsDelivered, result.Stored), Is.EqualTo((PushOutcome.Delivered, 200, true, false)));
    }

    [Test]
    [Description("PUSH-14, PUSH-21")]
    public async Task A_sender_that_is_not_trusted_only_prefers()
    {
        await using var sender = await StartAsync(new PushSenderOptions(), trusted: false);
        _wire.Answer = request => AgentWire.Response(request, 200);

        await sender.SendAsync(Bob, Picture, new PushOptions { Flags = PushFlags.ContentTrusted | PushFlags.LastPushMessage });

        var message = await _wire.NextAsync();
        Assert.That(message, Does.Contain("\nP-Preferred-Identity: <sip:psa@domain.com>\nP-Preferred-Service: urn:urn-7:3gpp-service.ims.icsi.omapush\n"));
        Assert.That(message, Does.Not.Contain("P-Asserted").And.Contain("\nPush-Flag: 4\n"));
    }

    [TestCase("application/vnd.omaloc-supl-init", false)]
    [TestCase("application/vnd.oma.push", true)]
    [Description("PUSH-22")]
    public async Task Content_is_carried_unchanged_without_an_envelope_or_when_it_is_one(string type, bool envelope)
    {
        await using var sender = await StartAsync(new PushSenderOptions());
        _wire.Answer = request => AgentWire.Response(request, 200);

        await sender.SendAsync(Bob, PushContent.FromBytes("octets"u8.ToArray(), type), new PushOptions { Envelope = envelope });

        Assert.That(await _wire.NextAsync(), Does.Contain($"\nContent-Type: {type}\n").And.EndWith("\nContent-Length: 6\n\noctets"));
    }

    [Test]
    [Description("PUSH-13, SIP-89")]
    public async Task Options_reach_the_wire()
    {
        await using var sender = await StartAsync(new PushSenderOptions { Require = false, Explicit = false });
        _wire.Answer = request => AgentWire.Response(request, 200);

        await sender.SendAsync(Bob, Picture, new PushOptions
        {
            Application = "ulp.ua",
            Expires = TimeSpan.FromMinutes(5),
            Priority = "urgent",
            Target = SipUri.Parse("sip:user@domain.com;gr=1"),
            Identity = SipUri.Parse("sip:news@domain.com"),
            Headers = [new SipHeader("Subject", "Tea")],
        });

        var message = await _wire.NextAsync();
        Assert.That(message, Does.StartWith("MESSAGE sip:user@domain.com;gr=1 SIP/2.0\n").And.Contain("\nTo: <sip:user@domain.com>\n"));
        Assert.That(message, Does.Contain("\nP-Asserted-Identity: <sip:news@domain.com>\n").And.Contain("\nSubject: Tea\n").And.Contain("\nPriority: urgent\n"));
        Assert.That(message, Does.Contain("\nDate: Sat, 01 Jan 2000 00:00:00 GMT\nExpires: 300\n").And.Contain(";+g.oma.pusheventapp=\"ulp.ua\"\n"));
    }

    [TestCase("P-Called-Party-ID")]
    [TestCase("Route")]
    [TestCase("m")]
    [TestCase("v")]
    [TestCase("P-Asserted-Identity")]
    [Description("SIP-81, SIP-84")]
    public async Task Headers_of_the_library_are_refused(string name)
    {
        await using var sender = await StartAsync(new PushSenderOptions());

        Assert.That(
            async () => await sender.SendAsync(Bob, Picture, new PushOptions { Headers = [new SipHeader(name, "<sip:x@y>")] }),
            Throws.ArgumentException);
        Assert.That((_wire.Arrived, sender.Turns.Count), Is.EqualTo((0, 0)));
    }

    [TestCase(200, PushOutcome.Delivered, true)]
    [TestCase(202, PushOutcome.Stored, true)]
    [TestCase(302, PushOutcome.Refused, false)]
    [TestCase(480, PushOutcome.Refused, false)]
    [TestCase(603, PushOutcome.Refused, false)]
    [Description("SIP-88")]
    public async Task The_answer_is_the_result(int status, PushOutcome outcome, bool delivered)
    {
        await using var sender = await StartAsync(new PushSenderOptions());
        _wire.Answer = request => AgentWire.Response(request, status, "Retry-After: 7");

        var result = await sender.SendAsync(Bob, Picture);

        Assert.That((result.Outcome, result.StatusCode, result.IsDelivered), Is.EqualTo((outcome, status, delivered)));
        Assert.That((result.Reason, result.RetryAfter), Is.EqualTo((SipReasons.Of(status), TimeSpan.FromSeconds(7))));
    }

    [Test]
    public async Task Without_an_answer_the_result_says_so_after_timer_F()
    {
        await using var sender = await StartAsync(new PushSenderOptions());

        var sending = sender.SendAsync(Bob, Picture).AsTask();
        _wire.Clock.Advance(TimeSpan.FromSeconds(33));
        var result = await sending;

        Assert.That((result.Outcome, result.StatusCode), Is.EqualTo((PushOutcome.NoAnswer, (int?)null)));
        Assert.That(result.Elapsed, Is.EqualTo(TimeSpan.FromSeconds(32)).Within(TimeSpan.FromSeconds(1)));
        Assert.That(sender.Turns.Count, Is.Zero);
    }

    [Test]
    [Description("SIP-86")]
    public async Task What_is_too_large_for_a_message_is_not_sent_unless_the_core_is_congestion_safe([Values] bool congestionSafe)
    {
        await using var sender = await StartAsync(new PushSenderOptions { CongestionSafe = congestionSafe });
        _wire.Answer = request => AgentWire.Response(request, 200);

        var result = await sender.SendAsync(Bob, PushContent.FromBytes(new byte[1_000], "image/png"));

        Assert.That(result.Outcome, Is.EqualTo(congestionSafe ? PushOutcome.Delivered : PushOutcome.TooLarge));
        Assert.That(_wire.Arrived, Is.EqualTo(congestionSafe ? 1 : 0));
    }

    [Test]
    [Description("SIP-86")]
    public async Task What_just_fits_has_less_than_1300_octets_on_the_wire()
    {
        await using var sender = await StartAsync(new PushSenderOptions());
        _wire.Answer = request => AgentWire.Response(request, 200);
        var size = 400;

        while ((await sender.SendAsync(Bob, PushContent.FromBytes(new byte[size + 1], "image/png"))).IsDelivered)
        {
            size++;
            await _wire.NextAsync();
        }

        await sender.SendAsync(Bob, PushContent.FromBytes(new byte[size], "image/png"));
        Assert.That(AgentWire.Wire(await _wire.NextAsync()), Has.Length.InRange(1_200, 1_300));
    }

    [Test]
    [Description("SIP-87")]
    public async Task The_second_message_to_a_target_waits_for_the_first()
    {
        await using var sender = await StartAsync(new PushSenderOptions());
        var first = sender.SendAsync(Bob, Picture).AsTask();
        var request = Request(await _wire.NextAsync());
        var second = sender.SendAsync(Bob, Picture).AsTask();
        var other = sender.SendAsync(SipUri.Parse("sip:carol@domain.com"), Picture).AsTask();
        Assert.That(await _wire.NextAsync(), Does.StartWith("MESSAGE sip:carol@domain.com"));
        Assert.That(_wire.Arrived, Is.Zero);

        await _wire.SendAsync(AgentWire.Response(request, 200));

        Assert.That((await first).IsDelivered, Is.True);
        var next = Request(await _wire.NextAsync());
        Assert.That(next.CallId, Is.Not.EqualTo(request.CallId));
        await _wire.SendAsync(AgentWire.Response(next, 202));
        Assert.That((await second).Stored, Is.True);
        Assert.That((other.IsCompleted, sender.Turns.Count), Is.EqualTo((false, 1)));
    }

    [Test]
    [Description("PUSH-30, SIP-87")]
    public async Task A_cancelled_push_is_not_sent_later()
    {
        await using var sender = await StartAsync(new PushSenderOptions());
        using var cancel = new CancellationTokenSource();
        var first = sender.SendAsync(Bob, Picture).AsTask();
        var request = Request(await _wire.NextAsync());
        var waiting = sender.SendAsync(Bob, Picture, cancel.Token).AsTask();

        await cancel.CancelAsync();
        await _wire.SendAsync(AgentWire.Response(request, 200));

        Assert.That(async () => await waiting, Throws.InstanceOf<OperationCanceledException>());
        Assert.That((await first).IsDelivered, Is.True);
        _wire.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That((_wire.Arrived, sender.Turns.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    [Description("PUSH-30")]
    public async Task A_push_cancelled_under_way_is_not_sent_again()
    {
        await using var sender = await StartAsync(new PushSenderOptions());
        using var cancel = new CancellationTokenSource();
        var sending = sender.SendAsync(Bob, Picture, cancel.Token).AsTask();
        await _wire.NextAsync();

        await cancel.CancelAsync();

        Assert.That(async () => await sending, Throws.InstanceOf<OperationCanceledException>());
        _wire.Clock.Advance(TimeSpan.FromMinutes(1));
        Assert.That((_wire.Arrived, sender.Turns.Count), Is.EqualTo((0, 0)));
    }

    [Test]
    [Description("SIP-87")]
    public async Task More_than_may_wait_are_turned_away()
    {
        await using var sender = await StartAsync(new PushSenderOptions { MaximumWaitingPerTarget = 1 });
        var first = sender.SendAsync(Bob, Picture).AsTask();
        var waiting = sender.SendAsync(Bob, Picture).AsTask();

        var result = await sender.SendAsync(Bob, Picture);

        Assert.That((result.Outcome, first.IsCompleted, waiting.IsCompleted), Is.EqualTo((PushOutcome.Busy, false, false)));
        await sender.DisposeAsync();
        Assert.That(async () => await waiting, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task A_push_whose_time_is_over_when_its_turn_comes_is_not_sent()
    {
        await using var sender = await StartAsync(new PushSenderOptions());
        var first = sender.SendAsync(Bob, Picture).AsTask();
        var request = Request(await _wire.NextAsync());
        var waiting = sender.SendAsync(Bob, Picture, new PushOptions { Expires = TimeSpan.FromMilliseconds(200) }).AsTask();

        _wire.Clock.Advance(TimeSpan.FromMilliseconds(300));
        await _wire.SendAsync(AgentWire.Response(request, 200));

        Assert.That((await waiting).Outcome, Is.EqualTo(PushOutcome.Expired));
        Assert.That(((await first).IsDelivered, _wire.Arrived), Is.EqualTo((true, 0)));
    }

    private async Task<PushSenderAgent> StartAsync(PushSenderOptions options, bool trusted = true)
    {
        _wire = await AgentWire.StartAsync("sip:psa@domain.com", trusted);
        return new PushSenderAgent(_wire.UserAgent, options);
    }

    private static SipRequest Request(string text) => SipRequest.Parse(System.Text.Encoding.Latin1.GetBytes(AgentWire.Wire(text)));

    private static string WithoutBranch(string text) =>
        System.Text.RegularExpressions.Regex.Replace(text, "branch=[^;\n]*", "branch=<branch>");
}
