namespace SipPush.Sip;

/// <summary>Sees every message as it goes over the wire, credentials included: for traces and diagrams.</summary>
/// <remarks>Called on the thread that sends or receives, several at once; it must be quick and must not throw.</remarks>
public abstract class SipTap
{
    /// <summary>A message has come; <paramref name="message"/> is borrowed until the call returns.</summary>
    public abstract void Received(SipFlow flow, ReadOnlySpan<byte> message);

    /// <summary>A message is about to go; <paramref name="message"/> is borrowed until the call returns.</summary>
    public abstract void Sending(SipFlow flow, ReadOnlySpan<byte> message);
}
