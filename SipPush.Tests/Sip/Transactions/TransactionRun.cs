using System.Globalization;
using SipPush.Sip.Transactions;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Transactions;

/// <summary>Drives one machine as the stack would, with a wheel and one clock timer, and writes down what it asks for.</summary>
internal sealed class TransactionRun
{
    private readonly TimerWheel _wheel = new();
    private readonly Dictionary<TransactionTimer, TimerHandle> _timers = [];
    private readonly NonInviteClientTransaction? _client;
    private readonly NonInviteServerTransaction? _server;
    private readonly InviteClientTransaction? _inviteClient;
    private readonly InviteServerTransaction? _inviteServer;
    private readonly ITimer _alarm;
    private string _lastResponse = "none";
    private string _input = "";

    private TransactionRun(object machine)
    {
        _client = machine as NonInviteClientTransaction;
        _server = machine as NonInviteServerTransaction;
        _inviteClient = machine as InviteClientTransaction;
        _inviteServer = machine as InviteServerTransaction;
        _alarm = Clock.CreateTimer(_ => OnAlarm(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var effects = default(TransactionEffects);
        _client?.Start(ref effects);
        _server?.Start(ref effects);
        _inviteClient?.Start(ref effects);
        _inviteServer?.Start(ref effects);
        Do(Clock.Elapsed, effects);
    }

    public ManualTimeProvider Clock { get; } = new();

    /// <summary>When something was sent.</summary>
    public List<TimeSpan> SentAt { get; } = [];

    /// <summary>Which response was sent each time; "request" or "ACK" for a client.</summary>
    public List<string> Sent { get; } = [];

    /// <summary>What the transaction user got, but for the request.</summary>
    public List<string> Events { get; } = [];

    public TimeSpan? TerminatedAt { get; private set; }

    public int PendingTimers => _wheel.Count;

    public static TransactionRun Of(NonInviteClientTransaction client) => new(client);

    public static TransactionRun Of(NonInviteServerTransaction server) => new(server);

    public static TransactionRun Of(InviteClientTransaction client) => new(client);

    public static TransactionRun Of(InviteServerTransaction server) => new(server);

    public static TimeSpan[] Seconds(params double[] seconds) => [.. seconds.Select(TimeSpan.FromSeconds)];

    public void AdvanceTo(double seconds) => Clock.Advance(TimeSpan.FromSeconds(seconds) - Clock.Elapsed);

    /// <summary>A response comes to the client, or a response is given by the server's user.</summary>
    public void Respond(int status)
    {
        var effects = default(TransactionEffects);
        _input = $"{status}";
        _client?.OnResponse(status, ref effects);
        _inviteClient?.OnResponse(status, ref effects);

        if (_server?.Respond(status, ref effects) == true || _inviteServer?.Respond(status, ref effects) == true)
        {
            _lastResponse = $"{status}";
        }
        Do(Clock.Elapsed, effects);
    }

    public void Retransmit()
    {
        var effects = default(TransactionEffects);
        _server?.OnRequest(ref effects);
        _inviteServer?.OnRequest(ref effects);
        Do(Clock.Elapsed, effects);
    }

    public void Acknowledge()
    {
        var effects = default(TransactionEffects);
        _inviteServer!.OnAck(ref effects);
        Do(Clock.Elapsed, effects);
    }

    public void FailTransport()
    {
        var effects = default(TransactionEffects);
        _client?.OnTransportError(ref effects);
        _server?.OnTransportError(ref effects);
        _inviteClient?.OnTransportError(ref effects);
        _inviteServer?.OnTransportError(ref effects);
        Do(Clock.Elapsed, effects);
    }

    private void OnAlarm()
    {
        while (_wheel.TryExpire(Clock.Elapsed, out _, out var timer, out var due))
        {
            var effects = default(TransactionEffects);
            _client?.OnTimer(timer, ref effects);
            _server?.OnTimer(timer, ref effects);
            _inviteClient?.OnTimer(timer, ref effects);
            _inviteServer?.OnTimer(timer, ref effects);
            Do(due, effects);
        }
        Arm();
    }

    private void Do(TimeSpan now, TransactionEffects effects)
    {
        foreach (var effect in effects.AsSpan())
        {
            switch (effect.Kind)
            {
                case TransactionEffectKind.Send:
                    SentAt.Add(now);
                    Sent.Add(_client is null && _inviteClient is null ? _lastResponse : "request");
                    break;
                case TransactionEffectKind.SendAck:
                    SentAt.Add(now);
                    Sent.Add("ACK");
                    break;
                case TransactionEffectKind.CreateTrying:
                    _lastResponse = "100 made";
                    break;
                case TransactionEffectKind.SetTimer:
                    _timers[effect.Timer] = _wheel.Schedule(now + effect.Delay, this, effect.Timer);
                    break;
                case TransactionEffectKind.CancelTimer:
                    Cancel(effect.Timer);
                    break;
                case TransactionEffectKind.DeliverRequest:
                    break;
                case TransactionEffectKind.DeliverAck:
                    Note("ACK", now);
                    break;
                case TransactionEffectKind.DeliverResponse:
                    Note(_input, now);
                    break;
                case TransactionEffectKind.DeliverTimeout:
                    Note("timeout", now);
                    break;
                case TransactionEffectKind.DeliverTransportError:
                    Note("transport error", now);
                    break;
                case TransactionEffectKind.Terminate:
                    foreach (var timer in _timers.Keys)
                    {
                        Cancel(timer);
                    }
                    TerminatedAt = now;
                    break;
            }
        }
        Arm();
    }

    private void Cancel(TransactionTimer timer)
    {
        var handle = _timers.GetValueOrDefault(timer);
        _wheel.Cancel(ref handle);
        _timers[timer] = handle;
    }

    private void Arm() => _alarm.Change(_wheel.NextDue is { } due ? due - Clock.Elapsed : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    private void Note(string what, TimeSpan now) =>
        Events.Add(string.Create(CultureInfo.InvariantCulture, $"{what} at {now.TotalSeconds} s"));
}
