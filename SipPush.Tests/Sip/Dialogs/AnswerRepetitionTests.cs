using System.Globalization;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Dialogs;

public sealed class AnswerRepetitionTests
{
    [Test, Description("SIP-37; RFC 3261 §13.3.1.4")]
    public void A_2xx_is_repeated_from_T1_doubling_to_T2_and_ends_after_64_T1() =>
        Assert.That(Run(new AnswerRepetition(SipTimers.Rfc3261)), Is.EqualTo(
            "Resend at 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5; GiveUp at 32"));

    [Test, Description("RFC 3262 §3")]
    public void A_reliable_provisional_response_doubles_beyond_T2() =>
        Assert.That(Run(new AnswerRepetition(SipTimers.Rfc3261, isProvisional: true)), Is.EqualTo(
            "Resend at 0.5, 1.5, 3.5, 7.5, 15.5, 31.5; GiveUp at 32"));

    [Test]
    public void Other_base_values_are_kept_to() =>
        Assert.That(Run(new AnswerRepetition(new SipTimers { T1 = TimeSpan.FromSeconds(4), T2 = TimeSpan.FromSeconds(64) })), Is.EqualTo(
            "Resend at 4, 12, 28, 60, 124, 188, 252; GiveUp at 256"));

    [Test, Description("SIP-37")]
    public void The_acknowledgement_ends_it_once()
    {
        var repetition = new AnswerRepetition(SipTimers.Rfc3261);
        repetition.Start();
        repetition.OnTimer();

        Assert.That(repetition.OnAcknowledged(), Is.True);
        Assert.That(repetition.OnAcknowledged(), Is.False, "a repeated ACK");
        Assert.That(repetition.OnTimer(), Is.EqualTo(new AnswerRepetitionEffect(AnswerRepetitionStep.Nothing, default)));
    }

    [Test]
    public void An_acknowledgement_after_the_end_comes_too_late()
    {
        var repetition = new AnswerRepetition(SipTimers.Rfc3261);
        Run(repetition);

        Assert.That(repetition.OnAcknowledged(), Is.False);
        Assert.That(repetition.OnTimer().Step, Is.EqualTo(AnswerRepetitionStep.Nothing));
    }

    private static string Run(AnswerRepetition repetition)
    {
        var now = repetition.Start();
        var resent = new List<string>();
        for (var effect = repetition.OnTimer(); ; effect = repetition.OnTimer())
        {
            var at = now.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            if (effect.Step != AnswerRepetitionStep.Resend)
            {
                return $"Resend at {string.Join(", ", resent)}; {effect.Step} at {at}";
            }

            resent.Add(at);
            now += effect.Delay;
        }
    }
}
