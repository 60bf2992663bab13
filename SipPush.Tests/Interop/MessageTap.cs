using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>Keeps every message that a stack says and hears.</summary>
internal sealed class MessageTap : SipTap
{
    private readonly Lock _gate = new();
    private readonly List<SippMessage> _messages = [];

    public IReadOnlyList<SippMessage> Messages
    {
        get
        {
            lock (_gate)
            {
                return [.. _messages];
            }
        }
    }

    public IEnumerable<string> Said => Messages.Where(message => message.Sent).Select(message => message.Text);

    public IEnumerable<string> Heard => Messages.Where(message => !message.Sent).Select(message => message.Text);

    public override void Received(SipFlow flow, ReadOnlySpan<byte> message) => Add(new SippMessage(false, Encoding.Latin1.GetString(message)));

    public override void Sending(SipFlow flow, ReadOnlySpan<byte> message) => Add(new SippMessage(true, Encoding.Latin1.GetString(message)));

    private void Add(SippMessage message)
    {
        lock (_gate)
        {
            _messages.Add(message);
        }
    }
}
