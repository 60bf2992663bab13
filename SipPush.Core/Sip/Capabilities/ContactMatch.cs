namespace SipPush.Sip;

/// <summary>A contact that the caller's preferences left in.</summary>
/// <param name="Contact">The contact.</param>
/// <param name="Q">The callee's preference, from 0 to 1.</param>
/// <param name="Qa">The caller's preference, from 0 to 1.</param>
public readonly record struct ContactMatch<T>(T Contact, double Q, double Qa);
