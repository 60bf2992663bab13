using SipPush.Sip;
using SipPush.Sip.Transactions;
using static SipPush.Sip.Transactions.ClientTransactionState;
using static SipPush.Sip.Transactions.TransactionEffectKind;
using static SipPush.Tests.Sip.Transactions.TransactionRun;

namespace SipPush.Tests.Sip.Transactions;

public sealed class NonInviteClientTransactionTests
{
    private static readonly SipTimers Timers = SipTimers.Rfc3261;

    [Test]
    [Description("SIP-25, RFC 3261 §17.1.2.2")]
    public void Without_an_answer_the_request_is_repeated_until_timer_F()
    {
        var run = Of(new NonInviteClientTransaction(Timers, reliable: false));

        run.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0, .5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5)));
        Assert.That(run.Events, Is.EqualTo(["timeout at 32 s"]));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("SIP-26, RFC 3261 §17.1.2.2")]
    public void After_a_1xx_the_request_is_repeated_every_T2_and_timer_F_still_ends_it()
    {
        var run = Of(new NonInviteClientTransaction(Timers, reliable: false));

        run.AdvanceTo(.6);
        run.Respond(100);
        run.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0, .5, 1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5)));
        Assert.That(run.Events, Is.EqualTo(["100 at 0.6 s", "timeout at 32 s"]));
    }

    [Test]
    [Description("SIP-24, SIP-25")]
    public void On_a_reliable_transport_the_request_is_sent_once_and_times_out_all_the_same()
    {
        var run = Of(new NonInviteClientTransaction(Timers, reliable: true));

        run.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0)));
        Assert.That(run.Events, Is.EqualTo(["timeout at 32 s"]));
    }

    [Test]
    public void A_final_response_ends_the_repetitions_and_its_own_are_absorbed_until_timer_K()
    {
        var run = Of(new NonInviteClientTransaction(Timers, reliable: false));

        run.AdvanceTo(1);
        run.Respond(200);
        run.AdvanceTo(2);
        run.Respond(200);
        run.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0, .5)));
        Assert.That(run.Events, Is.EqualTo(["200 at 1 s"]));
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(6)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("SIP-34")]
    public void On_a_reliable_transport_a_final_response_ends_the_transaction_at_once()
    {
        var run = Of(new NonInviteClientTransaction(Timers, reliable: true));

        run.AdvanceTo(1);
        run.Respond(404);

        Assert.That(run.Events, Is.EqualTo(["404 at 1 s"]));
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(1)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    public void Start_sends_and_sets_F_and_E()
    {
        var machine = new NonInviteClientTransaction(Timers, reliable: false);
        var effects = default(TransactionEffects);

        machine.Start(ref effects);

        Expect(machine, Trying, effects, new(Send), Set(TransactionTimer.F, 32), Set(TransactionTimer.E, .5));
    }

    [Test]
    [Description("SIP-24")]
    public void Start_on_a_reliable_transport_sets_F_alone()
    {
        var machine = new NonInviteClientTransaction(Timers, reliable: true);
        var effects = default(TransactionEffects);

        machine.Start(ref effects);

        Expect(machine, Trying, effects, new(Send), Set(TransactionTimer.F, 32));
    }

    [Test]
    public void Trying_and_E_resends_with_twice_the_interval()
    {
        var machine = In(Trying);

        var effects = Fire(machine, TransactionTimer.E);

        Expect(machine, Trying, effects, new(Send), Set(TransactionTimer.E, 1));
    }

    [Test]
    public void Trying_and_a_1xx_goes_to_Proceeding([Values(100, 183, 199)] int status)
    {
        var machine = In(Trying);

        var effects = Receive(machine, status);

        Expect(machine, Proceeding, effects, new TransactionEffect(DeliverResponse));
    }

    [Test]
    public void Proceeding_and_a_1xx_stays([Values(100, 183, 199)] int status)
    {
        var machine = In(Proceeding);

        var effects = Receive(machine, status);

        Expect(machine, Proceeding, effects, new TransactionEffect(DeliverResponse));
    }

    [Test]
    public void Proceeding_and_E_resends_after_T2()
    {
        var machine = In(Proceeding);

        var effects = Fire(machine, TransactionTimer.E);

        Expect(machine, Proceeding, effects, new(Send), Set(TransactionTimer.E, 4));
    }

    [Test]
    public void Trying_or_Proceeding_and_a_final_response_goes_to_Completed(
        [Values("Trying", "Proceeding")] string from, [Values(200, 302, 404, 500, 603, 699)] int status)
    {
        var machine = In(Enum.Parse<ClientTransactionState>(from));

        var effects = Receive(machine, status);

        Expect(
            machine, Completed, effects,
            new(DeliverResponse), new(CancelTimer, TransactionTimer.E), new(CancelTimer, TransactionTimer.F), Set(TransactionTimer.K, 5));
    }

    [Test]
    [Description("SIP-34")]
    public void Trying_or_Proceeding_and_a_final_response_on_a_reliable_transport_goes_to_Terminated(
        [Values("Trying", "Proceeding")] string from)
    {
        var machine = In(Enum.Parse<ClientTransactionState>(from), reliable: true);

        var effects = Receive(machine, 200);

        Expect(machine, Terminated, effects, new(DeliverResponse), new(Terminate));
    }

    [Test]
    public void Trying_or_Proceeding_and_F_goes_to_Terminated([Values("Trying", "Proceeding")] string from)
    {
        var machine = In(Enum.Parse<ClientTransactionState>(from));

        var effects = Fire(machine, TransactionTimer.F);

        Expect(machine, Terminated, effects, new(DeliverTimeout), new(Terminate));
    }

    [Test]
    public void Trying_or_Proceeding_and_a_transport_error_goes_to_Terminated([Values("Trying", "Proceeding")] string from)
    {
        var machine = In(Enum.Parse<ClientTransactionState>(from));
        var effects = default(TransactionEffects);

        machine.OnTransportError(ref effects);

        Expect(machine, Terminated, effects, new(DeliverTransportError), new(Terminate));
    }

    [Test]
    public void Completed_absorbs_responses([Values(100, 200, 500)] int status)
    {
        var machine = In(Completed);

        var effects = Receive(machine, status);

        Expect(machine, Completed, effects);
    }

    [Test]
    public void Completed_and_K_goes_to_Terminated()
    {
        var machine = In(Completed);

        var effects = Fire(machine, TransactionTimer.K);

        Expect(machine, Terminated, effects, new TransactionEffect(Terminate));
    }

    [Test]
    public void Completed_ignores_what_came_too_late_to_be_cancelled()
    {
        var machine = In(Completed);
        var effects = default(TransactionEffects);

        machine.OnTimer(TransactionTimer.E, ref effects);
        machine.OnTimer(TransactionTimer.F, ref effects);
        machine.OnTransportError(ref effects);

        Expect(machine, Completed, effects);
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
        machine.OnResponse(100, ref effects);
        machine.OnResponse(200, ref effects);
        machine.OnTransportError(ref effects);

        Expect(machine, Terminated, effects);
    }

    private static NonInviteClientTransaction In(ClientTransactionState state, bool reliable = false)
    {
        var machine = new NonInviteClientTransaction(Timers, reliable);
        var effects = default(TransactionEffects);
        machine.Start(ref effects);

        if (state == Terminated)
        {
            Fire(machine, TransactionTimer.F);
        }
        else if (state != Trying)
        {
            Receive(machine, state == Proceeding ? 100 : 200);
        }
        return machine;
    }

    private static TransactionEffects Receive(NonInviteClientTransaction machine, int status)
    {
        var effects = default(TransactionEffects);
        machine.OnResponse(status, ref effects);
        return effects;
    }

    private static TransactionEffects Fire(NonInviteClientTransaction machine, TransactionTimer timer)
    {
        var effects = default(TransactionEffects);
        machine.OnTimer(timer, ref effects);
        return effects;
    }

    private static TransactionEffect Set(TransactionTimer timer, double seconds) =>
        new(SetTimer, timer, TimeSpan.FromSeconds(seconds));

    private static void Expect(
        NonInviteClientTransaction machine, ClientTransactionState state, TransactionEffects effects, params TransactionEffect[] expected)
    {
        Assert.That(machine.State, Is.EqualTo(state));
        Assert.That(effects.AsSpan().ToArray(), Is.EqualTo(expected));
    }
}
