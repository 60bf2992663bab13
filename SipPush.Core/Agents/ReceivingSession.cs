using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush;

/// <summary>One session of a receiver: its dialog, its MSRP session, and what is read of it. When one of the first two ends, so does the other.</summary>
internal sealed class ReceivingSession(MsrpSession messages, Func<IncomingMsrpMessage, ValueTask> handOver, Action<ReceivingSession> ended, ILogger log) : IAsyncDisposable
{
    private readonly TaskCompletionSource<SipSession?> _call = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;

    /// <summary>The answer is about to go: whoever comes by it is expected.</summary>
    public void Begin(MsrpRemote remote) => _running = RunAsync(remote);

    /// <summary>The answer has gone.</summary>
    public void IsAccepted(SipSession call) => _call.TrySetResult(call);

    public async ValueTask DisposeAsync()
    {
        _call.TrySetResult(null);
        await messages.DisposeAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        ended(this);
    }

    private async Task RunAsync(MsrpRemote remote)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

        // The one who waits is ready before the answer tells where; the one who connects does so when it has gone (RFC 6135 §4.2.2).
        var starting = remote.Role == MsrpRole.Passive ? StartAsync(remote) : Task.CompletedTask;
        if (await _call.Task.ConfigureAwait(false) is { } call)
        {
            var reading = ReadAllAsync();
            if (remote.Role == MsrpRole.Active)
            {
                starting = StartAsync(remote);
            }

            await Task.WhenAny(call.Completion, messages.Completion).ConfigureAwait(false);
            await messages.DisposeAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(false);
            await call.DisposeAsync().ConfigureAwait(false);
        }

        await messages.DisposeAsync().ConfigureAwait(false);
        await starting.ConfigureAwait(false);
        ended(this);
    }

    private async Task StartAsync(MsrpRemote remote)
    {
        try
        {
            await messages.StartAsync(remote).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is MsrpException or InvalidOperationException)
        {
            PushLog.MediaFailed(log, failure);
        }
    }

    private async Task ReadAllAsync()
    {
        await foreach (var message in messages.ReceiveAllAsync().ConfigureAwait(false))
        {
            await handOver(message).ConfigureAwait(false);
        }
    }
}
