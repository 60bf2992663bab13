using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// One session of a receiver: its dialog, its MSRP sessions, one a media description, and what is read of them. When the dialog ends, so do they; when they have all ended, so does the dialog, though
/// one with files waits a while for the sender to go on where it broke off.
/// </summary>
internal sealed class ReceivingSession(Func<IncomingMsrpMessage, PushFileOffer?, ValueTask> handOver, Action<ReceivingSession> ended, TimeProvider clock, ILogger log) : IAsyncDisposable
{
    // As long as a sender that has lost its connection needs to notice, and to offer again.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(32);

    private readonly TaskCompletionSource<SipSession?> _call = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<int, Line> _lines = [];
    private readonly List<Line> _all = [];
    private TaskCompletionSource _hasNew = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private bool _hasFiles;
    private bool _isEnding;

    /// <summary>Adds a media description: its answer is about to go, and whoever comes by it is expected. It takes the place of the one that was there.</summary>
    public void Add(int index, MsrpSession messages, MsrpRemote remote, PushFileOffer? file)
    {
        Remove(index);
        var line = new Line(this, messages, remote, file);
        lock (_lines)
        {
            _lines[index] = line;
            _all.RemoveAll(other => other.IsOver);
            _all.Add(line);
            _hasFiles |= file is not null;
            line.Begin(isDropped: _isEnding);
            _hasNew.TrySetResult();
            _hasNew = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Ends a media description: what still comes by it is given up.</summary>
    public void Remove(int index)
    {
        Line? line;
        lock (_lines)
        {
            _lines.Remove(index, out line);
        }

        line?.Drop();
    }

    /// <summary>Whether that media description is still served.</summary>
    public bool IsAlive(int index)
    {
        lock (_lines)
        {
            return _lines.TryGetValue(index, out var line) && !line.IsOver;
        }
    }

    /// <summary>Every media description of the first answer is there.</summary>
    public void Begin() => _running = RunAsync();

    /// <summary>The answer has gone.</summary>
    public void IsAccepted(SipSession call) => _call.TrySetResult(call);

    public async ValueTask DisposeAsync()
    {
        _call.TrySetResult(null);
        DropAll();
        await _running.ConfigureAwait(false);
        await Task.WhenAll(Current().Lines).ConfigureAwait(false);
        ended(this);
    }

    private async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        if (await _call.Task.ConfigureAwait(false) is { } call)
        {
            while (!call.Completion.IsCompleted)
            {
                var (lines, hasNew) = Current();
                await Task.WhenAny(call.Completion, Task.WhenAll(lines), hasNew).ConfigureAwait(false);
                if (hasNew.IsCompleted || call.Completion.IsCompleted)
                {
                    continue;
                }

                // What was taken has been told by MSRP; now it is the sender's turn to say BYE.
                var isPatient = _hasFiles && !_isEnding;
                if (isPatient)
                {
                    await ((Task)Task.WhenAny(call.Completion, hasNew)).WaitAsync(Patience, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }

                if (!hasNew.IsCompleted)
                {
                    break;
                }
            }

            DropAll();
            await Task.WhenAll(Current().Lines).ConfigureAwait(false);
            await call.DisposeAsync().ConfigureAwait(false);
        }

        DropAll();
        await Task.WhenAll(Current().Lines).ConfigureAwait(false);
        ended(this);
    }

    private (Task[] Lines, Task HasNew) Current()
    {
        lock (_lines)
        {
            return ([.. _all.Select(line => line.Running)], _hasNew.Task);
        }
    }

    private void DropAll()
    {
        Line[] lines;
        lock (_lines)
        {
            _isEnding = true;
            lines = [.. _all];
        }

        foreach (var line in lines)
        {
            line.Drop();
        }
    }

    private sealed class Line(ReceivingSession owner, MsrpSession messages, MsrpRemote remote, PushFileOffer? file)
    {
        public Task Running { get; private set; } = Task.CompletedTask;

        public bool IsOver => messages.Completion.IsCompleted;

        public void Begin(bool isDropped)
        {
            if (isDropped)
            {
                Drop();
            }

            Running = RunAsync();
        }

        // Its end is seen by who reads it.
        public void Drop() => _ = messages.DisposeAsync().AsTask();

        private async Task RunAsync()
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

            // The one who waits is ready before the answer tells where; the one who connects does so when it has gone (RFC 6135 §4.2.2).
            var starting = remote.Role == MsrpRole.Passive ? StartAsync() : Task.CompletedTask;
            if (await owner._call.Task.ConfigureAwait(false) is not null)
            {
                var reading = ReadAllAsync();
                if (remote.Role == MsrpRole.Active)
                {
                    starting = StartAsync();
                }

                await messages.Completion.ConfigureAwait(false);
                await reading.ConfigureAwait(false);
            }

            await messages.DisposeAsync().ConfigureAwait(false);
            await starting.ConfigureAwait(false);
        }

        private async Task StartAsync()
        {
            try
            {
                await messages.StartAsync(remote).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is MsrpException or InvalidOperationException)
            {
                PushLog.MediaFailed(owner.Log, failure);
            }
        }

        private async Task ReadAllAsync()
        {
            await foreach (var message in messages.ReceiveAllAsync().ConfigureAwait(false))
            {
                await owner.HandOver(message, file).ConfigureAwait(false);
            }
        }
    }

    private ILogger Log => log;

    private Func<IncomingMsrpMessage, PushFileOffer?, ValueTask> HandOver => handOver;
}
