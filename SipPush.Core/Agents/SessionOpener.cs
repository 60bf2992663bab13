using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;

namespace SipPush;

/// <summary>Opens a session: offer, INVITE, answer, connection. What it could not open it leaves clean.</summary>
internal sealed class SessionOpener(SipUserAgent userAgent, PushSenderOptions options, PushMedia media, MessageComposer composer)
{
    /// <exception cref="PushException">It was refused, not answered, or could not be connected.</exception>
    public async ValueTask<(SipSession Call, MsrpSession Media)> OpenAsync(SipUri target, SipUri to, PushOptions push, MessageOffer what, CancellationToken cancellationToken)
    {
        var stack = userAgent.Stack;
        var began = stack.TimeProvider.GetTimestamp();
        var negotiation = new MsrpNegotiation(media, stack, userAgent.ContactUser ?? "-", options.OfferTypes, media.Options.Messages, null, MediaDirection.SendReceive);
        var exchange = new OfferAnswerExchange();
        SipSession? call = null;
        MsrpSession? session = null;
        try
        {
            var offer = exchange.Offer(SdpOfferer.CreateOffer(negotiation.Capabilities, what));
            var invite = await userAgent.InviteAsync(target, new InviteOptions
            {
                Offer = new SipBody(SessionDescription.ContentType, offer.ToOctets()),
                ContactParameters = [.. PushFeatures.Of(options.Icsi, [push.Application ?? options.Application]).Tags.Select(tag => tag.ToString())],
                Prepare = request =>
                {
                    request.Set(SipHeaderNames.To, $"<{to}>");
                    composer.Prepare(request, push);
                },
            }, cancellationToken).ConfigureAwait(false);

            call = invite.Session ?? throw new PushException(Read(invite) with { Elapsed = stack.TimeProvider.GetElapsedTime(began) });
            var line = ReadAnswer(offer, exchange, call.RemoteDescription, invite);
            session = negotiation.SessionOf(0);
            await session.StartAsync(negotiation.RemoteOf(line.Route!), cancellationToken).ConfigureAwait(false);
            return (call, session);
        }
        catch (Exception failure)
        {
            // The dialog exists once the 2xx has come, so leaving means saying BYE.
            await negotiation.DropAsync().ConfigureAwait(false);
            if (call is not null)
            {
                await call.DisposeAsync().ConfigureAwait(false);
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

    private static NegotiatedLine ReadAnswer(SessionDescription offer, OfferAnswerExchange exchange, SipBody? body, InviteResult invite)
    {
        if (body is not { } octets || !SessionDescription.TryParse(octets.Octets.Span, out var answer, out _, SdpProfile.Lenient))
        {
            throw Refused("The answer can't be read");
        }

        exchange.ReceiveAnswer(answer);
        var line = SdpOfferer.ReadAnswer(offer, answer)[0];
        return line.IsAccepted && line.Route is not null ? line : throw Refused($"The session was not taken: {line.Refusal}");

        PushException Refused(string reason) => new(new PushResult { Outcome = PushOutcome.Refused, Reason = reason, StatusCode = invite.StatusCode, Response = invite.Response, Mode = PushMode.Session });
    }

    private static PushResult Read(InviteResult invite) => invite switch
    {
        { Response: { } response } => new PushResult { Outcome = PushOutcome.Refused, StatusCode = response.StatusCode, Reason = response.ReasonPhrase, Response = response, Mode = PushMode.Session },
        { Outcome: SipTransactionOutcome.TimedOut } => new PushResult { Outcome = PushOutcome.NoAnswer, Reason = "No answer came", Mode = PushMode.Session },
        _ => new PushResult { Outcome = PushOutcome.TransportFailed, Reason = invite.Error?.Message ?? "It could not be sent", Error = invite.Error, Mode = PushMode.Session },
    };
}
