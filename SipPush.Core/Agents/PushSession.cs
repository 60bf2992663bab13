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
    private readonly MessageComposer _composer;
    private readonly PushOptions _defaults;
    private readonly MsrpSession _media;
    private readonly TaskCompletionSource<PushSessionEnd> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _watch;
    private readonly ILogger _log;
    private int _isEnding;

    internal PushSession(SipSession call, MsrpSession media, MessageComposer composer, PushOptions defaults, ILogger log)
    {
        Call = call;
        _media = media;
        _composer = composer;
        _defaults = defaults;
        _log = log;
        _watch = WatchAsync();
    }

    /// <summary>The dialog. Ending it ends the session.</summary>
    public SipSession Call { get; }

    /// <summary>The MSRP session of the contents.</summary>
    public MsrpSession Media => _media;

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
        var message = Compose(content, options) with
        {
            MessageId = options.MessageId,
            SuccessReport = options.SuccessReport,
            Progress = options.Progress is { } progress ? new Relay(progress) : null,
        };

        var result = await _media.SendAsync(message, cancellationToken).ConfigureAwait(false);
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

    /// <summary>Ends the session in order: what is being sent comes to its end, as long as the token allows, then BYE is said and answered.</summary>
    public async ValueTask EndAsync(CancellationToken cancellationToken = default)
    {
        Interlocked.Exchange(ref _isEnding, 1);

        // BYE before the connection ends: to a far end that sees the connection go first the session is lost, and its own BYE would cross this one.
        await _media.DrainAsync(cancellationToken).ConfigureAwait(false);
        await Call.EndAsync(cancellationToken).ConfigureAwait(false);
        await _watch.ConfigureAwait(false);
    }

    /// <summary>Ends the session at once.</summary>
    public async ValueTask DisposeAsync()
    {
        Interlocked.Exchange(ref _isEnding, 1);
        await _media.DisposeAsync().ConfigureAwait(false);
        await Call.DisposeAsync().ConfigureAwait(false);
        await _watch.ConfigureAwait(false);
    }

    private OutgoingMsrpMessage Compose(PushContent content, PushOptions options)
    {
        var hasEnvelope = MessageComposer.HasEnvelope(content, options);
        var type = hasEnvelope ? PushMessage.MediaType : content.ContentType;
        var head = hasEnvelope ? _composer.EnvelopeHead(content, options) : [];
        if (content.IsInMemory)
        {
            return OutgoingMsrpMessage.FromMemory(type, hasEnvelope ? (byte[])[.. head, .. content.Bytes.Span] : content.Bytes);
        }

        if (!hasEnvelope)
        {
            return content.FilePath is { } path ? OutgoingMsrpMessage.FromFile(type, path) : OutgoingMsrpMessage.FromStream(type, content.Stream!, content.Length);
        }

        var length = content.Length + head.Length;
        return content.FilePath is { } file
            ? OutgoingMsrpMessage.FromStream(type, new PrefixedStream(head, File.OpenRead(file), ownsRest: true), length)
            : OutgoingMsrpMessage.FromStream(type, new PrefixedStream(head, content.Stream!, ownsRest: false), length);
    }

    // Dialog and media live together: when one has ended, the other is ended, too.
    private async Task WatchAsync()
    {
        await Task.WhenAny(Call.Completion, _media.Completion).ConfigureAwait(false);
        var end = Call.Completion.IsCompleted
            ? (await Call.Completion.ConfigureAwait(false)).Cause switch
            {
                SipSessionEndCause.Local => PushSessionEnd.Ended,
                SipSessionEndCause.Remote => PushSessionEnd.EndedByPeer,
                SipSessionEndCause.Stopped => PushSessionEnd.Stopped,
                _ => PushSessionEnd.DialogLost,
            }
            : PushSessionEnd.MediaLost;

        await _media.DisposeAsync().ConfigureAwait(false);
        if (end == PushSessionEnd.MediaLost && Volatile.Read(ref _isEnding) != 0)
        {
            // The media was closed by this end, which is about to say BYE.
            end = PushSessionEnd.Ended;
        }
        else
        {
            await Call.DisposeAsync().ConfigureAwait(false);
        }

        _completion.TrySetResult(end);
    }

    private sealed class Relay(IProgress<PushProgress> progress) : IProgress<MsrpProgress>
    {
        public void Report(MsrpProgress value) => progress.Report(new PushProgress(value.Written, value.Acknowledged, value.Reported, value.Total));
    }
}
