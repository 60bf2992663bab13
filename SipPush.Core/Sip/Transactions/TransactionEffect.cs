namespace SipPush.Sip.Transactions;

/// <summary>One thing a transaction asks of its driver.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="Timer">Which timer, where the kind is about one.</param>
/// <param name="Delay">For <see cref="TransactionEffectKind.SetTimer"/>, counted from the instant of the input.</param>
internal readonly record struct TransactionEffect(
    TransactionEffectKind Kind,
    TransactionTimer Timer = default,
    TimeSpan Delay = default);
