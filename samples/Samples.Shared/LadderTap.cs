using SipPush.Sip;

namespace SipPush.Samples;

/// <summary>Hands what one stack sends and receives to a <see cref="Ladder"/>.</summary>
/// <param name="ladder">The diagram.</param>
/// <param name="self">The name of this stack's column.</param>
public sealed class LadderTap(Ladder ladder, string self) : SipTap
{
    /// <inheritdoc/>
    public override void Received(SipFlow flow, ReadOnlySpan<byte> message) => ladder.Received(self, flow, message);

    /// <inheritdoc/>
    public override void Sending(SipFlow flow, ReadOnlySpan<byte> message) => ladder.Sending(self, flow, message);
}
