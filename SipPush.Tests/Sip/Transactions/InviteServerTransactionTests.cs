using SipPush.Sip;
using SipPush.Sip.Transactions;
using static SipPush.Sip.Transactions.InviteServerTransactionState;
using static SipPush.Sip.Transactions.TransactionEffectKind;
using static SipPush.Tests.Sip.Transactions.TransactionRun;

namespace SipPush.Tests.Sip.Transactions;

public sealed class InviteServerTransactionTests
{
    private static readonly SipTimers Timers = SipTimers.Rfc3261;

    [Test]
    [Description("RFC 3261 §17.2.1")]
    public void A_silent_user_has_a_100_sent_after_200_ms_and_it_answers_retransmissions([Values] bool reliable)
    {
        var run = Of(new InviteServerTransaction(Timers, reliable));

        run.AdvanceTo(.1);
        run.Retransmit();
        run.AdvanceTo(.199);
        var before = run.Sent.Count;
        run.AdvanceTo(.5);
        run.Retransmit();
        run.AdvanceTo(600);

        Assert.That(before, Is.Zero);
        Assert.That(run.SentAt, Is.EqualTo(Seconds(.2, .5)));
        Assert.That(run.Sent, Is.All.EqualTo("100 made"));
        Assert.That(run.TerminatedAt, Is.Null);
    }

    [Test]
    [Description("RFC 3261 §17.2.1")]
    public void A_retransmission_is_answered_with_the_last_provisional_response_of_the_user()
    {
        var run = Of(new InviteServerTransaction(Timers, reliable: false));

        run.AdvanceTo(.1);
        run.Respond(180);
        run.AdvanceTo(.5);
        run.Retransmit();
        run.AdvanceTo(1);
        run.Respond(183);
        run.AdvanceTo(1.5);
        run.Retransmit();

        Assert.That(run.SentAt, Is.EqualTo(Seconds(.1, .5, 1, 1.5)));
        Assert.That(run.Sent, Is.EqualTo(["180", "180", "183", "183"]));
    }

    [Test]
    [Description("SIP-31, RFC 3261 §17.2.1")]
    public void Without_an_ACK_a_300_699_is_repeated_until_timer_H()
    {
        var run = Of(new InviteServerTransaction(Timers, reliable: false));

        run.Respond(486);
        run.Clock.Advance(TimeSpan.FromMinutes(2));

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0, .5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)));
        Assert.That(run.Sent, Is.All.EqualTo("486"));
        Assert.That(run.Events, Is.EqualTo(["timeout at 32 s"]));
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(32)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("SIP-24, SIP-31")]
    public void On_a_reliable_transport_a_300_699_is_sent_once_and_waits_for_its_ACK_all_the_same()
    {
        var run = Of(new InviteServerTransaction(Timers, reliable: true));

        run.Respond(486);
        run.Clock.Advance(TimeSpan.FromMinutes(2));

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0)));
        Assert.That(run.Events, Is.EqualTo(["timeout at 32 s"]));
    }

    [Test]
    [Description("SIP-31, SIP-32")]
    public void The_ACK_of_a_300_699_ends_the_repetitions_and_its_own_are_absorbed_until_timer_I()
    {
        var run = Of(new InviteServerTransaction(Timers, reliable: false));

        run.Respond(486);
        run.AdvanceTo(1);
        run.Acknowledge();
        run.AdvanceTo(2);
        run.Acknowledge();
        run.Retransmit();
        run.AdvanceTo(60);

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0, .5)));
        Assert.That(run.Events, Is.Empty);
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(6)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("SIP-34")]
    public void On_a_reliable_transport_the_ACK_of_a_300_699_ends_the_transaction_at_once()
    {
        var run = Of(new InviteServerTransaction(Timers, reliable: true));

        run.Respond(486);
        run.AdvanceTo(1);
        run.Acknowledge();

        Assert.That(run.Events, Is.Empty);
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(1)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("SIP-28, RFC 6026 §7.1")]
    public void After_a_2xx_retransmissions_are_absorbed_and_ACKs_passed_up_until_timer_L([Values] bool reliable)
    {
        var run = Of(new InviteServerTransaction(Timers, reliable));

        run.AdvanceTo(.1);
        run.Respond(200);
        run.AdvanceTo(.5);
        run.Retransmit();
        run.AdvanceTo(1);
        run.Acknowledge();
        run.AdvanceTo(32);
        run.Acknowledge();
        run.AdvanceTo(32.1);
        run.Acknowledge();

        Assert.That(run.SentAt, Is.EqualTo(Seconds(.1)));
        Assert.That(run.Events, Is.EqualTo(["ACK at 1 s", "ACK at 32 s"]));
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(32.1)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("SIP-28, RFC 6026 §7.1")]
    public void A_2xx_goes_as_often_as_the_user_hands_it_down_and_never_otherwise()
    {
        var run = Of(new InviteServerTransaction(Timers, reliable: false));

        run.Respond(200);
        run.AdvanceTo(.5);
        run.Respond(200);
        run.AdvanceTo(1.5);
        run.Respond(200);
        run.AdvanceTo(32);
        run.Respond(200);

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0, .5, 1.5)));
        Assert.That(run.Sent, Is.All.EqualTo("200"));
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(32)));
    }

    [Test]
    [Description("SIP-29")]
    public void A_transport_error_leaves_the_transaction_and_its_timers_as_they_are()
    {
        var run = Of(new InviteServerTransaction(Timers, reliable: false));

        run.Respond(486);
        run.FailTransport();
        run.AdvanceTo(1);
        run.Retransmit();
        run.AdvanceTo(1.2);
        run.Acknowledge();

        Assert.That(run.Events, Is.EqualTo(["transport error at 0 s"]));
        Assert.That(run.SentAt, Is.EqualTo(Seconds(0, .5, 1)));
    }

    [Test]
    public void Start_delivers_the_INVITE_and_sets_the_timer_for_a_100([Values] bool reliable)
    {
        var machine = new InviteServerTransaction(Timers, reliable);
        var effects = default(TransactionEffects);

        machine.Start(ref effects);

        Expect(machine, Proceeding, effects, new(DeliverRequest), Set(TransactionTimer.Trying, .2));
    }

    [Test]
    public void Proceeding_and_its_timer_makes_a_100()
    {
        var machine = In(Proceeding);

        var effects = Fire(machine, TransactionTimer.Trying);

        Expect(machine, Proceeding, effects, new(CreateTrying), new(Send));
    }

    [Test]
    public void Proceeding_and_its_timer_makes_no_100_when_there_was_a_1xx()
    {
        var machine = In(Proceeding);
        Respond(machine, 180, out _);

        var effects = Fire(machine, TransactionTimer.Trying);

        Expect(machine, Proceeding, effects);
    }

    [Test]
    public void Proceeding_and_a_1xx_sends_it([Values(100, 180, 183, 199)] int status)
    {
        var machine = In(Proceeding);

        var effects = Respond(machine, status, out var taken);

        Assert.That(taken, Is.True);
        Expect(machine, Proceeding, effects, new(CancelTimer, TransactionTimer.Trying), new(Send));
    }

    [Test]
    public void Proceeding_and_a_retransmission_has_nothing_to_send_before_the_first_1xx()
    {
        var machine = In(Proceeding);

        var effects = Retransmit(machine);

        Expect(machine, Proceeding, effects);
    }

    [Test]
    public void Proceeding_and_a_retransmission_resends_the_last_1xx([Values] bool ofTheUser)
    {
        var machine = In(Proceeding);
        _ = ofTheUser ? Respond(machine, 180, out _) : Fire(machine, TransactionTimer.Trying);

        var effects = Retransmit(machine);

        Expect(machine, Proceeding, effects, new TransactionEffect(Send));
    }

    [Test]
    [Description("SIP-28")]
    public void Proceeding_and_a_2xx_goes_to_Accepted([Values(200, 202, 299)] int status, [Values] bool reliable)
    {
        var machine = In(Proceeding, reliable);

        var effects = Respond(machine, status, out var taken);

        Assert.That(taken, Is.True);
        Expect(machine, Accepted, effects, new(CancelTimer, TransactionTimer.Trying), new(Send), Set(TransactionTimer.L, 32));
    }

    [Test]
    [Description("SIP-31")]
    public void Proceeding_and_a_300_699_goes_to_Completed([Values(300, 302, 404, 487, 500, 603, 699)] int status)
    {
        var machine = In(Proceeding);

        var effects = Respond(machine, status, out var taken);

        Assert.That(taken, Is.True);
        Expect(
            machine, Completed, effects,
            new(CancelTimer, TransactionTimer.Trying), new(Send), Set(TransactionTimer.H, 32), Set(TransactionTimer.G, .5));
    }

    [Test]
    [Description("SIP-24")]
    public void Proceeding_and_a_300_699_on_a_reliable_transport_sets_no_G()
    {
        var machine = In(Proceeding, reliable: true);

        var effects = Respond(machine, 486, out var taken);

        Assert.That(taken, Is.True);
        Expect(machine, Completed, effects, new(CancelTimer, TransactionTimer.Trying), new(Send), Set(TransactionTimer.H, 32));
    }

    [Test]
    [Description("SIP-28")]
    public void Accepted_absorbs_a_retransmission()
    {
        var machine = In(Accepted);

        var effects = Retransmit(machine);

        Expect(machine, Accepted, effects);
    }

    [Test]
    [Description("SIP-28")]
    public void Accepted_and_an_ACK_passes_it_up()
    {
        var machine = In(Accepted);

        Expect(machine, Accepted, Acknowledge(machine), new TransactionEffect(DeliverAck));
        Expect(machine, Accepted, Acknowledge(machine), new TransactionEffect(DeliverAck));
    }

    [Test]
    [Description("SIP-28")]
    public void Accepted_and_a_2xx_sends_it([Values(200, 202, 299)] int status)
    {
        var machine = In(Accepted);

        var effects = Respond(machine, status, out var taken);

        Assert.That(taken, Is.True);
        Expect(machine, Accepted, effects, new TransactionEffect(Send));
    }

    [Test]
    public void Accepted_discards_other_responses([Values(100, 180, 199, 300, 487, 699)] int status)
    {
        var machine = In(Accepted);

        var effects = Respond(machine, status, out var taken);

        Assert.That(taken, Is.False);
        Expect(machine, Accepted, effects);
    }

    [Test]
    [Description("SIP-28")]
    public void Accepted_and_L_goes_to_Terminated()
    {
        var machine = In(Accepted);

        var effects = Fire(machine, TransactionTimer.L);

        Expect(machine, Terminated, effects, new TransactionEffect(Terminate));
    }

    [Test]
    [Description("SIP-31")]
    public void Completed_and_a_retransmission_resends_the_final_response()
    {
        var machine = In(Completed);

        var effects = Retransmit(machine);

        Expect(machine, Completed, effects, new TransactionEffect(Send));
    }

    [Test]
    [Description("SIP-31")]
    public void Completed_and_G_resends_with_twice_the_interval_up_to_T2()
    {
        var machine = In(Completed);

        foreach (var next in (double[])[1, 2, 4, 4])
        {
            Expect(machine, Completed, Fire(machine, TransactionTimer.G), new(Send), Set(TransactionTimer.G, next));
        }
    }

    [Test]
    [Description("SIP-32")]
    public void Completed_and_an_ACK_goes_to_Confirmed()
    {
        var machine = In(Completed);

        var effects = Acknowledge(machine);

        Expect(
            machine, Confirmed, effects,
            new(CancelTimer, TransactionTimer.G), new(CancelTimer, TransactionTimer.H), Set(TransactionTimer.I, 5));
    }

    [Test]
    [Description("SIP-34")]
    public void Completed_and_an_ACK_on_a_reliable_transport_goes_to_Terminated()
    {
        var machine = In(Completed, reliable: true);

        var effects = Acknowledge(machine);

        Expect(machine, Terminated, effects, new TransactionEffect(Terminate));
    }

    [Test]
    [Description("SIP-31")]
    public void Completed_and_H_goes_to_Terminated()
    {
        var machine = In(Completed);

        var effects = Fire(machine, TransactionTimer.H);

        Expect(machine, Terminated, effects, new(DeliverTimeout), new(Terminate));
    }

    [Test]
    public void Completed_or_Confirmed_discards_responses(
        [Values("Completed", "Confirmed")] string state, [Values(100, 180, 200, 486, 500)] int status)
    {
        var machine = In(Enum.Parse<InviteServerTransactionState>(state));

        var effects = Respond(machine, status, out var taken);

        Assert.That(taken, Is.False);
        Expect(machine, Enum.Parse<InviteServerTransactionState>(state), effects);
    }

    [Test]
    [Description("SIP-32")]
    public void Confirmed_absorbs_an_ACK()
    {
        var machine = In(Confirmed);

        var effects = Acknowledge(machine);

        Expect(machine, Confirmed, effects);
    }

    [Test]
    [Description("SIP-32")]
    public void Confirmed_and_I_goes_to_Terminated()
    {
        var machine = In(Confirmed);

        var effects = Fire(machine, TransactionTimer.I);

        Expect(machine, Terminated, effects, new TransactionEffect(Terminate));
    }

    [Test]
    [Description("SIP-29, RFC 6026 §7.1")]
    public void A_transport_error_is_told_and_changes_no_state([Values("Proceeding", "Accepted", "Completed")] string state)
    {
        var machine = In(Enum.Parse<InviteServerTransactionState>(state));
        var effects = default(TransactionEffects);

        machine.OnTransportError(ref effects);

        Expect(machine, Enum.Parse<InviteServerTransactionState>(state), effects, new TransactionEffect(DeliverTransportError));
    }

    [Test]
    public void Proceeding_ignores_an_ACK()
    {
        var machine = In(Proceeding);

        var effects = Acknowledge(machine);

        Expect(machine, Proceeding, effects);
    }

    [Test]
    public void A_timer_that_came_too_late_to_be_cancelled_is_ignored([Values("Accepted", "Completed", "Confirmed")] string state)
    {
        var machine = In(Enum.Parse<InviteServerTransactionState>(state));
        var effects = default(TransactionEffects);

        machine.OnTimer(TransactionTimer.Trying, ref effects);

        if (machine.State == Confirmed)
        {
            machine.OnTimer(TransactionTimer.G, ref effects);
            machine.OnTimer(TransactionTimer.H, ref effects);
        }

        Expect(machine, Enum.Parse<InviteServerTransactionState>(state), effects);
    }

    [Test]
    public void Confirmed_ignores_a_retransmission_and_a_transport_error()
    {
        var machine = In(Confirmed);
        var effects = default(TransactionEffects);

        machine.OnRequest(ref effects);
        machine.OnTransportError(ref effects);

        Expect(machine, Confirmed, effects);
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
        machine.OnAck(ref effects);
        machine.OnTransportError(ref effects);

        Assert.That(machine.Respond(100, ref effects), Is.False);
        Assert.That(machine.Respond(200, ref effects), Is.False);
        Assert.That(machine.Respond(486, ref effects), Is.False);
        Expect(machine, Terminated, effects);
    }

    [Test]
    public void What_is_no_status_is_refused([Values(-1, 0, 99, 700)] int status)
    {
        var machine = In(Proceeding);

        Assert.That(() => Respond(machine, status, out _), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static InviteServerTransaction In(InviteServerTransactionState state, bool reliable = false)
    {
        var machine = new InviteServerTransaction(Timers, reliable);
        var effects = default(TransactionEffects);
        machine.Start(ref effects);

        if (state is Accepted or Terminated)
        {
            Respond(machine, 200, out _);
        }
        else if (state is Completed or Confirmed)
        {
            Respond(machine, 486, out _);
        }

        if (state == Confirmed)
        {
            Acknowledge(machine);
        }
        else if (state == Terminated)
        {
            Fire(machine, TransactionTimer.L);
        }
        return machine;
    }

    private static TransactionEffects Respond(InviteServerTransaction machine, int status, out bool taken)
    {
        var effects = default(TransactionEffects);
        taken = machine.Respond(status, ref effects);
        return effects;
    }

    private static TransactionEffects Retransmit(InviteServerTransaction machine)
    {
        var effects = default(TransactionEffects);
        machine.OnRequest(ref effects);
        return effects;
    }

    private static TransactionEffects Acknowledge(InviteServerTransaction machine)
    {
        var effects = default(TransactionEffects);
        machine.OnAck(ref effects);
        return effects;
    }

    private static TransactionEffects Fire(InviteServerTransaction machine, TransactionTimer timer)
    {
        var effects = default(TransactionEffects);
        machine.OnTimer(timer, ref effects);
        return effects;
    }

    private static TransactionEffect Set(TransactionTimer timer, double seconds) =>
        new(SetTimer, timer, TimeSpan.FromSeconds(seconds));

    private static void Expect(
        InviteServerTransaction machine, InviteServerTransactionState state, TransactionEffects effects, params TransactionEffect[] expected)
    {
        Assert.That(machine.State, Is.EqualTo(state));
        Assert.That(effects.AsSpan().ToArray(), Is.EqualTo(expected));
    }
}
