namespace SipPush.Sip.Transactions;

/// <summary>Names a timer of a <see cref="TimerWheel"/> for cancelling it; the default value names none.</summary>
/// <param name="Index">Place in the wheel's slab, which later timers reuse.</param>
/// <param name="Generation">Which use of that place is meant; zero for none.</param>
internal readonly record struct TimerHandle(int Index, uint Generation);
