using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;

namespace SipPush.Sip.Transactions;

/// <summary>The way out: shows each message to the tap and the wire log and gives it to its flow's transport.</summary>
internal sealed class MessageSender(SipTap? tap, WireLog wire, ILogger log)
{
    public ValueTask SendAsync(SipFlow flow, ReadOnlyMemory<byte> octets, CancellationToken cancellationToken)
    {
        tap?.Sending(flow, octets.Span);
        wire.Sending(flow, octets.Span);
        return flow.Transport.SendAsync(flow, octets, cancellationToken);
    }

    /// <summary>
    /// Lets a sending end by itself: it completes at once unless a connection's queue is full, and then it is bounded by the transport's own
    /// time-out. What goes wrong is logged.
    /// </summary>
    public void Forget(ValueTask sending)
    {
        if (!sending.IsCompletedSuccessfully)
        {
            _ = Observe(sending);
        }

        async Task Observe(ValueTask task)
        {
            try
            {
                await task.ConfigureAwait(false);
            }
            catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
            {
                SipLog.NotSent(log, error);
            }
        }
    }
}
