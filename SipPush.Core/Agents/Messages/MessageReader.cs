using SipPush.Sip;

namespace SipPush;

/// <summary>What a MESSAGE says and whether it is for this receiver.</summary>
internal sealed class MessageReader(PushReceiverOptions options)
{
    // What a content without an envelope is for, when nobody says.
    private static readonly (string Type, PushApplicationId Application)[] Enablers =
    [
        ("application/vnd.wap.mms-message", "mms.ua"),
        ("application/vnd.omaloc-supl-init", "ulp.ua"),
        ("application/vnd.oma.drm.rights+xml", "drm.ua"),
        ("application/vnd.oma.drm.rights+wbxml", "drm.ua"),
        ("application/vnd.wap.emn+xml", "emn.ua"),
        ("application/vnd.wap.emn+wbxml", "emn.ua"),
        ("application/vnd.syncml.notification", "syncml.dm"),
    ];

    private readonly AcceptedTypes _types = new(options.AcceptTypes);

    /// <summary>The media types that a MESSAGE may have, the envelope's included.</summary>
    public IReadOnlyList<string> AcceptedTypes => _types.All;

    /// <summary>The media types that a session may have, as a session description says them.</summary>
    public IReadOnlyList<string> SessionTypes => AcceptedTypes.Contains("*/*") ? ["*"] : AcceptedTypes;

    /// <summary>Reads the request; null when it is refused.</summary>
    public PushOffer? Read(SipRequest request, bool isTrusted, DateTimeOffset now, out PushRefusal? refusal)
    {
        refusal = null;
        if (request.RequestUri is not { IsSip: true } called)
        {
            refusal = new PushRefusal(416, "the Request-URI's scheme is unknown");
            return null;
        }

        if (ReadContent(request, out var contentType, out var bytes, out var envelope) is { } wrong)
        {
            refusal = wrong;
            return null;
        }

        if (FindApplication(request, envelope, contentType) is not { } application)
        {
            refusal = new PushRefusal(options.UnknownApplicationStatus, "there is no such application");
            return null;
        }

        var (from, isAsserted) = ReadSender(request, isTrusted);
        if (from is null)
        {
            refusal = new PushRefusal(400, "From is no URI") { TellsCause = true };
            return null;
        }

        var expires = ReadExpires(request, now);
        if (expires < now && options.ExpiredPolicy != ExpiredPushPolicy.Deliver)
        {
            refusal = new PushRefusal(options.ExpiredPolicy == ExpiredPushPolicy.Discard ? 200 : 480, "its time is over");
            return null;
        }

        var flags = envelope?.Flags ?? PushFlags.None;
        return new PushOffer
        {
            From = from,
            FromIsAsserted = isAsserted,
            To = (isTrusted ? First(request, SipHeaderNames.PCalledPartyId) : null) ?? request.To.Uri ?? called,
            Application = application,
            ContentType = contentType,
            Length = bytes.Length,
            Bytes = bytes,
            Envelope = envelope,
            Flags = isTrusted ? flags : flags.WithoutTrust(),
            Mode = PushMode.Message,
            Request = request,
            Received = now,
            Expires = expires,
        };
    }

    /// <summary>Reads an INVITE for a session; null when it is refused. What is in the session is for the application that the INVITE names.</summary>
    public PushOffer? ReadInvite(SipRequest request, bool isTrusted, DateTimeOffset now, out PushRefusal? refusal)
    {
        refusal = null;
        if (request.RequestUri is not { IsSip: true } called)
        {
            refusal = new PushRefusal(416, "the Request-URI's scheme is unknown");
        }
        else if (FindApplication(request, null, PushMessage.MediaType) is not { } application)
        {
            refusal = new PushRefusal(options.UnknownApplicationStatus, "there is no such application");
        }
        else if (ReadSender(request, isTrusted) is not ({ } from, var isAsserted))
        {
            refusal = new PushRefusal(400, "From is no URI") { TellsCause = true };
        }
        else
        {
            return new PushOffer
            {
                From = from,
                FromIsAsserted = isAsserted,
                To = (isTrusted ? First(request, SipHeaderNames.PCalledPartyId) : null) ?? request.To.Uri ?? called,
                Application = application,
                ContentType = PushMessage.MediaType,
                Mode = PushMode.Session,
                Request = request,
                Received = now,
                Expires = ReadExpires(request, now),
            };
        }

        return null;
    }

    /// <summary>Whether a content of that type is taken, with or without an envelope round it.</summary>
    public bool Takes(string contentType) => _types.Contains(contentType);

    // RFC 3261 §8.2.3, and the envelope's own content.
    private PushRefusal? ReadContent(SipRequest request, out string contentType, out ReadOnlyMemory<byte> bytes, out PushMessage? envelope)
    {
        contentType = request[SipHeaderNames.ContentType].ToString();
        bytes = request.Body;
        envelope = null;

        if (request.Values("Content-Encoding").Any(encoding => !encoding.EqualsIgnoreCase("identity"u8)))
        {
            return new PushRefusal(415, "the Content-Encoding is unknown") { Header = (SipHeaderNames.AcceptEncoding, "identity") };
        }

        if (bytes.Length > options.MaxSize)
        {
            return new PushRefusal(413, "the body is too large");
        }

        if (contentType.Length == 0)
        {
            return new PushRefusal(400, "Content-Type is missing") { TellsCause = true };
        }

        if (request.ContentType.Is(PushMessage.MediaType))
        {
            var error = PushMessage.TryRead(bytes, options.Lenient, out envelope);
            if (error != PushMessageError.None)
            {
                return new PushRefusal(400, $"The push message can't be read: {error}") { TellsCause = true };
            }

            contentType = envelope!.ContentType;
            bytes = envelope.Content;
        }

        return _types.Contains(contentType)
            ? null
            : new PushRefusal(415, "the media type is not taken") { Header = (SipHeaderNames.Accept, _types.Header) };
    }

    // Who addressed it knew best: the Push Resource Identifier, then the envelope, then what the type is made for.
    private PushApplicationId? FindApplication(SipRequest request, PushMessage? envelope, string contentType)
    {
        var named = CallerPreference.Read(request, SipHeaderNames.AcceptContact).SelectMany(preference => PushFeatures.Applications(preference.Features)).ToList();
        if (named.Count > 0)
        {
            return named.Find(Has);
        }

        var application = envelope?.ApplicationId
            ?? (MediaType.TryParse(contentType, out var type) ? Array.Find(Enablers, enabler => type.Is(enabler.Type)).Application : null)
            ?? PushApplicationId.Default;
        return Has(application) ? application : null;
    }

    private bool Has(PushApplicationId application) =>
        options.Applications.Count == 0 || options.Applications.Contains(application) || options.Applications.Contains(PushApplicationId.Any);

    // Of two asserted identities one is a tel URI (RFC 3325 §9.1).
    private static (SipUri? Uri, bool IsAsserted) ReadSender(SipRequest request, bool isTrusted)
    {
        return isTrusted && AssertedIdentity.TryRead(request, SipHeaderNames.PAssertedIdentity, out var asserted)
            ? ((asserted.Sip ?? asserted.Tel)?.Uri, true)
            : (request.From.Uri, false);
    }

    private static SipUri? First(SipRequest request, SipHeaderName name) => request.Addresses(name).FirstOrDefault().Uri;

    private static DateTimeOffset? ReadExpires(SipRequest request, DateTimeOffset now)
    {
        var from = SipDate.TryParse(request[SipHeaderNames.Date], out var date) ? date.Time : now;
        return request.Expires is not { } lifetime ? null : lifetime < DateTimeOffset.MaxValue - from ? from + lifetime : DateTimeOffset.MaxValue;
    }
}
