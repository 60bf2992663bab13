namespace SipPush.Sip;

/// <summary>What is to be done now, and how long to wait after it.</summary>
/// <param name="Step">What is to be done.</param>
/// <param name="Delay">When the time has to be told to the <see cref="AnswerRepetition"/> next, from now; of use with <see cref="AnswerRepetitionStep.Resend"/> only.</param>
internal readonly record struct AnswerRepetitionEffect(AnswerRepetitionStep Step, TimeSpan Delay);
