using System.Text;
using System.Threading.Channels;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Transport;

/// <summary>Keeps what a transport reports, in order, and can answer from within the call.</summary>
internal sealed class RecordingReceiver : SipTransportReceiver
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<(SipFlow Flow, string Text)> _messages = Channel.CreateUnbounded<(SipFlow, string)>();
    private readonly Channel<(SipFlow Flow, string Head, SipFramingError Error)> _errors = Channel.CreateUnbounded<(SipFlow, string, SipFramingError)>();
    private readonly Channel<(SipFlow Flow, Exception? Reason)> _closed = Channel.CreateUnbounded<(SipFlow, Exception?)>();

    public Action<SipFlow, byte[]>? OnReceived { get; set; }

    public Action<SipFlow>? OnUnframeable { get; set; }

    public int ClosedCount => _closed.Reader.Count;

    public override void Received(SipFlow flow, ReadOnlySpan<byte> message)
    {
        if (OnReceived is { } handler)
        {
            handler(flow, message.ToArray());
            return;
        }
        _messages.Writer.TryWrite((flow, Encoding.Latin1.GetString(message)));
    }

    public override void Unframeable(SipFlow flow, ReadOnlySpan<byte> head, SipFramingError error)
    {
        OnUnframeable?.Invoke(flow);
        _errors.Writer.TryWrite((flow, Encoding.Latin1.GetString(head), error));
    }

    public override void Closed(SipFlow flow, Exception? reason) => _closed.Writer.TryWrite((flow, reason));

    public Task<(SipFlow Flow, string Text)> NextAsync() => _messages.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public Task<(SipFlow Flow, string Head, SipFramingError Error)> NextErrorAsync() => _errors.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public Task<(SipFlow Flow, Exception? Reason)> NextClosedAsync() => _closed.Reader.ReadAsync().AsTask().WaitAsync(Patience);
}
