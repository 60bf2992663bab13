using SipPush.Sip;
using static SipPush.Tests.Sip.Dialogs.DialogWire;

namespace SipPush.Tests.Sip.Dialogs;

public sealed class SessionTimerTests
{
    private static readonly SessionTimerOptions Defaults = new();

    [Test, Description("RFC 4028 §7.1")]
    public void The_first_request_asks_for_the_interval_and_leaves_the_refresher_open() =>
        Assert.That(Headers(new SessionTimer(Defaults)), Is.EqualTo("1800"));

    [Test, Description("RFC 4028 §7.1")]
    public void Own_wishes_are_said_where_they_are_more_than_the_rule()
    {
        var options = new SessionTimerOptions { Interval = Seconds(200), Minimum = Seconds(300), Refresher = SessionRefresher.Uac };

        Assert.That(Headers(new SessionTimer(options)), Is.EqualTo("300;refresher=uac Min-SE 300"));
    }

    [Test, Description("SIP-78; RFC 4028 §5")]
    public void No_option_goes_below_90_s([Values(0, 89, 86_401)] int seconds)
    {
        Assert.That(() => new SessionTimerOptions { Interval = Seconds(seconds) }, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => new SessionTimerOptions { Minimum = Seconds(seconds) }, Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test, Description("SIP-78; RFC 4028 §13")]
    public void The_example_of_the_standard_two_proxies_each_with_its_minimum()
    {
        var timer = new SessionTimer(new SessionTimerOptions { Interval = Seconds(90) });
        Assert.That(Headers(timer), Is.EqualTo("90"));

        Assert.That(timer.OnTooSmall(Response(422, "Min-SE: 3600")));
        Assert.That(Headers(timer), Is.EqualTo("3600 Min-SE 3600"));

        Assert.That(timer.OnTooSmall(Response(422, "Min-SE: 4000")));
        Assert.That(Headers(timer), Is.EqualTo("4000 Min-SE 4000"));

        Assert.That(timer.OnSuccess(Response(200, "Require: timer\nSession-Expires: 4000;refresher=uac"), Seconds(10)), Is.EqualTo(Wait(2_000)));
        Assert.That(timer.OnTimer(Seconds(2_010)), Is.EqualTo(new SessionTimerEffect(SessionTimerStep.Refresh, Seconds(2_000))));
        Assert.That(Headers(timer), Is.EqualTo("4000;refresher=uac"), "the 422s were before the dialog");
    }

    [TestCase("", TestName = "A 422 without Min-SE")]
    [TestCase("Min-SE: 1800", TestName = "A 422 with what was asked for")]
    [TestCase("Min-SE: 100", TestName = "A 422 with less than was asked for")]
    [TestCase("Min-SE: x", TestName = "A 422 with a word")]
    public void Nothing_is_sent_again_after(string header)
    {
        var timer = new SessionTimer(Defaults);
        Headers(timer);

        Assert.That(timer.OnTooSmall(Response(422, header)), Is.False);
    }

    [Test, Description("RFC 4028 §10")]
    public void A_minimum_that_keeps_growing_is_not_followed_for_ever()
    {
        var timer = new SessionTimer(Defaults);
        var retries = 0;
        for (Headers(timer); timer.OnTooSmall(Response(422, $"Min-SE: {2_000 + retries}")); Headers(timer))
        {
            retries++;
        }

        Assert.That(retries, Is.EqualTo(5));
    }

    // Interval, half of it for who refreshes, and for the other 32 s or a third before the end (§10).
    [TestCase(90, 45, 60)]
    [TestCase(93, 46.5, 62)]
    [TestCase(96, 48, 64)]
    [TestCase(99, 49.5, 67)]
    [TestCase(1_800, 900, 1_768)]
    [Description("SIP-79; RFC 4028 §10")]
    public void The_refresher_refreshes_at_half_and_the_other_ends_it_before_the_end(int interval, double half, int bye)
    {
        var refresher = new SessionTimer(Defaults);
        Headers(refresher);
        var other = new SessionTimer(Defaults);
        Headers(other);

        Assert.That(refresher.OnSuccess(Response(200, $"Session-Expires: {interval};refresher=uac"), Seconds(5)), Is.EqualTo(Wait(half)));
        Assert.That(other.OnSuccess(Response(200, $"Session-Expires: {interval};refresher=uas"), Seconds(5)), Is.EqualTo(Wait(bye)));
        Assert.That((refresher.IsRefresher, other.IsRefresher), Is.EqualTo((true, false)));

        Assert.That(refresher.OnTimer(Seconds(5 + half)), Is.EqualTo(new SessionTimerEffect(SessionTimerStep.Refresh, Seconds(interval - half))));
        Assert.That(other.OnTimer(Seconds(5 + bye)), Is.EqualTo(new SessionTimerEffect(SessionTimerStep.SendBye, null)));
        Assert.That((refresher.IsRunning, other.IsRunning), Is.EqualTo((true, false)));
    }

    [Test, Description("RFC 4028 §10")]
    public void A_refresher_whose_refresh_never_succeeds_ends_the_session_when_it_expires()
    {
        var timer = Refresher(1_800);

        Assert.That(timer.OnTimer(Seconds(900)).Step, Is.EqualTo(SessionTimerStep.Refresh));
        Assert.That(timer.OnTimer(Seconds(901)), Is.EqualTo(Wait(899)), "once is enough");
        Assert.That(timer.OnTimer(Seconds(1_800)), Is.EqualTo(new SessionTimerEffect(SessionTimerStep.SendBye, null)));
        Assert.That(timer.OnTimer(Seconds(1_801)), Is.EqualTo(new SessionTimerEffect(SessionTimerStep.Wait, null)));
    }

    [Test]
    public void A_time_that_comes_early_only_asks_again()
    {
        Assert.That(Refresher(1_800).OnTimer(Seconds(899.5)), Is.EqualTo(Wait(.5)));
        Assert.That(Refresher(4_294_967_295).OnTimer(Seconds(1)), Is.EqualTo(Wait(86_400)), "no wait is longer than a day");
    }

    [TestCase("")]
    [TestCase("Session-Expires: soon")]
    [Description("RFC 4028 §7.2")]
    public void A_peer_without_timer_is_refreshed_by_the_caller_with_its_own_interval(string header)
    {
        var timer = new SessionTimer(Defaults);
        Headers(timer);

        Assert.That(timer.OnSuccess(Response(200, header), Seconds(0)), Is.EqualTo(Wait(900)));
        Assert.That(timer.IsRefresher);
        Assert.That(Headers(timer), Is.EqualTo("1800;refresher=uac"));
    }

    [TestCase(0)]
    [TestCase(89)]
    [Description("SIP-78; RFC 4028 §4")]
    public void An_interval_below_90_s_is_taken_for_90(int seconds) =>
        Assert.That(Refresher(seconds).OnTimer(Seconds(0)), Is.EqualTo(Wait(45)));

    [TestCase(408)]
    [TestCase(481)]
    [TestCase(null)]
    [Description("RFC 4028 §10")]
    public void A_refresh_that_finds_no_peer_ends_the_session(int? status)
    {
        var timer = Refresher(1_800);
        timer.OnTimer(Seconds(900));

        Assert.That(timer.OnRefreshFailed(status is { } code ? Response(code) : null, null, Seconds(932)), Is.EqualTo(new SessionTimerEffect(SessionTimerStep.SendBye, null)));
        Assert.That(timer.IsRunning, Is.False);
    }

    [Test, Description("RFC 4028 §10")]
    public void Another_failure_is_tried_again_at_half_of_what_is_left_a_few_times()
    {
        var timer = Refresher(1_800);
        timer.OnTimer(Seconds(900));
        var tries = new List<double>();
        var now = Seconds(900);

        SessionTimerEffect effect;
        for (effect = timer.OnRefreshFailed(Response(500), null, now); effect.Step != SessionTimerStep.SendBye; effect = timer.OnTimer(now))
        {
            if (effect.Step == SessionTimerStep.Refresh)
            {
                tries.Add(now.TotalSeconds);
                effect = timer.OnRefreshFailed(Response(500), null, now);
            }

            now += effect.Delay!.Value;
        }

        Assert.That(tries, Is.EqualTo([1_350, 1_575, 1_687.5, 1_743.75, 1_771.875]));
        Assert.That(now, Is.EqualTo(Seconds(1_800)));
    }

    [Test, Description("RFC 3261 §14.1; RFC 4028 §10")]
    public void A_failure_that_names_a_wait_is_tried_again_after_it()
    {
        var timer = Refresher(1_800);
        timer.OnTimer(Seconds(900));

        Assert.That(timer.OnRefreshFailed(Response(491), Seconds(2.5), Seconds(901)), Is.EqualTo(Wait(2.5)));
        Assert.That(timer.OnTimer(Seconds(903.5)), Is.EqualTo(new SessionTimerEffect(SessionTimerStep.Refresh, Seconds(896.5))));
        Assert.That(timer.OnRefreshFailed(Response(503), Seconds(5_000), Seconds(904)), Is.EqualTo(Wait(896)), "longer than the session lasts");
    }

    [Test, Description("SIP-78; RFC 4028 §10")]
    public void A_refresh_that_asks_for_too_little_is_repeated_at_once_and_the_expiration_stays()
    {
        var timer = Refresher(1_800);
        timer.OnTimer(Seconds(900));
        Headers(timer);

        Assert.That(timer.OnRefreshFailed(Response(422, "Min-SE: 7200"), null, Seconds(901)), Is.EqualTo(new SessionTimerEffect(SessionTimerStep.Refresh, Seconds(899))));
        Assert.That(Headers(timer), Is.EqualTo("7200;refresher=uac Min-SE 7200"));
        Assert.That(timer.OnRefreshFailed(Response(422, "Min-SE: 7200"), null, Seconds(902)), Is.EqualTo(Wait(898)), "that is what was asked for");

        Assert.That(timer.OnSuccess(Response(200, "Session-Expires: 7200;refresher=uac"), Seconds(903)), Is.EqualTo(Wait(3_600)));
        Assert.That(Headers(timer), Is.EqualTo("7200;refresher=uac Min-SE 7200"), "on one dialog it is remembered");
    }

    [Test]
    public void Who_does_not_refresh_takes_a_refused_request_of_another_kind_for_no_end()
    {
        var timer = new SessionTimer(Defaults);
        Headers(timer);
        timer.OnSuccess(Response(200, "Session-Expires: 1800;refresher=uas"), Seconds(0));

        Assert.That(timer.OnRefreshFailed(Response(488), null, Seconds(100)), Is.EqualTo(Wait(1_668)));
    }

    // Table 2 of RFC 4028 §9; where the caller leaves it open, the option decides, and without it the caller is to do it.
    [TestCase("", "", null, "1800;refresher=uas")]
    [TestCase("", "Session-Expires: 600", null, "600;refresher=uas")]
    [TestCase("", "Session-Expires: 600;refresher=uac", null, "600;refresher=uas")]
    [TestCase("", "Session-Expires: 600;refresher=uas", null, "600;refresher=uas")]
    [TestCase("Supported: timer", "", null, "1800;refresher=uac timer")]
    [TestCase("Supported: timer", "Session-Expires: 600", null, "600;refresher=uac timer")]
    [TestCase("Supported: timer", "Session-Expires: 600", SessionRefresher.Uas, "600;refresher=uas timer")]
    [TestCase("k: 100rel, TIMER", "x: 600;refresher=uac", SessionRefresher.Uas, "600;refresher=uac timer")]
    [TestCase("Supported: timer", "Session-Expires: 600;refresher=uas", SessionRefresher.Uac, "600;refresher=uas timer")]
    [Description("RFC 4028 §9")]
    public void The_called_end_chooses_by_the_table(string supported, string sessionExpires, SessionRefresher? preferred, string answer) =>
        Assert.That(Written(new SessionTimer(new SessionTimerOptions { Refresher = preferred }).Judge(Invite($"{supported}\n{sessionExpires}".Trim()))), Is.EqualTo(answer));

    [TestCase("Session-Expires: 89\nSupported: timer", "422 Min-SE 90")]
    [TestCase("Session-Expires: 90\nSupported: timer", "90;refresher=uac timer")]
    [TestCase("Session-Expires: 60\nMin-SE: 60\nSupported: timer", "422 Min-SE 90")]
    [TestCase("Session-Expires: 60", "60;refresher=uas")]
    [TestCase("Session-Expires: 86400\nSupported: timer", "1800;refresher=uac timer")]
    [TestCase("Session-Expires: 86400\nMin-SE: 3600\nSupported: timer", "3600;refresher=uac timer")]
    [TestCase("Min-SE: 3600\nSupported: timer", "3600;refresher=uac timer")]
    [TestCase("Min-SE: 10\nSupported: timer", "1800;refresher=uac timer")]
    [Description("SIP-78; RFC 4028 §9")]
    public void What_is_asked_for_may_be_shortened_to_the_minimum_and_is_never_lengthened(string headers, string answer) =>
        Assert.That(Written(new SessionTimer(Defaults).Judge(Invite(headers))), Is.EqualTo(answer));

    [Test, Description("SIP-78")]
    public void A_longer_minimum_of_ours_is_named_in_422()
    {
        var timer = new SessionTimer(new SessionTimerOptions { Minimum = Seconds(300) });

        Assert.That(Written(timer.Judge(Invite("Session-Expires: 299\nSupported: timer"))), Is.EqualTo("422 Min-SE 300"));
        Assert.That(Written(timer.Judge(Invite("Session-Expires: 299"))), Is.EqualTo("299;refresher=uas"), "a 422 would mean no session");
    }

    [Test, Description("SIP-79; RFC 4028 §7.4, §9")]
    public void The_parts_are_those_of_each_request_and_who_refreshes_stays_the_same()
    {
        var timer = new SessionTimer(Defaults);
        var invite = Invite("Session-Expires: 600;refresher=uas\nMin-SE: 120\nSupported: timer");

        Assert.That(timer.OnAnswered(invite, timer.Judge(invite), Seconds(0)), Is.EqualTo(Wait(300)), "we are the UAS");
        Assert.That(Headers(timer), Is.EqualTo("600;refresher=uac Min-SE 120"), "and the UAC of the refresh");
        Assert.That(timer.OnSuccess(Response(200, "Session-Expires: 600;refresher=uac"), Seconds(300)), Is.EqualTo(Wait(300)));

        var update = Within("UPDATE", 9, "Supported: timer\nSession-Expires: 600");
        Assert.That(Written(timer.Judge(update)), Is.EqualTo("600;refresher=uas timer"), "open, so nothing changes");
        Assert.That(timer.OnAnswered(update, timer.Judge(update), Seconds(400)), Is.EqualTo(Wait(300)));

        var change = Within("INVITE", 10, "Supported: timer\nSession-Expires: 600;refresher=uac");
        Assert.That(timer.OnAnswered(change, timer.Judge(change), Seconds(500)), Is.EqualTo(Wait(568)), "the peer takes it over");
        Assert.That(Headers(timer), Is.EqualTo("600;refresher=uas Min-SE 120"));
        Assert.That(Written(timer.Judge(update)), Is.EqualTo("600;refresher=uac timer"));
    }

    [Test]
    public void Judging_alone_changes_nothing()
    {
        var timer = Refresher(1_800);

        timer.Judge(Within("INVITE", 10, "Supported: timer\nSession-Expires: 600;refresher=uac\nMin-SE: 500"));

        Assert.That(Headers(timer), Is.EqualTo("1800;refresher=uac"));
        Assert.That(timer.OnTimer(Seconds(900)).Step, Is.EqualTo(SessionTimerStep.Refresh));
    }

    private static SessionTimer Refresher(long interval)
    {
        var timer = new SessionTimer(Defaults);
        Headers(timer);
        timer.OnSuccess(Response(200, $"Session-Expires: {interval};refresher=uac"), Seconds(0));
        return timer;
    }

    private static string Headers(SessionTimer timer)
    {
        using var builder = new SipRequestBuilder(SipMethod.Invite, SipUri.Parse("sip:bob@example.com"));
        builder.Add(SipHeaderNames.SessionExpires, "1");
        builder.Add(SipHeaderNames.MinSe, "1");
        timer.SetHeaders(builder);
        var request = builder.Build();
        var text = $"{request[SipHeaderNames.SessionExpires]}";
        return request.Contains(SipHeaderNames.MinSe) ? $"{text} Min-SE {request[SipHeaderNames.MinSe]}" : text;
    }

    private static string Written(SessionTimerAnswer answer)
    {
        using var builder = new SipResponseBuilder(Invite(), answer.TooSmall is null ? 200 : 422, "b");
        answer.AddTo(builder);
        var response = builder.Build();
        return response.StatusCode == 422
            ? $"422 Min-SE {response[SipHeaderNames.MinSe]}{response[SipHeaderNames.SessionExpires]}"
            : $"{response[SipHeaderNames.SessionExpires]} {response[SipHeaderNames.Require]}{response[SipHeaderNames.MinSe]}".Trim();
    }

    private static SessionTimerEffect Wait(double seconds) => new(SessionTimerStep.Wait, Seconds(seconds));

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
