using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Sip.Transactions;

namespace SipPush.Sip;

/// <summary>What comes into a stack: each request finds its session or its user agent, or is answered here, and stopping waits for whoever handles one.</summary>
internal sealed class RequestDispatcher
{
    private readonly SipStackOptions _options;
    private readonly SessionTable _sessions;
    private readonly CancellationToken _stopping;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private volatile SipUserAgent[] _userAgents = [];
    private volatile TaskCompletionSource? _handlersEnded;

    // ACKs and INVITEs in the hands of proxies; what handles other requests is counted in its partition.
    private int _othersRunning;

    public RequestDispatcher(SipStackOptions options, SessionTable sessions, ILogger log, CancellationToken stopping)
    {
        _options = options;
        _sessions = sessions;
        _log = log;
        _stopping = stopping;
        Layer = new TransactionLayer(options, Deliver, DeliverAck);
    }

    /// <summary>Where the requests come from.</summary>
    public TransactionLayer Layer { get; }

    public void Add(SipUserAgent userAgent)
    {
        lock (_gate)
        {
            _userAgents = [.. _userAgents, userAgent];
        }
    }

    /// <summary>Counts something besides a request that stopping has to wait for, until <see cref="OtherEnded"/>.</summary>
    public void OtherBegins() => Interlocked.Increment(ref _othersRunning);

    public void OtherEnded()
    {
        if (Interlocked.Decrement(ref _othersRunning) == 0)
        {
            CheckHandlersEnded();
        }
    }

    /// <summary>Completes when nothing is being handled any more.</summary>
    public async ValueTask WhenIdleAsync()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _handlersEnded, ended);
        if (HasHandlersRunning)
        {
            await ended.Task.ConfigureAwait(false);
        }
    }

    /// <summary>The methods that a request may have here, as Allow lists them.</summary>
    public string AllowedMethods()
    {
        var methods = _userAgents.SelectMany(userAgent => userAgent.Methods).Append(SipMethod.Options).Distinct();
        return string.Join(", ", methods.Select(method => method.Name).Order(StringComparer.Ordinal));
    }

    // Runs on the thread that received the request; the task is counted so that stopping can wait for it.
    private void Deliver(SipServerTransaction transaction)
    {
        Interlocked.Increment(ref transaction.Partition.HandlersRunning);
        ValueTask running;
        try
        {
            running = HandleAsync(transaction);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            running = ValueTask.FromException(error);
        }

        if (running.IsCompletedSuccessfully && transaction.IsAnswered)
        {
            HandlerEnded(transaction);
            return;
        }

        _ = FinishAsync(transaction, running);
    }

    private async Task FinishAsync(SipServerTransaction transaction, ValueTask running)
    {
        try
        {
            await running.ConfigureAwait(false);
            if (!transaction.IsAnswered)
            {
                SipLog.HandlerSilent(_log, transaction.Request.Method);
                await transaction.RespondAsync(500).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested || transaction.Cancelled.IsCancellationRequested)
        {
            // Those that have not given up had better ask somebody else now than wait for nothing.
            if (!transaction.IsAnswered)
            {
                await transaction.RespondAsync(transaction.Cancelled.IsCancellationRequested ? 487 : 503).ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            SipLog.HandlerFailed(_log, transaction.Request.Method, error);
            if (!transaction.IsAnswered && !_stopping.IsCancellationRequested)
            {
                await transaction.RespondAsync(500).ConfigureAwait(false);
            }
        }
        finally
        {
            HandlerEnded(transaction);
        }
    }

    private void HandlerEnded(SipServerTransaction transaction)
    {
        if (Interlocked.Decrement(ref transaction.Partition.HandlersRunning) == 0)
        {
            CheckHandlersEnded();
        }
    }

    private bool HasHandlersRunning => Volatile.Read(ref _othersRunning) != 0 || Layer.HasHandlersRunning;

    private void CheckHandlersEnded()
    {
        if (_handlersEnded is { } ended && !HasHandlersRunning)
        {
            ended.TrySetResult();
        }
    }

    private ValueTask HandleAsync(SipServerTransaction transaction) =>
        transaction.Request.Method == SipMethod.Cancel && ServerTransactions.FindInvite(transaction) is { } invite ? CancelAsync(transaction, invite)
        : _sessions.Find(transaction.Request) is { } session ? session.HandleAsync(transaction, _stopping)
        : FindUserAgent(transaction.Request) is { } found ? found.HandleAsync(transaction, _stopping)
        : _options.OnRequest is { } handler ? handler(transaction, _stopping)
        : AnswerAsync(transaction);

    // Both answers have the same tag, and the INVITE is refused unless it has its answer already (RFC 3261 §9.2) or a handler sees to it.
    private static async ValueTask CancelAsync(SipServerTransaction cancel, SipServerTransaction invite)
    {
        using (var answer = cancel.CreateTaggedResponse(200, invite.LocalTag))
        {
            await cancel.RespondAsync(answer.Build()).ConfigureAwait(false);
        }

        if (!invite.IsAnswered && (invite.HandlesCancel || await invite.RespondAsync(487).ConfigureAwait(false)))
        {
            await invite.CancelAsync().ConfigureAwait(false);
        }
    }

    private void DeliverAck(SipFlow flow, SipRequest ack)
    {
        if (_sessions.Find(ack) is { } session)
        {
            session.OnAck(ack);
        }
        else if (_options.OnAck is { } handler)
        {
            OtherBegins();
            _ = HandleAckAsync(handler, flow, ack);
        }
    }

    private async Task HandleAckAsync(SipAckHandler handler, SipFlow flow, SipRequest ack)
    {
        try
        {
            await handler(ack, flow, _stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The 2xx comes again, and with it perhaps the ACK.
        }
        catch (Exception error)
        {
            SipLog.AckHandlerFailed(_log, error);
        }
        finally
        {
            OtherEnded();
        }
    }

    // What nobody here takes (RFC 3261 §8.2).
    private async ValueTask AnswerAsync(SipServerTransaction transaction)
    {
        var request = transaction.Request;
        var method = request.Method;
        var isForDialog = method == SipMethod.Cancel || method == SipMethod.Bye;

        var refusal = !method.IsKnown ? new RequestRefusal(501, null, (SipHeaderNames.Allow, AllowedMethods()))
            : method != SipMethod.Options && !isForDialog && !Array.Exists(_userAgents, userAgent => userAgent.Takes(method))
                ? new RequestRefusal(405, null, (SipHeaderNames.Allow, AllowedMethods()))
            : RequestInspection.Inspect(request, acceptedTypes: null, SupportedOptions());

        if (refusal.Status == 0)
        {
            refusal = isForDialog || !request.To.Tag.IsEmpty ? new RequestRefusal(481)
                : method == SipMethod.Options && IsServed(request) ? default
                : new RequestRefusal(404);
        }

        if (refusal.Status != 0)
        {
            await refusal.SendAsync(transaction, CancellationToken.None).ConfigureAwait(false);
            return;
        }

        var asked = Array.Find(_userAgents, userAgent => userAgent.IsNamedBy(request)) ?? (_userAgents.Length == 1 ? _userAgents[0] : null);
        await AnswerOptionsAsync(transaction, asked).ConfigureAwait(false);
    }

    /// <summary>Tells what the user agents can do, with the status that an INVITE would get from who is free to take it (RFC 3261 §11.2).</summary>
    /// <param name="transaction">The question.</param>
    /// <param name="asked">Whom it is for: its feature tags and its media are told; null for nobody in particular.</param>
    public async ValueTask AnswerOptionsAsync(SipServerTransaction transaction, SipUserAgent? asked)
    {
        using var answer = transaction.CreateResponse(200);
        var capabilities = asked?.Capabilities;
        if (capabilities is not null)
        {
            answer.Add(SipHeaderNames.Contact, asked!.FormatContact(transaction));
        }

        answer.Add(SipHeaderNames.Allow, AllowedMethods());
        var types = string.Join(", ", _userAgents.SelectMany(userAgent => userAgent.AcceptedTypes).Distinct(StringComparer.OrdinalIgnoreCase));
        if (types.Length > 0)
        {
            answer.Add(SipHeaderNames.Accept, types);
        }

        answer.Add(SipHeaderNames.AcceptEncoding, "identity");
        answer.Add(SipHeaderNames.Supported, string.Join(", ", SupportedOptions()));
        if (capabilities is not null && RequestInspection.TakesSession(transaction.Request))
        {
            var body = capabilities.Describe(transaction.Flow);
            answer.SetBody(body.ContentType, body.Octets);
        }

        await transaction.RespondAsync(answer.Build()).ConfigureAwait(false);
    }

    private string[] SupportedOptions() => [.. _userAgents.SelectMany(userAgent => userAgent.SupportedOptions()).Distinct().Order(StringComparer.Ordinal)];

    // A request that names no user is for the stack itself.
    private bool IsServed(SipRequest request) =>
        request.RequestUri?.User.IsEmpty == true || Array.Exists(_userAgents, userAgent => userAgent.IsNamedBy(request));

    /// <summary>405 for a method that is known and not taken here, 501 for any other (RFC 3261 §8.2.1).</summary>
    public async ValueTask AnswerUnhandledAsync(SipServerTransaction transaction)
    {
        using var answer = transaction.CreateResponse(transaction.Request.Method.IsKnown ? 405 : 501);
        answer.Add(SipHeaderNames.Allow, AllowedMethods());
        await transaction.RespondAsync(answer.Build()).ConfigureAwait(false);
    }

    // The user part says whose it is; a request without one, or for a name that only the core knows, goes to the only taker.
    private SipUserAgent? FindUserAgent(SipRequest request)
    {
        SipUserAgent? taker = null;
        var takers = 0;

        foreach (var userAgent in _userAgents)
        {
            if (!userAgent.Takes(request.Method))
            {
                continue;
            }

            if (userAgent.IsNamedBy(request))
            {
                return userAgent;
            }

            taker = userAgent;
            takers++;
        }

        return takers == 1 && request.RequestUri?.User.IsEmpty != false ? taker : null;
    }
}
