namespace SipPush.Sip;

/// <summary>What is to be done now, and when the time is to be told to the <see cref="SessionTimer"/> next.</summary>
/// <param name="Step">What is to be done.</param>
/// <param name="Delay">From now, at most a day, in place of any delay said before; null when no timer runs.</param>
internal readonly record struct SessionTimerEffect(SessionTimerStep Step, TimeSpan? Delay);
