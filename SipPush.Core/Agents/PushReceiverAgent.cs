using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// The receiving side, a device: registers what it takes, answers the pushes that come by MESSAGE (RFC 3428) or in a session (INVITE and MSRP), and hands them over
/// through a bounded queue. Who asks what it can do, by OPTIONS, is told (RFC 3840 §8, RFC 5547 §8.5). Safe for concurrent use.
/// </summary>
public sealed class PushReceiverAgent : IAsyncDisposable
{
    private readonly SipUserAgent _userAgent;
    private readonly PushReceiverOptions _options;
    private readonly MessageReader _reader;
    private readonly Channel<IncomingPush> _queue;
    private readonly PushMedia _media;
    private readonly SessionReceiver _sessions;
    private readonly ILogger _log;
    private int _disposed;

    /// <summary>A receiver of what comes for <paramref name="userAgent"/>, from now on. It does not dispose the stack.</summary>
    /// <exception cref="InvalidOperationException">Somebody takes the user agent's MESSAGEs already.</exception>
    /// <exception cref="ArgumentException">A media type to accept is none.</exception>
    public PushReceiverAgent(SipUserAgent userAgent, PushReceiverOptions options)
    {
        ArgumentNullException.ThrowIfNull(userAgent);
        ArgumentNullException.ThrowIfNull(options);
        _userAgent = userAgent;
        _options = options;
        _reader = new MessageReader(options);
        _queue = Channel.CreateBounded<IncomingPush>(options.QueueLength);
        _log = userAgent.Stack.LoggerFactory.CreateLogger(SipPushTelemetry.PushCategory);
        _media = new PushMedia(userAgent.Stack, options.Media);
        _sessions = new SessionReceiver(userAgent, options, _media, _reader, DecideAsync, _queue, _log);
        userAgent.Handle(SipMethod.Message, HandleAsync, _reader.AcceptedTypes);
        userAgent.HandleInvitations(_sessions.HandleAsync, OfferBody.Types, new UserAgentCapabilities(
            PushFeatures.Parameters(options.Icsi, options.Applications),
            flow => MsrpNegotiation.DescribeCapabilities(userAgent, options.Media, _reader.SessionTypes, options.MaxSize, flow)));
    }

    /// <summary>
    /// Registers with the service and the applications in the Contact, and keeps that up until it is disposed; the GRUUs are in
    /// <see cref="Registration.Binding"/>. Returns once it is granted.
    /// </summary>
    /// <exception cref="SipRegistrationException">The registrar refused for good.</exception>
    public ValueTask<Registration> RegisterAsync(RegistrationOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new RegistrationOptions();
        var features = PushFeatures.Parameters(_options.Icsi, _options.Applications);
        return _userAgent.RegisterAsync(options with { ContactParameters = [.. features, .. options.ContactParameters] }, cancellationToken);
    }

    /// <summary>
    /// The pushes in the order in which they were taken, until it is cancelled or the agent is disposed. They have been answered
    /// already. Several readers share them.
    /// </summary>
    public IAsyncEnumerable<IncomingPush> ReceiveAllAsync(CancellationToken cancellationToken = default) => _queue.Reader.ReadAllAsync(cancellationToken);

    /// <summary>Takes no more pushes, and ends the sessions; what is in the queue can still be read.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _userAgent.StopHandling(SipMethod.Message);
            _userAgent.StopHandling(SipMethod.Invite);
            _queue.Writer.TryComplete();
            await _sessions.DisposeAsync().ConfigureAwait(false);
            await _media.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask HandleAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        var refusal = Check(transaction);
        var offer = refusal is null ? _reader.Read(transaction.Request, transaction.IsTrusted, _userAgent.Stack.TimeProvider.GetUtcNow(), out refusal) : null;
        if (offer is null)
        {
            await RefuseAsync(transaction, refusal!, cancellationToken).ConfigureAwait(false);
            return;
        }

        var decision = await DecideAsync(offer, cancellationToken).ConfigureAwait(false);

        // Only what is in the queue, or kept by the application, is answered 2xx.
        if (decision == PushDecision.Accept && !_queue.Writer.TryWrite(new IncomingPush(offer)))
        {
            PushLog.QueueFull(_log, _options.QueueLength);
            decision = PushDecision.Reject(480, retryAfter: _options.RetryAfter);
        }

        await AnswerAsync(transaction, decision, cancellationToken).ConfigureAwait(false);
    }

    private PushRefusal? Check(SipServerTransaction transaction)
    {
        if (_options.RequireTrustedSender && !transaction.IsTrusted)
        {
            return new PushRefusal(403, "it comes from outside the trust domain");
        }

        // There is no dialog it could belong to (RFC 3261 §12.2.2), though some put a tag where none belongs.
        return transaction.Request.To.Tag.IsEmpty || _userAgent.Stack.Profile == SipProfile.Lenient ? null : new PushRefusal(481, "it is inside a dialog");
    }

    // On the thread pool, since the thread here is the one that receives.
    private async ValueTask<PushDecision> DecideAsync(PushOffer offer, CancellationToken cancellationToken)
    {
        if (_options.DecideAsync is null)
        {
            return PushDecision.Accept;
        }

        var clock = _userAgent.Stack.TimeProvider;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var deciding = Task.Run(async () => await _options.DecideAsync!(offer, limit.Token).ConfigureAwait(false), CancellationToken.None);

        try
        {
            return await deciding.WaitAsync(_options.DecisionTimeout, clock, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception over) when (over is (TimeoutException or OperationCanceledException) && !deciding.IsCompleted)
        {
            // Whoever still decides is told here: the link between the two tokens may be gone before the outer one has told the inner.
            await limit.CancelAsync().ConfigureAwait(false);
            if (over is OperationCanceledException)
            {
                throw;
            }

            PushLog.Undecided(_log, _options.DecisionTimeout);
            return PushDecision.Reject(480, retryAfter: _options.RetryAfter);
        }
    }

    private static async ValueTask AnswerAsync(SipServerTransaction transaction, PushDecision decision, CancellationToken cancellationToken)
    {
        using var answer = transaction.CreateResponse(decision.Status, decision.Reason);
        if (decision.RetryAfter is { } wait)
        {
            answer.Add(SipHeaderNames.RetryAfter, ((long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture));
        }

        await RespondAsync(transaction, answer, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask RefuseAsync(SipServerTransaction transaction, PushRefusal refusal, CancellationToken cancellationToken)
    {
        PushLog.PushRefused(_log, transaction.Flow, refusal.Status, refusal.Cause);
        using var answer = transaction.CreateResponse(refusal.Status, refusal.TellsCause ? refusal.Cause : null);
        if (refusal.Header is var (name, value))
        {
            answer.Add(name, value);
        }

        await RespondAsync(transaction, answer, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask RespondAsync(SipServerTransaction transaction, SipResponseBuilder answer, CancellationToken cancellationToken)
    {
        var response = answer.Build();
        PushMetrics.PushAnswered(PushMode.Message, response.StatusCode);
        await transaction.RespondAsync(response, cancellationToken).ConfigureAwait(false);
    }
}
