using SipPush.Sip;
using SipPush.Sip.Transactions;
using static SipPush.Sip.Transactions.ServerTransactionState;
using static SipPush.Sip.Transactions.TransactionEffectKind;
using static SipPush.Tests.Sip.Transactions.TransactionRun;

namespace SipPush.Tests.Sip.Transactions;

public sealed class NonInviteServerTransactionTests
{
    private static readonly SipTimers Timers = SipTimers.Rfc3261;

    [Test]
    [Description("SIP-33, RFC 3261 §17.2.2")]
    public void The_final_response_answers_retransmissions_until_timer_J()
    {
        var run = Of(new NonInviteServerTransaction(Timers, reliable: false));

        run.AdvanceTo(.1);
        run.Respond(200);
        run.AdvanceTo(.5);
        run.Retransmit();
        run.AdvanceTo(32);
        run.Retransmit();
        run.AdvanceTo(32.1);
        run.Retransmit();

        Assert.That(run.SentAt, Is.EqualTo(Seconds(.1, .5, 32)));
        Assert.That(run.Sent, Is.All.EqualTo("200"));
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(32.1)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("SIP-35, RFC 4320 §4.1")]
    public void A_silent_user_has_a_100_sent_when_timer_E_would_be_at_T2([Values] bool reliable)
    {
        var run = Of(new NonInviteServerTransaction(Timers, reliable));

        run.AdvanceTo(3.499);
        var before = run.Sent.Count;
        run.AdvanceTo(60);

        Assert.That(before, Is.Zero);
        Assert.That(run.SentAt, Is.EqualTo(Seconds(3.5)));
        Assert.That(run.Sent, Is.EqualTo(["100 made"]));
    }

    [Test]
    [Description("SIP-35, RFC 4320 §4.1")]
    public void The_users_own_100_waits_for_that_moment_on_UDP()
    {
        var run = Of(new NonInviteServerTransaction(Timers, reliable: false));

        run.AdvanceTo(1);
        run.Respond(100);
        run.AdvanceTo(1.5);
        run.Retransmit();
        run.AdvanceTo(7.5);
        run.Retransmit();

        Assert.That(run.SentAt, Is.EqualTo(Seconds(3.5, 7.5)));
        Assert.That(run.Sent, Is.All.EqualTo("100"));
    }

    [Test]
    [Description("SIP-35, RFC 4320 §4.1")]
    public void The_users_own_100_goes_at_once_on_a_reliable_transport_and_there_is_no_other()
    {
        var run = Of(new NonInviteServerTransaction(Timers, reliable: true));

        run.AdvanceTo(1);
        run.Respond(100);
        run.AdvanceTo(60);

        Assert.That(run.SentAt, Is.EqualTo(Seconds(1)));
    }

    [Test]
    [Description("SIP-35")]
    public void A_withheld_100_is_not_sent_once_there_is_a_final_response()
    {
        var run = Of(new NonInviteServerTransaction(Timers, reliable: false));

        run.AdvanceTo(1);
        run.Respond(100);
        run.AdvanceTo(2);
        run.Respond(200);
        run.AdvanceTo(60);

        Assert.That(run.Sent, Is.EqualTo(["200"]));
    }

    [Test]
    [Description("SIP-35: the moment follows from T1 and T2")]
    public void The_moment_for_a_100_follows_the_clients_timer_E(
        [Values(.1, .5, 1, 3, 4, 5)] double t1)
    {
        var timers = new SipTimers { T1 = TimeSpan.FromSeconds(t1) };
        var client = new NonInviteClientTransaction(timers, reliable: false);
        var at = timers.T1;
        TimeSpan interval;

        do
        {
            var effects = default(TransactionEffects);
            client.OnTimer(TransactionTimer.E, ref effects);
            interval = effects.AsSpan()[1].Delay;
            at += interval;
        }
        while (interval < timers.T2);

        Assert.That(timers.TimeUntilTimerEIsT2, Is.EqualTo(at - interval));
    }

    [Test]
    [Description("SIP-29")]
    public void A_transport_error_leaves_the_transaction_to_answer_the_next_retransmission()
    {
        var run = Of(new NonInviteServerTransaction(Timers, reliable: false));

        run.Respond(200);
        run.FailTransport();
        run.AdvanceTo(.5);
        run.Retransmit();

        Assert.That(run.Events, Is.EqualTo(["transport error at 0 s"]));
        Assert.That(run.SentAt, Is.EqualTo(Seconds(0, .5)));
    }

    [Test]
    public void A_second_final_response_is_discarded()
    {
        var run = Of(new NonInviteServerTransaction(Timers, reliable: false));

        run.Respond(200);
        run.Respond(500);
        run.Retransmit();

        Assert.That(run.Sent, Is.EqualTo(["200", "200"]));
    }

    [Test]
    public void Start_delivers_the_request_and_sets_the_timer_for_a_100([Values] bool reliable)
    {
        var machine = new NonInviteServerTransaction(Timers, reliable);
        var effects = default(TransactionEffects);

        machine.Start(ref effects);

        Expect(machine, Trying, effects, new(DeliverRequest), Set(TransactionTimer.Trying, 3.5));
    }

    [Test]
    public void Trying_discards_a_retransmission()
    {
        var machine = In(Trying);

        var effects = Retransmit(machine);

        Expect(machine, Trying, effects);
    }

    [Test]
    [Description("SIP-35")]
    public void Trying_and_a_100_on_UDP_is_withheld()
    {
        var machine = In(Trying);

        var effects = Respond(machine, 100, out var taken);

        Assert.That(taken, Is.True);
        Expect(machine, Trying, effects);
    }

    [Test]
    [Description("SIP-35")]
    public void Trying_and_a_100_on_a_reliable_transport_goes_to_Proceeding()
    {
        var machine = In(Trying, reliable: true);

        var effects = Respond(machine, 100, out var taken);

        Assert.That(taken, Is.True);
        Expect(machine, Proceeding, effects, new(CancelTimer, TransactionTimer.Trying), new(Send));
    }

    [Test]
    [Description("SIP-35")]
    public void Trying_and_its_timer_makes_a_100_and_goes_to_Proceeding()
    {
        var machine = In(Trying);

        var effects = Fire(machine, TransactionTimer.Trying);

        Expect(machine, Proceeding, effects, new(CreateTrying), new(Send));
    }

    [Test]
    [Description("SIP-35")]
    public void Trying_and_its_timer_sends_the_100_that_was_withheld()
    {
        var machine = In(Trying);
        Respond(machine, 100, out _);

        var effects = Fire(machine, TransactionTimer.Trying);

        Expect(machine, Proceeding, effects, new TransactionEffect(Send));
    }

    [Test]
    public void Trying_and_a_final_response_goes_to_Completed([Values(200, 302, 404, 500, 699)] int status)
    {
        var machine = In(Trying);

        var effects = Respond(machine, status, out var taken);

        Assert.That(taken, Is.True);
        Expect(machine, Completed, effects, new(CancelTimer, TransactionTimer.Trying), new(Send), Set(TransactionTimer.J, 32));
    }

    [Test]
    [Description("SIP-34")]
    public void Trying_or_Proceeding_and_a_final_response_on_a_reliable_transport_goes_to_Terminated(
        [Values("Trying", "Proceeding")] string from)
    {
        var machine = In(Enum.Parse<ServerTransactionState>(from), reliable: true);

        var effects = Respond(machine, 200, out var taken);

        Assert.That(taken, Is.True);
        Expect(machine, Terminated, effects, new(Send), new(Terminate));
    }

    [Test]
    public void Proceeding_and_a_retransmission_resends_the_100()
    {
        var machine = In(Proceeding);

        var effects = Retransmit(machine);

        Expect(machine, Proceeding, effects, new TransactionEffect(Send));
    }

    [Test]
    public void Proceeding_and_another_100_sends_it()
    {
        var machine = In(Proceeding);

        var effects = Respond(machine, 100, out var taken);

        Assert.That(taken, Is.True);
        Expect(machine, Proceeding, effects, new TransactionEffect(Send));
    }

    [Test]
    public void Proceeding_and_a_final_response_goes_to_Completed()
    {
        var machine = In(Proceeding);

        var effects = Respond(machine, 200, out var taken);

        Assert.That(taken, Is.True);
        Expect(machine, Completed, effects, new(Send), Set(TransactionTimer.J, 32));
    }

    [Test]
    [Description("SIP-33")]
    public void Completed_and_a_retransmission_resends_the_final_response()
    {
        var machine = In(Completed);

        var effects = Retransmit(machine);

        Expect(machine, Completed, effects, new TransactionEffect(Send));
    }

    [Test]
    public void Completed_discards_responses([Values(100, 200, 500)] int status)
    {
        var machine = In(Completed);

        var effects = Respond(machine, status, out var taken);

        Assert.That(taken, Is.False);
        Expect(machine, Completed, effects);
    }

    [Test]
    public void Completed_and_J_goes_to_Terminated()
    {
        var machine = In(Completed);

        var effects = Fire(machine, TransactionTimer.J);

        Expect(machine, Terminated, effects, new TransactionEffect(Terminate));
    }

    [Test]
    [Description("SIP-29")]
    public void A_transport_error_is_told_and_changes_no_state([Values("Trying", "Proceeding", "Completed")] string state)
    {
        var machine = In(Enum.Parse<ServerTransactionState>(state));
        var effects = default(TransactionEffects);

        machine.OnTransportError(ref effects);

        Expect(machine, Enum.Parse<ServerTransactionState>(state), effects, new TransactionEffect(DeliverTransportError));
    }

    [Test]
    public void Terminated_ignores_everything()
    {
        var machine = In(Terminated);
        var effects = default(TransactionEffects);

        foreach (var timer in Enum.GetValues<TransactionTimer>())
        {
            machine.OnTimer(timer, ref effects);
        }
        machine.OnRequest(ref effects);
        machine.OnTransportError(ref effects);

        Assert.That(machine.Respond(200, ref effects), Is.False);
        Expect(machine, Terminated, effects);
    }

    [Test]
    [Description("SIP-35, SIP-36")]
    public void What_RFC_4320_forbids_is_refused_in_every_state(
        [Values("Trying", "Proceeding", "Completed", "Terminated")] string state, [Values(101, 180, 183, 199, 408)] int status)
    {
        var machine = In(Enum.Parse<ServerTransactionState>(state));

        Assert.That(() => Respond(machine, status, out _), Throws.ArgumentException);
        Assert.That(machine.State, Is.EqualTo(Enum.Parse<ServerTransactionState>(state)));
    }

    [Test]
    public void What_is_no_status_is_refused([Values(-1, 0, 99, 700)] int status)
    {
        var machine = In(Trying);

        Assert.That(() => Respond(machine, status, out _), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static NonInviteServerTransaction In(ServerTransactionState state, bool reliable = false)
    {
        var machine = new NonInviteServerTransaction(Timers, reliable);
        var effects = default(TransactionEffects);
        machine.Start(ref effects);

        if (state == Proceeding)
        {
            Fire(machine, TransactionTimer.Trying);
        }
        else if (state != Trying)
        {
            Respond(machine, 200, out _);
        }

        if (state == Terminated)
        {
            Fire(machine, TransactionTimer.J);
        }
        return machine;
    }

    private static TransactionEffects Respond(NonInviteServerTransaction machine, int status, out bool taken)
    {
        var effects = default(TransactionEffects);
        taken = machine.Respond(status, ref effects);
        return effects;
    }

    private static TransactionEffects Retransmit(NonInviteServerTransaction machine)
    {
        var effects = default(TransactionEffects);
        machine.OnRequest(ref effects);
        return effects;
    }

    private static TransactionEffects Fire(NonInviteServerTransaction machine, TransactionTimer timer)
    {
        var effects = default(TransactionEffects);
        machine.OnTimer(timer, ref effects);
        return effects;
    }

    private static TransactionEffect Set(TransactionTimer timer, double seconds) =>
        new(SetTimer, timer, TimeSpan.FromSeconds(seconds));

    private static void Expect(
        NonInviteServerTransaction machine, ServerTransactionState state, TransactionEffects effects, params TransactionEffect[] expected)
    {
        Assert.That(machine.State, Is.EqualTo(state));
        Assert.That(effects.AsSpan().ToArray(), Is.EqualTo(expected));
    }
}
