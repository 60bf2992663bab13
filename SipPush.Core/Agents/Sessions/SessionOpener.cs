using Microsoft.Extensions.Logging;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;

namespace SipPush;

/// <summary>Opens a session: offer, INVITE, answer, connection. What it could not open it leaves clean.</summary>
internal sealed class SessionOpener(SipUserAgent userAgent, PushSenderOptions options, PushMedia media, MessageComposer composer, ILogger log)
{
    /// <exception cref="PushException">It was refused, not answered, or could not be connected.</exception>
    public async ValueTask<(SipSession Call, SendingExchange Exchange)> OpenAsync(SipUri target, SipUri to, PushOptions push, CancellationToken cancellationToken)
    {
        var stack = userAgent.Stack;
        var began = stack.TimeProvider.GetTimestamp();
        var negotiation = new MsrpNegotiation(media, userAgent, userAgent.NextHop(target).HostAddress(), options.OfferTypes, media.Options.Messages, null, MediaDirection.SendOnly) { LeavesEarlier = true };
        var exchange = new SendingExchange(negotiation, log);
        SipSession? call = null;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var invite = await userAgent.InviteAsync(target, composer.ComposeInvite(to, exchange.Offer(), push) with
            {
                PrepareSession = branch => branch.OfferAsync = (request, token) => exchange.AnswerAsync(branch, request, token),
            }, cancellationToken).ConfigureAwait(false);

            call = invite.Session ?? throw new PushException(Read(invite) with { Elapsed = stack.TimeProvider.GetElapsedTime(began) });
            var (taken, refusal) = await exchange.TakeAnswerAsync(call, cancellationToken).ConfigureAwait(false);
            var (session, remote) = taken ?? throw new PushException(
                new PushResult { Outcome = PushOutcome.Refused, Reason = refusal, StatusCode = invite.StatusCode, Response = invite.Response, Mode = PushMode.Session, Elapsed = stack.TimeProvider.GetElapsedTime(began) });

            // Without the dialog nobody will come.
            var starting = session.StartAsync(remote, ending.Token).AsTask();
            if (await Task.WhenAny(starting, call.Completion).ConfigureAwait(false) != starting)
            {
                await ending.CancelAsync().ConfigureAwait(false);
            }

            await starting.ConfigureAwait(false);
            return (call, exchange);
        }
        catch (Exception failure)
        {
            // The dialog exists once the 2xx has come, so leaving means saying BYE.
            await negotiation.DropAsync().ConfigureAwait(false);
            if (call is not null)
            {
                await call.DisposeAsync().ConfigureAwait(false);
            }

            if (failure is OperationCanceledException && ending.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                failure = new IOException("The far end has ended the session before it was connected", failure);
            }

            if (failure is MsrpException or IOException)
            {
                throw new PushException(
                    new PushResult { Outcome = PushOutcome.TransportFailed, Reason = failure.Message, Mode = PushMode.Session, Error = failure, Elapsed = stack.TimeProvider.GetElapsedTime(began) },
                    failure);
            }

            throw;
        }
    }

    /// <summary>What an INVITE without a session has come to.</summary>
    public static PushResult Read(InviteResult invite) => invite switch
    {
        { Response: { } response } => new PushResult { Outcome = PushOutcome.Refused, StatusCode = response.StatusCode, Reason = response.ReasonPhrase, Response = response, Mode = PushMode.Session },
        { Outcome: SipTransactionOutcome.TimedOut } => new PushResult { Outcome = PushOutcome.NoAnswer, Reason = "No answer came", Mode = PushMode.Session },
        _ => new PushResult { Outcome = PushOutcome.TransportFailed, Reason = invite.Error?.Message ?? "It could not be sent", Error = invite.Error, Mode = PushMode.Session },
    };
}
