using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace SipPush.Sip.Transactions;

/// <summary>
/// What one input made a transaction ask for, in order. It lives on the driver's stack: the driver passes it by reference with
/// the input and afterwards does what <see cref="AsSpan"/> lists. The machines hold no octets; which message is meant is said at
/// <see cref="TransactionEffectKind"/>.
/// </summary>
internal struct TransactionEffects
{
    // The longest row of the tables has five; the indexer throws if a new row ever needs more than this.
    private const int Capacity = 6;

    private Slots _slots;
    private int _count;

    public void Send() => Add(new(TransactionEffectKind.Send));

    public void SendAck() => Add(new(TransactionEffectKind.SendAck));

    public void CreateTrying() => Add(new(TransactionEffectKind.CreateTrying));

    public void SetTimer(TransactionTimer timer, TimeSpan delay) => Add(new(TransactionEffectKind.SetTimer, timer, delay));

    public void CancelTimer(TransactionTimer timer) => Add(new(TransactionEffectKind.CancelTimer, timer));

    public void DeliverRequest() => Add(new(TransactionEffectKind.DeliverRequest));

    public void DeliverAck() => Add(new(TransactionEffectKind.DeliverAck));

    public void DeliverResponse() => Add(new(TransactionEffectKind.DeliverResponse));

    public void DeliverTimeout() => Add(new(TransactionEffectKind.DeliverTimeout));

    public void DeliverTransportError() => Add(new(TransactionEffectKind.DeliverTransportError));

    public void Terminate() => Add(new(TransactionEffectKind.Terminate));

    /// <summary>The effects so far, in the order in which they are to be done.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<TransactionEffect> AsSpan() => ((ReadOnlySpan<TransactionEffect>)_slots)[.._count];

    private void Add(TransactionEffect effect) => _slots[_count++] = effect;

    [InlineArray(Capacity)]
    private struct Slots
    {
        private TransactionEffect _first;
    }
}
