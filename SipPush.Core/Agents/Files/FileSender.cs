using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush;

/// <summary>Sends files (RFC 5547): one INVITE for all of them, then, as often as the options allow, what was lost once more from where it broke off.</summary>
internal sealed class FileSender(SipUserAgent userAgent, PushSenderOptions options, PushMedia media, MessageComposer composer, ILogger log)
{
    // Whether the dialog goes as well, as it does when the far end has stopped, is known a moment after the connection is lost.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(500);

    // A way that is lost is not always back at once.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    public async ValueTask<IReadOnlyList<DeliveryReport>> SendAsync(SipUri target, SipUri to, IReadOnlyList<PushFile> files, PushOptions push, CancellationToken cancellationToken)
    {
        var all = new OutgoingFile[files.Count];
        for (var i = 0; i < all.Length; i++)
        {
            var selector = await files[i].DescribeAsync(cancellationToken).ConfigureAwait(false);
            all[i] = new OutgoingFile(files[i], selector, media.Endpoint.Options.Identifiers.NewMessageId());
        }

        var call = new FileCall(userAgent, target, to, options, media, push);
        try
        {
            await call.OpenAsync(composer, all, cancellationToken).ConfigureAwait(false);
            await call.SendAsync(cancellationToken).ConfigureAwait(false);
            for (var attempt = 1; ; attempt++)
            {
                var isRefused = Array.Exists(all, file => file.IsWholeAgain);
                attempt -= isRefused ? 1 : 0;
                if (!isRefused && (attempt > push.ResumeAttempts || !Array.Exists(all, file => file.IsLost)))
                {
                    break;
                }

                await PauseAsync(call, attempt, cancellationToken).ConfigureAwait(false);
                if (call.HasEndedByPeer)
                {
                    break;
                }

                if (!await call.OfferAgainAsync(cancellationToken).ConfigureAwait(false))
                {
                    await call.DisposeAsync().ConfigureAwait(false);
                    call = new FileCall(userAgent, target, to, options, media, push);
                    try
                    {
                        await call.OpenAsync(composer, [.. all.Where(file => !file.IsDone)], cancellationToken).ConfigureAwait(false);
                    }
                    catch (PushException refused)
                    {
                        // What was reached before is reported; the next attempt may do better.
                        PushLog.FilesNotResumed(log, refused);
                        if (isRefused)
                        {
                            break;
                        }

                        continue;
                    }
                }

                await call.SendAsync(cancellationToken).ConfigureAwait(false);
            }

            await call.EndAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await call.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var file in all)
        {
            PushLog.ContentEnded(log, file.Report!.MessageId, file.Report.Elapsed, file.Report.Outcome, file.Report.StatusCode);
        }

        return [.. all.Select(file => file.Report!)];
    }

    private async ValueTask PauseAsync(FileCall call, int attempt, CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, Moment.Ticks << Math.Min(Math.Max(attempt, 1) - 1, 10)));
        await call.Ended.WaitAsync(pause, userAgent.Stack.TimeProvider, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
