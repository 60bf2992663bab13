using SipPush.Sip;
using SipPush.Sip.Transactions;
using static SipPush.Sip.Transactions.InviteClientTransactionState;
using static SipPush.Sip.Transactions.TransactionEffectKind;
using static SipPush.Tests.Sip.Transactions.TransactionRun;

namespace SipPush.Tests.Sip.Transactions;

public sealed class InviteClientTransactionTests
{
    private static readonly SipTimers Timers = SipTimers.Rfc3261;

    [Test]
    [Description("SIP-23, RFC 3261 §17.1.1.2")]
    public void Without_an_answer_the_INVITE_is_repeated_until_timer_B()
    {
        var run = Of(new InviteClientTransaction(Timers, reliable: false));

        run.Clock.Advance(TimeSpan.FromMinutes(2));

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0, .5, 1.5, 3.5, 7.5, 15.5, 31.5)));
        Assert.That(run.Sent, Is.All.EqualTo("request"));
        Assert.That(run.Events, Is.EqualTo(["timeout at 32 s"]));
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(32)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("SIP-23, SIP-24")]
    public void On_a_reliable_transport_the_INVITE_is_sent_once_and_times_out_all_the_same()
    {
        var run = Of(new InviteClientTransaction(Timers, reliable: true));

        run.Clock.Advance(TimeSpan.FromMinutes(2));

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0)));
        Assert.That(run.Events, Is.EqualTo(["timeout at 32 s"]));
    }

    [Test]
    [Description("RFC 3261 §17.1.1.2: Timer B is for Calling alone")]
    public void After_a_1xx_the_INVITE_is_no_longer_repeated_and_no_timer_ends_it([Values] bool reliable)
    {
        var run = Of(new InviteClientTransaction(Timers, reliable));

        run.AdvanceTo(.4);
        run.Respond(100);
        run.AdvanceTo(60);
        run.Respond(180);
        run.Clock.Advance(TimeSpan.FromMinutes(10));

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0)));
        Assert.That(run.Events, Is.EqualTo(["100 at 0.4 s", "180 at 60 s"]));
        Assert.That(run.TerminatedAt, Is.Null);
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("SIP-27, RFC 6026 §7.2")]
    public void Each_2xx_is_passed_up_until_timer_M_and_none_is_acknowledged_here([Values] bool reliable)
    {
        var run = Of(new InviteClientTransaction(Timers, reliable));

        run.AdvanceTo(.1);
        run.Respond(180);
        run.AdvanceTo(1);
        run.Respond(200);
        run.AdvanceTo(1.5);
        run.Respond(200);
        run.AdvanceTo(32.9);
        run.Respond(202);
        run.AdvanceTo(33);
        run.Respond(200);

        Assert.That(run.Events, Is.EqualTo(["180 at 0.1 s", "200 at 1 s", "200 at 1.5 s", "202 at 32.9 s"]));
        Assert.That(run.Sent, Is.EqualTo(["request"]));
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(33)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("RFC 3261 §17.1.1.2")]
    public void Each_repetition_of_a_300_699_has_the_ACK_sent_again_until_timer_D()
    {
        var run = Of(new InviteClientTransaction(Timers, reliable: false));

        run.AdvanceTo(.1);
        run.Respond(486);
        run.AdvanceTo(.6);
        run.Respond(486);
        run.AdvanceTo(32);
        run.Respond(486);
        run.AdvanceTo(32.1);
        run.Respond(486);

        Assert.That(run.SentAt, Is.EqualTo(Seconds(0, .1, .6, 32)));
        Assert.That(run.Sent, Is.EqualTo(["request", "ACK", "ACK", "ACK"]));
        Assert.That(run.Events, Is.EqualTo(["486 at 0.1 s"]));
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(32.1)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("SIP-34")]
    public void On_a_reliable_transport_a_300_699_is_acknowledged_and_ends_the_transaction_at_once()
    {
        var run = Of(new InviteClientTransaction(Timers, reliable: true));

        run.AdvanceTo(1);
        run.Respond(486);

        Assert.That(run.Sent, Is.EqualTo(["request", "ACK"]));
        Assert.That(run.Events, Is.EqualTo(["486 at 1 s"]));
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(1)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    [Description("RFC 3261 §17.1.1.2, §17.1.4")]
    public void When_an_ACK_cannot_be_sent_the_user_is_told_and_the_transaction_ends()
    {
        var run = Of(new InviteClientTransaction(Timers, reliable: false));

        run.AdvanceTo(1);
        run.Respond(486);
        run.FailTransport();
        run.AdvanceTo(1.5);
        run.Respond(486);

        Assert.That(run.Sent, Is.EqualTo(["request", "request", "ACK"]));
        Assert.That(run.Events, Is.EqualTo(["486 at 1 s", "transport error at 1 s"]));
        Assert.That(run.TerminatedAt, Is.EqualTo(TimeSpan.FromSeconds(1)));
        Assert.That(run.PendingTimers, Is.Zero);
    }

    [Test]
    public void Start_sends_and_sets_B_and_A()
    {
        var machine = new InviteClientTransaction(Timers, reliable: false);
        var effects = default(TransactionEffects);

        machine.Start(ref effects);

        Expect(machine, Calling, effects, new(Send), Set(TransactionTimer.B, 32), Set(TransactionTimer.A, .5));
    }

    [Test]
    [Description("SIP-24")]
    public void Start_on_a_reliable_transport_sets_B_alone()
    {
        var machine = new InviteClientTransaction(Timers, reliable: true);
        var effects = default(TransactionEffects);

        machine.Start(ref effects);

        Expect(machine, Calling, effects, new(Send), Set(TransactionTimer.B, 32));
    }

    [Test]
    [Description("SIP-23")]
    public void Calling_and_A_resends_with_twice_the_interval()
    {
        var machine = In(Calling);

        Expect(machine, Calling, Fire(machine, TransactionTimer.A), new(Send), Set(TransactionTimer.A, 1));
        Expect(machine, Calling, Fire(machine, TransactionTimer.A), new(Send), Set(TransactionTimer.A, 2));
    }

    [Test]
    [Description("SIP-23")]
    public void Calling_and_B_goes_to_Terminated()
    {
        var machine = In(Calling);

        var effects = Fire(machine, TransactionTimer.B);

        Expect(machine, Terminated, effects, new(DeliverTimeout), new(Terminate));
    }

    [Test]
    public void Calling_and_a_1xx_goes_to_Proceeding([Values(100, 183, 199)] int status)
    {
        var machine = In(Calling);

        var effects = Receive(machine, status);

        Expect(
            machine, Proceeding, effects,
            new(DeliverResponse), new(CancelTimer, TransactionTimer.A), new(CancelTimer, TransactionTimer.B));
    }

    [Test]
    public void Proceeding_and_a_1xx_stays([Values(100, 183, 199)] int status)
    {
        var machine = In(Proceeding);

        var effects = Receive(machine, status);

        Expect(machine, Proceeding, effects, new TransactionEffect(DeliverResponse));
    }

    [Test]
    [Description("SIP-27")]
    public void Calling_or_Proceeding_and_a_2xx_goes_to_Accepted(
        [Values("Calling", "Proceeding")] string from, [Values(200, 202, 299)] int status, [Values] bool reliable)
    {
        var machine = In(Enum.Parse<InviteClientTransactionState>(from), reliable);

        var effects = Receive(machine, status);

        Expect(
            machine, Accepted, effects,
            new(DeliverResponse), new(CancelTimer, TransactionTimer.A), new(CancelTimer, TransactionTimer.B), Set(TransactionTimer.M, 32));
    }

    [Test]
    public void Calling_or_Proceeding_and_a_300_699_goes_to_Completed(
        [Values("Calling", "Proceeding")] string from, [Values(300, 302, 404, 500, 603, 699)] int status)
    {
        var machine = In(Enum.Parse<InviteClientTransactionState>(from));

        var effects = Receive(machine, status);

        Expect(
            machine, Completed, effects,
            new(DeliverResponse), new(SendAck),
            new(CancelTimer, TransactionTimer.A), new(CancelTimer, TransactionTimer.B), Set(TransactionTimer.D, 32));
    }

    [Test]
    [Description("RFC 6026 §8.4: at least 32 s, whatever T1 is")]
    public void D_is_never_less_than_32_s([Values(.1, .5, 1)] double t1)
    {
        var machine = new InviteClientTransaction(new() { T1 = TimeSpan.FromSeconds(t1) }, reliable: false);

        var effects = Receive(machine, 486);

        Assert.That(effects.AsSpan()[^1], Is.EqualTo(Set(TransactionTimer.D, t1 > .5 ? 64 : 32)));
    }

    [Test]
    [Description("SIP-34")]
    public void Calling_or_Proceeding_and_a_300_699_on_a_reliable_transport_goes_to_Terminated(
        [Values("Calling", "Proceeding")] string from)
    {
        var machine = In(Enum.Parse<InviteClientTransactionState>(from), reliable: true);

        var effects = Receive(machine, 486);

        Expect(machine, Terminated, effects, new(DeliverResponse), new(SendAck), new(Terminate));
    }

    [Test]
    [Description("SIP-27")]
    public void Accepted_and_a_2xx_passes_it_up([Values(200, 202, 299)] int status)
    {
        var machine = In(Accepted);

        var effects = Receive(machine, status);

        Expect(machine, Accepted, effects, new TransactionEffect(DeliverResponse));
    }

    [Test]
    public void Accepted_absorbs_other_responses([Values(100, 199, 300, 487, 699)] int status)
    {
        var machine = In(Accepted);

        var effects = Receive(machine, status);

        Expect(machine, Accepted, effects);
    }

    [Test]
    [Description("SIP-27")]
    public void Accepted_and_M_goes_to_Terminated()
    {
        var machine = In(Accepted);

        var effects = Fire(machine, TransactionTimer.M);

        Expect(machine, Terminated, effects, new TransactionEffect(Terminate));
    }

    [Test]
    public void Completed_and_a_300_699_has_the_ACK_sent_again([Values(300, 486, 699)] int status)
    {
        var machine = In(Completed);

        var effects = Receive(machine, status);

        Expect(machine, Completed, effects, new TransactionEffect(SendAck));
    }

    [Test]
    public void Completed_absorbs_other_responses([Values(100, 199, 200, 299)] int status)
    {
        var machine = In(Completed);

        var effects = Receive(machine, status);

        Expect(machine, Completed, effects);
    }

    [Test]
    public void Completed_and_D_goes_to_Terminated()
    {
        var machine = In(Completed);

        var effects = Fire(machine, TransactionTimer.D);

        Expect(machine, Terminated, effects, new TransactionEffect(Terminate));
    }

    [Test]
    public void Calling_Proceeding_or_Completed_and_a_transport_error_goes_to_Terminated(
        [Values("Calling", "Proceeding", "Completed")] string from)
    {
        var machine = In(Enum.Parse<InviteClientTransactionState>(from));
        var effects = default(TransactionEffects);

        machine.OnTransportError(ref effects);

        Expect(machine, Terminated, effects, new(DeliverTransportError), new(Terminate));
    }

    [Test]
    [Description("SIP-27")]
    public void Accepted_and_a_transport_error_stays_for_the_other_2xx()
    {
        var machine = In(Accepted);
        var effects = default(TransactionEffects);

        machine.OnTransportError(ref effects);

        Expect(machine, Accepted, effects);
    }

    [Test]
    public void A_and_B_that_came_too_late_to_be_cancelled_are_ignored(
        [Values("Proceeding", "Accepted", "Completed")] string state)
    {
        var machine = In(Enum.Parse<InviteClientTransactionState>(state));
        var effects = default(TransactionEffects);

        machine.OnTimer(TransactionTimer.A, ref effects);
        machine.OnTimer(TransactionTimer.B, ref effects);

        Expect(machine, Enum.Parse<InviteClientTransactionState>(state), effects);
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
        machine.OnResponse(486, ref effects);
        machine.OnTransportError(ref effects);

        Expect(machine, Terminated, effects);
    }

    private static InviteClientTransaction In(InviteClientTransactionState state, bool reliable = false)
    {
        var machine = new InviteClientTransaction(Timers, reliable);
        var effects = default(TransactionEffects);
        machine.Start(ref effects);

        switch (state)
        {
            case Proceeding:
                Receive(machine, 100);
                break;
            case Accepted:
                Receive(machine, 200);
                break;
            case Completed:
                Receive(machine, 486);
                break;
            case Terminated:
                Fire(machine, TransactionTimer.B);
                break;
        }
        return machine;
    }

    private static TransactionEffects Receive(InviteClientTransaction machine, int status)
    {
        var effects = default(TransactionEffects);
        machine.OnResponse(status, ref effects);
        return effects;
    }

    private static TransactionEffects Fire(InviteClientTransaction machine, TransactionTimer timer)
    {
        var effects = default(TransactionEffects);
        machine.OnTimer(timer, ref effects);
        return effects;
    }

    private static TransactionEffect Set(TransactionTimer timer, double seconds) =>
        new(SetTimer, timer, TimeSpan.FromSeconds(seconds));

    private static void Expect(
        InviteClientTransaction machine, InviteClientTransactionState state, TransactionEffects effects, params TransactionEffect[] expected)
    {
        Assert.That(machine.State, Is.EqualTo(state));
        Assert.That(effects.AsSpan().ToArray(), Is.EqualTo(expected));
    }
}
