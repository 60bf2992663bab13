using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush;

/// <summary>
/// A session that a <see cref="PushSenderAgent"/> has opened (INVITE and MSRP): any number of contents, one after the other or at once, until it is ended. Disposing it says
/// BYE. Safe for concurrent use.
/// </summary>
public sealed class PushSession : IAsyncDisposable
{
    // Up to here a content in memory is copied behind its envelope; a larger one is sent from where it is.
    private const int LargestCopy = 64 * 1024;

    private readonly MessageComposer _composer;
    private readonly PushOptions _defaults;
    private readonly SendingExchange _exchange;
    private readonly bool _endsWithConnection;
    private readonly Action<PushSession> _ended;
    private readonly TaskCompletionSource<PushSessionEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _watch;
    private readonly ILogger _log;
    private int _isEnding;

    internal PushSession(SipSession call, SendingExchange exchange, MessageComposer composer, PushOptions defaults, bool endsWithConnection, Action<PushSession> ended, ILogger log)
    {
        Call = call;
        _exchange = exchange;
        _endsWithConnection = endsWithConnection;
        _ended = ended;
        _composer = composer;
        _defaults = defaults;
        _log = log;
        _watch = WatchAsync();
    }

    /// <summary>The dialog. Ending it ends the session.</summary>
    public SipSession Call { get; }

    /// <summary>The MSRP session of the contents: another one once an offer of either end has changed a path.</summary>
    public MsrpSession Media => _exchange.Current.Session;

    /// <summary>Completes when the session has ended, and says why. It never fails.</summary>
    public Task<PushSessionEnd> Completion => _completion.Task;

    /// <summary>As <see cref="SendAsync(PushContent, PushOptions, CancellationToken)"/>, with the options that the session was opened with.</summary>
    public ValueTask<DeliveryReport> SendAsync(PushContent content, CancellationToken cancellationToken = default) => SendAsync(content, null, cancellationToken);

    /// <summary>
    /// Sends a content and waits until the far end has answered for all of it, and, with <see cref="PushOptions.SuccessReport"/>, has reported it. Several can be under way at
    /// once.
    /// </summary>
    /// <param name="content">What to send.</param>
    /// <param name="options">Envelope, report, progress and Message-ID of this one; what concerns the INVITE has no effect any more. Null takes those that the session was opened with.</param>
    /// <param name="cancellationToken">Gives the content up: the far end is told so. The session goes on.</param>
    /// <exception cref="IOException">The source of the content failed.</exception>
    public async ValueTask<DeliveryReport> SendAsync(PushContent content, PushOptions? options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        options ??= _defaults;
        var clock = Call.UserAgent.Stack.TimeProvider;
        var began = clock.GetTimestamp();
        using var enveloped = Envelope(content, options);
        var message = Compose(content, options, enveloped) with
        {
            MessageId = options.MessageId,
            SuccessReport = options.SuccessReport,
            Progress = options.Progress is { } progress ? new Relay(progress) : null,
        };

        var result = await Media.SendAsync(message, cancellationToken).ConfigureAwait(false);
        var report = new DeliveryReport
        {
            MessageId = result.MessageId,
            Outcome = result.Outcome,
            StatusCode = result.StatusCode,
            Bytes = result.Progress.Written,
            Elapsed = clock.GetElapsedTime(began),
        };
        PushLog.ContentEnded(_log, report.MessageId, report.Elapsed, report.Outcome, report.StatusCode);
        return report;
    }

    /// <summary>
    /// Offers another path by a re-INVITE, with an MSRP session of its own, and goes over to it: what is sent from then on goes by it, what is under way comes to its end on the earlier one. For a
    /// connection that was lost, see <see cref="PushMediaOptions.EndsWithConnection"/>, or an address that has changed.
    /// </summary>
    /// <exception cref="PushException">The far end has refused it, or not answered; unless the dialog is lost, the session goes on as it was.</exception>
    public async ValueTask MoveAsync(CancellationToken cancellationToken = default)
    {
        var clock = Call.UserAgent.Stack.TimeProvider;
        var began = clock.GetTimestamp();
        if (await _exchange.MoveAsync(Call, cancellationToken).ConfigureAwait(false) is var (reason, result))
        {
            throw new PushException(new PushResult
            {
                Outcome = result switch
                {
                    { Response: not null } => PushOutcome.Refused,
                    { Outcome: SipTransactionOutcome.TimedOut } => PushOutcome.NoAnswer,
                    _ => PushOutcome.TransportFailed,
                },
                Reason = reason,
                StatusCode = result.Response?.StatusCode,
                Response = result.Response,
                Error = result.Error,
                Mode = PushMode.Session,
                Elapsed = clock.GetElapsedTime(began),
            });
        }
    }

    /// <summary>
    /// Ends the session in order: what is being sent comes to its end, as long as the token allows, then BYE is said and answered. A BYE that nobody answers is waited for until 64*T1, 32 s, unless
    /// the token ends the wait; the session is over all the same.
    /// </summary>
    public async ValueTask EndAsync(CancellationToken cancellationToken = default)
    {
        Interlocked.Exchange(ref _isEnding, 1);

        // BYE before the connection ends: to a far end that sees the connection go first the session is lost, and its own BYE would cross this one.
        await _exchange.DrainAsync(cancellationToken).ConfigureAwait(false);
        await Call.EndAsync(cancellationToken).ConfigureAwait(false);
        await _watch.ConfigureAwait(false);
    }

    /// <summary>Ends the session at once.</summary>
    public async ValueTask DisposeAsync()
    {
        Interlocked.Exchange(ref _isEnding, 1);
        await _exchange.EndAsync().ConfigureAwait(false);
        await Call.DisposeAsync().ConfigureAwait(false);
        await _watch.ConfigureAwait(false);
    }

    // What is sent with its envelope in front; null when there is none, or when it is little enough to be put together.
    private PrefixedStream? Envelope(PushContent content, PushOptions options)
    {
        if (!MessageComposer.HasEnvelope(content, options) || (content.IsInMemory && content.Length <= LargestCopy))
        {
            return null;
        }

        var head = _composer.EnvelopeHead(content, options);
        return content.Stream is { } stream ? new PrefixedStream(head, stream, ownsRest: false) : new PrefixedStream(head, content.Open(), ownsRest: true);
    }

    private OutgoingMsrpMessage Compose(PushContent content, PushOptions options, PrefixedStream? enveloped)
    {
        if (enveloped is not null)
        {
            return OutgoingMsrpMessage.FromStream(PushMessage.MediaType, enveloped, content.Length + enveloped.PrefixLength);
        }

        if (MessageComposer.HasEnvelope(content, options))
        {
            return OutgoingMsrpMessage.FromMemory(PushMessage.MediaType, (byte[])[.. _composer.EnvelopeHead(content, options), .. content.Bytes.Span]);
        }

        return content.IsInMemory ? OutgoingMsrpMessage.FromMemory(content.ContentType, content.Bytes)
            : content.FilePath is { } path ? OutgoingMsrpMessage.FromFile(content.ContentType, path)
            : OutgoingMsrpMessage.FromStream(content.ContentType, content.Stream!, content.Length);
    }

    /// <summary>Why a dialog ended, in the words of a session.</summary>
    internal static async Task<PushSessionEnd> CauseOfAsync(SipSession call) => (await call.Completion.ConfigureAwait(false)).Cause switch
    {
        SipSessionEndCause.Local => PushSessionEnd.Ended,
        SipSessionEndCause.Remote => PushSessionEnd.EndedByPeer,
        SipSessionEndCause.Stopped => PushSessionEnd.Stopped,
        _ => PushSessionEnd.DialogLost,
    };

    // Dialog and media live together: when one has ended, the other is ended, too.
    private async Task WatchAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var isOver = false;
        while (!isOver)
        {
            var (media, moved) = _exchange.Current;
            await Task.WhenAny(Call.Completion, media.Completion, moved).ConfigureAwait(false);
            if (!_endsWithConnection && Volatile.Read(ref _isEnding) == 0 && media.Completion.IsCompleted)
            {
                await Task.WhenAny(Call.Completion, moved).ConfigureAwait(false);
            }

            isOver = Call.Completion.IsCompleted || !moved.IsCompleted;
        }

        var isMediaLost = !Call.Completion.IsCompleted;
        var end = PushSessionEnd.MediaLost;
        await _exchange.EndAsync().ConfigureAwait(false);
        if (isMediaLost && Volatile.Read(ref _isEnding) != 0)
        {
            // The media was closed by this end, which is about to say BYE.
            end = PushSessionEnd.Ended;
        }
        else
        {
            // A stack that stops says BYE, and the far end may be quick to close its connection.
            await Call.DisposeAsync().ConfigureAwait(false);
            if (!isMediaLost || Call.Completion is { IsCompleted: true, Result.Cause: SipSessionEndCause.Stopped })
            {
                end = await CauseOfAsync(Call).ConfigureAwait(false);
            }
        }

        PushLog.SessionOver(_log, Call.Dialog.Id, end);
        _completion.TrySetResult(end);
        _ended(this);
    }

    /// <summary>Tells an application what MSRP tells.</summary>
    internal sealed class Relay(IProgress<PushProgress> progress) : IProgress<MsrpProgress>
    {
        public void Report(MsrpProgress value) => progress.Report(new PushProgress(value.Written, value.Acknowledged, value.Reported, value.Total));
    }
}
