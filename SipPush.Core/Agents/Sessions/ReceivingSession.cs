using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// One session of a receiver: its dialog, its MSRP sessions, one a media description, and what is read of them. When the dialog ends, so do they; when they have all ended, so does the dialog, though
/// one with files waits a while for the sender to go on where it broke off.
/// </summary>
internal sealed class ReceivingSession(Func<IncomingMsrpMessage, PushFileOffer?, ValueTask> handOver, Action<ReceivingSession> ended, bool endsWithConnection, TimeProvider clock, ILogger log) : IAsyncDisposable
{
    // As long as a sender that has lost its connection needs to notice, and to offer again.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(32);

    // Who has closed the connection in order is about to say BYE.
    private static readonly TimeSpan PatienceForBye = TimeSpan.FromSeconds(5);

    // Messages of one MSRP session that are handed over at once: one without octets does not hold up those behind it.
    private const int MostAtOnce = 16;

    private readonly TaskCompletionSource<SipSession?> _call = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<int, Line> _lines = [];
    private readonly List<Line> _all = [];
    private TaskCompletionSource _hasNew = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;
    private Line? _replaced;
    private bool _hasFiles;
    private bool _isEnding;

    /// <summary>Adds a media description: its answer is about to go, and whoever comes by it is expected. It takes the place of the one that was there.</summary>
    public void Add(int index, MsrpSession messages, MsrpRemote remote, PushFileOffer? file)
    {
        if (file is not null)
        {
            Remove(index);
        }

        var line = new Line(this, messages, remote, file);
        lock (_lines)
        {
            if (_lines.TryGetValue(index, out var earlier))
            {
                // Messages that are under way come by the earlier path, until the far end closes it; but only one of these is kept.
                _replaced?.Drop();
                _replaced = earlier;
            }

            _lines[index] = line;
            _all.RemoveAll(other => other.IsForgotten);
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
    /// <returns>False when the receiver has ended before.</returns>
    public bool IsAccepted(SipSession call) => _call.TrySetResult(call);

    public async ValueTask DisposeAsync()
    {
        // The far end hears of it before its connection is closed.
        _call.TrySetResult(null);
        if (await _call.Task.ConfigureAwait(false) is { } call)
        {
            await call.DisposeAsync().ConfigureAwait(false);
        }

        DropAll();
        await _running.ConfigureAwait(false);
        await Task.WhenAll(All()).ConfigureAwait(false);
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

                // What was taken has been told by MSRP; now it is the sender's turn to say BYE, or to offer another path.
                var patience = !endsWithConnection ? Timeout.InfiniteTimeSpan : _hasFiles ? Patience : IsClosedByPeer() ? PatienceForBye : TimeSpan.Zero;
                if (!_isEnding && patience != TimeSpan.Zero)
                {
                    await ((Task)Task.WhenAny(call.Completion, hasNew)).WaitAsync(patience, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }

                if (!hasNew.IsCompleted)
                {
                    break;
                }
            }

            DropAll();
            await Task.WhenAll(All()).ConfigureAwait(false);
            var isLost = !call.Completion.IsCompleted;
            await call.DisposeAsync().ConfigureAwait(false);
            PushLog.SessionOver(log, call.Dialog.Id, isLost ? PushSessionEnd.MediaLost : await PushSession.CauseOfAsync(call).ConfigureAwait(false));
        }

        DropAll();
        await Task.WhenAll(All()).ConfigureAwait(false);

        // What came whole still waits for room in the queue.
        await Task.WhenAll(Readings()).ConfigureAwait(false);
        ended(this);
    }

    private bool IsClosedByPeer()
    {
        lock (_lines)
        {
            return _lines.Values.All(line => line.IsClosedByPeer);
        }
    }

    private (Task[] Lines, Task HasNew) Current()
    {
        lock (_lines)
        {
            return ([.. _lines.Values.Select(line => line.Running)], _hasNew.Task);
        }
    }

    private Task[] All()
    {
        lock (_lines)
        {
            return [.. _all.Select(line => line.Running)];
        }
    }

    private Task[] Readings()
    {
        lock (_lines)
        {
            return [.. _all.Select(line => line.Reading)];
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

    [SuppressMessage("Reliability", "CA1001", Justification = "The source has no timer and no handle")]
    private sealed class Line(ReceivingSession owner, MsrpSession messages, MsrpRemote remote, PushFileOffer? file)
    {
        private readonly CancellationTokenSource _dropping = new();

        public Task Running { get; private set; } = Task.CompletedTask;

        /// <summary>Ends when everything that came has been handed over.</summary>
        public Task Reading { get; private set; } = Task.CompletedTask;

        public bool IsClosedByPeer => messages.Completion is { IsCompletedSuccessfully: true, Result: MsrpSessionEnd.ClosedByPeer };

        public bool IsForgotten => Running.IsCompleted && Reading.IsCompleted;

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
        public void Drop()
        {
            _dropping.Cancel();
            _ = messages.DisposeAsync().AsTask();
        }

        private async Task RunAsync()
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

            // The one who waits is ready before the answer tells where; the one who connects does so when it has gone (RFC 6135 §4.2.2).
            var starting = remote.Role == MsrpRole.Passive ? StartAsync() : Task.CompletedTask;
            if (await owner._call.Task.ConfigureAwait(false) is not null)
            {
                Reading = ReadAllAsync();
                if (remote.Role == MsrpRole.Active)
                {
                    starting = StartAsync();
                }

                await messages.Completion.ConfigureAwait(false);
            }

            await messages.DisposeAsync().ConfigureAwait(false);
            await starting.ConfigureAwait(false);
        }

        private async Task StartAsync()
        {
            try
            {
                await messages.StartAsync(remote, _dropping.Token).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is MsrpException or InvalidOperationException or OperationCanceledException)
            {
                PushLog.MediaFailed(owner.Log, failure);
            }
        }

        private async Task ReadAllAsync()
        {
            var underWay = new List<Task>();
            await foreach (var message in messages.ReceiveAllAsync().ConfigureAwait(false))
            {
                if (underWay.Count == MostAtOnce)
                {
                    await Task.WhenAny(underWay).ConfigureAwait(false);
                }

                underWay.RemoveAll(handing => handing.IsCompleted);
                underWay.Add(owner.HandOver(message, file).AsTask());
            }

            await Task.WhenAll(underWay).ConfigureAwait(false);
        }
    }

    private ILogger Log => log;

    private Func<IncomingMsrpMessage, PushFileOffer?, ValueTask> HandOver => handOver;
}
