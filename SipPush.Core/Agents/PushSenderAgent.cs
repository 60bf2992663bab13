using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// The sending side, an application server of the core or a user agent like any other: pushes by MESSAGE, and learns who is registered
/// from the third-party REGISTERs that the core sends it. Safe for concurrent use.
/// </summary>
public sealed class PushSenderAgent : IAsyncDisposable
{
    // RFC 3428 §8: without knowing every hop, no more than this, Via included.
    private const int LargestMessage = 1_300;

    // As many as an answerer of this library takes in one offer.
    private const int MostFiles = 16;

    private readonly SipUserAgent _userAgent;
    private readonly PushSenderOptions _options;
    private readonly MessageComposer _composer;
    private readonly TargetTurns _turns;
    private readonly PushMedia _media;
    private readonly ILogger _log;
    private readonly HashSet<PushSession> _sessions = [];
    private readonly HashSet<Task> _underWay = [];
    private readonly CancellationTokenSource _ending = new();
    private int _disposed;

    /// <summary>A sender that speaks for <paramref name="userAgent"/> and takes the REGISTERs that come to it. It does not dispose the stack.</summary>
    /// <exception cref="InvalidOperationException">Somebody takes the user agent's REGISTERs already.</exception>
    public PushSenderAgent(SipUserAgent userAgent, PushSenderOptions options)
    {
        ArgumentNullException.ThrowIfNull(userAgent);
        ArgumentNullException.ThrowIfNull(options);
        _userAgent = userAgent;
        _options = options;
        _composer = new MessageComposer(userAgent, options);
        _media = new PushMedia(userAgent.Stack, options.Media);
        _turns = new TargetTurns(options.MaximumWaitingPerTarget);
        _log = userAgent.Stack.LoggerFactory.CreateLogger(SipPushTelemetry.PushCategory);
        Registrations = new Registrations(
            options.Store ?? new MemoryRegistrationStore(options.MaximumRegistrations),
            userAgent.Stack.TimeProvider,
            _log,
            options.WatchQueueLength,
            _turns.Dismiss);
        userAgent.Handle(SipMethod.Register, new ThirdPartyRegistrar(Registrations, userAgent.Stack, _log).HandleAsync, null, new UserAgentCapabilities(
            PushFeatures.Parameters(options.Icsi, [options.Application]),
            flow => MsrpNegotiation.DescribeCapabilities(userAgent, options.Media, options.OfferTypes, null, flow)));
    }

    /// <summary>Who is registered, as far as the core has told.</summary>
    public Registrations Registrations { get; }

    internal TargetTurns Turns => _turns;

    /// <summary>As <see cref="SendAsync(SipUri, PushContent, PushOptions, CancellationToken)"/>, with nothing special about it.</summary>
    public ValueTask<PushResult> SendAsync(SipUri to, PushContent content, CancellationToken cancellationToken = default) =>
        SendAsync(to, content, null, cancellationToken);

    /// <summary>
    /// Pushes by one MESSAGE (RFC 3428) and waits for its answer. While another push to the same address is under way this one waits for
    /// its turn (§8); should the core tell meanwhile that the user is no longer registered, or his registration lapse, it is not sent. The
    /// content must not change until the call has ended.
    /// </summary>
    /// <param name="to">The user's address, or a GRUU.</param>
    /// <param name="content">What to push.</param>
    /// <param name="options">What is special about this push; null for nothing.</param>
    /// <param name="cancellationToken">Ends the wait: what still waits for its turn is never sent, what has been sent is not sent again.</param>
    /// <returns>What became of it, whatever that is.</returns>
    /// <exception cref="ArgumentException">An option can't be written.</exception>
    /// <exception cref="ObjectDisposedException">The agent has been disposed.</exception>
    public async ValueTask<PushResult> SendAsync(SipUri to, PushContent content, PushOptions? options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        options ??= new PushOptions();
        if (!content.IsInMemory)
        {
            throw new ArgumentException("A MESSAGE carries what is in memory; a stream or a file takes a session", nameof(content));
        }

        var result = await SendMessageAsync(to, content, options, cancellationToken).ConfigureAwait(false);
        HasEnded(to, result);
        return result;
    }

    /// <summary>
    /// Opens a session by INVITE, with MSRP for what is sent in it, and waits until it is connected. Cancelling before the answer sends CANCEL.
    /// </summary>
    /// <param name="to">The user's address, or a GRUU.</param>
    /// <param name="options">Application, identity, priority and header lines of the INVITE, and what holds for contents unless they say otherwise; null for nothing special.</param>
    /// <param name="cancellationToken">Gives the session up, whatever has been reached.</param>
    /// <exception cref="PushException">It was refused, not answered, or could not be connected; nothing of it is left.</exception>
    /// <exception cref="ArgumentException">An option can't be written.</exception>
    /// <exception cref="InvalidOperationException">MSRP listens at every address, and which of them the far end reaches can't be known: see <see cref="MsrpEndpointOptions.AdvertisedHost"/>.</exception>
    /// <exception cref="ObjectDisposedException">The agent has been disposed.</exception>
    public async ValueTask<PushSession> OpenSessionAsync(SipUri to, PushOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(to);
        options ??= new PushOptions();
        return await RunAsync(async token =>
        {
            var opener = new SessionOpener(_userAgent, _options, _media, _composer, _log);
            var (call, exchange) = await opener.OpenAsync(await TargetAsync(to, options, token).ConfigureAwait(false), to, options, token).ConfigureAwait(false);
            return await KeepAsync(call, exchange, options).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Pushes by MESSAGE what one may carry (RFC 3428 §8), and anything else in a session of its own, which ends with it. With
    /// <see cref="PushOptions.SuccessReport"/> it is always a session.
    /// </summary>
    /// <returns>What became of it, whatever that is.</returns>
    /// <exception cref="IOException">The source of the content failed.</exception>
    /// <exception cref="ArgumentException">An option can't be written.</exception>
    /// <exception cref="InvalidOperationException">As of <see cref="OpenSessionAsync"/>.</exception>
    /// <exception cref="ObjectDisposedException">The agent has been disposed.</exception>
    public async ValueTask<PushResult> PushAsync(SipUri to, PushContent content, PushOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        options ??= new PushOptions();
        var clock = _userAgent.Stack.TimeProvider;
        var began = clock.GetTimestamp();
        PushResult outcome;
        if (content.IsInMemory && !options.SuccessReport)
        {
            outcome = await SendMessageAsync(to, content, options, cancellationToken).ConfigureAwait(false);
            if (outcome.Outcome != PushOutcome.TooLarge)
            {
                HasEnded(to, outcome);
                return outcome;
            }
        }

        try
        {
            var session = await OpenSessionAsync(to, options, cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                var report = await session.SendAsync(content, options, cancellationToken).ConfigureAwait(false);
                outcome = new PushResult
                {
                    Outcome = report.Outcome switch
                    {
                        _ when report.IsSuccess => PushOutcome.Delivered,
                        MsrpSendOutcome.Refused => PushOutcome.Refused,
                        MsrpSendOutcome.TimedOut or MsrpSendOutcome.ReportMissing => PushOutcome.NoAnswer,
                        _ => PushOutcome.TransportFailed,
                    },
                    Reason = report.Outcome.ToString(),
                    StatusCode = report.StatusCode == 0 ? null : report.StatusCode,
                    Delivery = report,
                };
                try
                {
                    await session.EndAsync(cancellationToken).ConfigureAwait(false);
                }
                catch (OperationCanceledException)
                {
                    // What became of the content is known, and the session is over.
                }
            }
        }
        catch (PushException refused)
        {
            outcome = refused.Result;
        }

        outcome = outcome with { Mode = PushMode.Session, Elapsed = clock.GetElapsedTime(began) };
        HasEnded(to, outcome);
        return outcome;
    }

    /// <summary>
    /// Sends files as RFC 5547 has it: one INVITE that names them all, with size and SHA-1, and one MSRP session each. The far end takes all, some or none of them; what it takes is sent at once, bare,
    /// without an envelope. Returns when each has come to an end, after BYE. What is lost with its connection is resumed (<see cref="PushOptions.ResumeAttempts"/>). With
    /// <see cref="PushOptions.SuccessReport"/> the far end's own check of a file decides; without it an acknowledged file may still fail there.
    /// </summary>
    /// <param name="to">The user's address, or a GRUU.</param>
    /// <param name="files">The files, up to 16. Each is read once for its hash before anything is sent, unless that is given.</param>
    /// <param name="options">Application, identity, priority and header lines of the INVITE, and whether success is reported; null for nothing special.</param>
    /// <param name="cancellationToken">Gives all of them up.</param>
    /// <returns>What became of each, in their order.</returns>
    /// <exception cref="PushException">The INVITE was refused or not answered.</exception>
    /// <exception cref="IOException">A file can't be read before it is offered.</exception>
    /// <exception cref="ArgumentException">There are no files, or too many; or an option can't be written.</exception>
    /// <exception cref="InvalidOperationException">As of <see cref="OpenSessionAsync"/>.</exception>
    /// <exception cref="ObjectDisposedException">The agent has been disposed.</exception>
    public async ValueTask<IReadOnlyList<DeliveryReport>> SendFilesAsync(SipUri to, IReadOnlyList<PushFile> files, PushOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(files);
        ArgumentOutOfRangeException.ThrowIfZero(files.Count, nameof(files));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(files.Count, MostFiles, nameof(files));
        options ??= new PushOptions();
        return await RunAsync(async token =>
        {
            var target = await TargetAsync(to, options, token).ConfigureAwait(false);
            return await new FileSender(_userAgent, _options, _media, _composer, _log).SendAsync(target, to, files, options, token).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes no more REGISTERs, and ends the sessions. Pushes that wait for their turn, sessions that are being opened, and files that are being sent end in an
    /// <see cref="ObjectDisposedException"/>; pushes by MESSAGE that are under way go on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _userAgent.StopHandling(SipMethod.Register);
            _turns.Stop();
            await _ending.CancelAsync().ConfigureAwait(false);
            PushSession[] sessions;
            Task[] underWay;
            lock (_sessions)
            {
                sessions = [.. _sessions];
                underWay = [.. _underWay];
            }

            await Task.WhenAll(underWay).ConfigureAwait(false);
            await Task.WhenAll(sessions.Select(session => session.DisposeAsync().AsTask())).ConfigureAwait(false);
            await Registrations.StopAsync().ConfigureAwait(false);
            await _media.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask<PushSession> KeepAsync(SipSession call, SendingExchange exchange, PushOptions options)
    {
        PushSession session;
        lock (_sessions)
        {
            // It may end at once, but is taken out only after it was put in.
            session = new PushSession(call, exchange, _composer, options, _options.Media.EndsWithConnection, Forget, _log);
            _sessions.Add(session);
        }

        if (_ending.IsCancellationRequested)
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw new ObjectDisposedException(nameof(PushSenderAgent));
        }

        return session;
    }

    private void Forget(PushSession session)
    {
        lock (_sessions)
        {
            _sessions.Remove(session);
        }
    }

    // What ends with the agent: disposal cancels it, and waits until it is over.
    private async ValueTask<T> RunAsync<T>(Func<CancellationToken, ValueTask<T>> work, CancellationToken cancellationToken)
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_sessions)
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);
            _underWay.Add(over.Task);
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token);
        try
        {
            return await work(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(PushSenderAgent));
        }
        finally
        {
            lock (_sessions)
            {
                _underWay.Remove(over.Task);
            }

            over.SetResult();
        }
    }

    private async ValueTask<SipUri> TargetAsync(SipUri to, PushOptions options, CancellationToken cancellationToken) =>
        options.Target ?? (to.IsGruu ? to : (await Registrations.FindAsync(to, cancellationToken).ConfigureAwait(false))?.PublicGruu ?? to);

    private void HasEnded(SipUri to, PushResult result)
    {
        PushLog.PushEnded(_log, to, result.Elapsed, result.Outcome, result.StatusCode);
        PushMetrics.PushEnded(result);
    }

    private async ValueTask<PushResult> SendMessageAsync(SipUri to, PushContent content, PushOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(to);
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var clock = _userAgent.Stack.TimeProvider;
        var began = clock.GetTimestamp();
        using var request = _composer.Compose(await TargetAsync(to, options, cancellationToken).ConfigureAwait(false), to, content, options);
        var result = !_options.CongestionSafe && SizeOf(request) is > LargestMessage and var size
            ? new PushResult { Outcome = PushOutcome.TooLarge, Reason = $"{size} octets are more than the {LargestMessage} a MESSAGE may have" }
            : await SendInTurnAsync(request, to.WithoutParameters(), options.Expires, began, cancellationToken).ConfigureAwait(false);
        return result with { Elapsed = clock.GetElapsedTime(began) };
    }

    private async ValueTask<PushResult> SendInTurnAsync(SipRequestBuilder request, SipUri turn, TimeSpan? lifetime, long began, CancellationToken cancellationToken)
    {
        switch (await _turns.EnterAsync(turn, cancellationToken).ConfigureAwait(false))
        {
            case TargetTurns.Entry.Full:
                return new PushResult { Outcome = PushOutcome.Busy, Reason = $"{_options.MaximumWaitingPerTarget} pushes to this target wait already" };

            case TargetTurns.Entry.Dismissed:
                return new PushResult { Outcome = PushOutcome.Unregistered, Reason = "The user's registration ended before its turn came" };
        }

        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            return _userAgent.Stack.TimeProvider.GetElapsedTime(began) > lifetime
                ? new PushResult { Outcome = PushOutcome.Expired, Reason = "Its time was over before its turn came" }
                : Read(await _userAgent.SendAsync(request, cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            _turns.Leave(turn);
        }
    }

    private int SizeOf(SipRequestBuilder request) => request.Build().Octets.Length + LocalTransports.ViaSize + _userAgent.RouteSize;

    private static PushResult Read(SipTransactionResult result) => result switch
    {
        { Response: { } response } => new PushResult
        {
            Outcome = response.StatusCode switch
            {
                202 => PushOutcome.Stored,
                < 300 => PushOutcome.Delivered,
                _ => PushOutcome.Refused,
            },
            StatusCode = response.StatusCode,
            Reason = response.ReasonPhrase,
            Response = response,
        },
        { Outcome: SipTransactionOutcome.TimedOut } => new PushResult { Outcome = PushOutcome.NoAnswer, Reason = "No answer came" },
        _ => new PushResult { Outcome = PushOutcome.TransportFailed, Reason = result.Error?.Message ?? "It could not be sent", Error = result.Error },
    };
}
