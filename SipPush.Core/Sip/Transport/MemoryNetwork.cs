using System.Net;

namespace SipPush.Sip;

/// <summary>
/// A network within the process: transports by their end points, and what is on its way between them. Everything arrives in the order in
/// which it was sent, on the thread that sent it; what is sent from within a receiver arrives when that one has returned. So a
/// conversation between two agents runs to its end inside the first send, the same way each time.
/// </summary>
/// <remarks>When several threads send at once, the one that found the network idle delivers for the others too.</remarks>
/// <param name="timeProvider">The clock of delayed packets; the system's when null.</param>
public sealed class MemoryNetwork(TimeProvider? timeProvider = null)
{
    private const int FirstFreePort = 49152;

    private readonly TimeProvider _timeProvider = timeProvider ?? TimeProvider.System;
    private readonly Lock _gate = new();
    private readonly Queue<Action> _events = new();
    private readonly HashSet<ITimer> _delayed = [];
    private readonly Dictionary<SipEndPoint, MemoryTransport> _transports = [];
    private int _nextPort = FirstFreePort;
    private bool _delivering;

    /// <summary>Decides what becomes of each packet; null lets all arrive. Called on the sender's thread, one packet at a time for each.</summary>
    public Func<MemoryPacket, MemoryFate>? Fate { get; set; }

    internal TimeProvider TimeProvider => _timeProvider;

    internal SipEndPoint Bind(MemoryTransport transport, SipEndPoint local)
    {
        lock (_gate)
        {
            if (local.Address.Port == 0)
            {
                local = WithFreePort(local);
            }

            if (!_transports.TryAdd(local, transport))
            {
                throw new IOException($"{local} can't be bound: it is in use");
            }
            return local;
        }
    }

    internal void Unbind(SipEndPoint local)
    {
        lock (_gate)
        {
            _transports.Remove(local);
        }
    }

    internal MemoryTransport? Find(SipEndPoint local)
    {
        lock (_gate)
        {
            return _transports.GetValueOrDefault(local);
        }
    }

    internal SipEndPoint FreeEndPoint(SipEndPoint near)
    {
        lock (_gate)
        {
            return WithFreePort(near);
        }
    }

    internal void Send(MemoryPacket packet, Action<MemoryPacket> arrive)
    {
        var fate = Fate?.Invoke(packet) ?? MemoryFate.Deliver;

        for (var copy = 0; copy < fate.Copies; copy++)
        {
            if (fate.Delay <= TimeSpan.Zero)
            {
                Raise(() => arrive(packet));
            }
            else
            {
                RaiseLater(() => arrive(packet), fate.Delay);
            }
        }
    }

    /// <summary>Lets something happen behind all that is on its way already.</summary>
    internal void Raise(Action happen)
    {
        lock (_gate)
        {
            _events.Enqueue(happen);

            if (_delivering)
            {
                return;
            }
            _delivering = true;
        }

        try
        {
            while (Next() is { } next)
            {
                next();
            }
        }
        catch
        {
            // What a receiver threw is the sender's to see; the network goes on with the next send.
            lock (_gate)
            {
                _delivering = false;
            }
            throw;
        }
    }

    private Action? Next()
    {
        lock (_gate)
        {
            _delivering = _events.TryDequeue(out var next);
            return next;
        }
    }

    private void RaiseLater(Action happen, TimeSpan delay)
    {
        ITimer? timer = null;

        lock (_gate)
        {
            // Made under the gate, so that one that fires at once finds itself in the set.
            timer = _timeProvider.CreateTimer(Due, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _delayed.Add(timer);
        }
        timer.Change(delay, Timeout.InfiniteTimeSpan);

        void Due(object? state)
        {
            lock (_gate)
            {
                _delayed.Remove(timer!);
            }
            timer!.Dispose();
            Raise(happen);
        }
    }

    private SipEndPoint WithFreePort(SipEndPoint near)
    {
        while (true)
        {
            var candidate = near with { Address = new IPEndPoint(near.Address.Address, _nextPort) };
            _nextPort = _nextPort == IPEndPoint.MaxPort ? FirstFreePort : _nextPort + 1;

            if (!_transports.ContainsKey(candidate))
            {
                return candidate;
            }
        }
    }
}
