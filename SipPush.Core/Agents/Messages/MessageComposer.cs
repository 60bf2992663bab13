using System.Globalization;
using SipPush.Sip;

namespace SipPush;

/// <summary>Writes the MESSAGE that carries a push, and what the INVITE for one says besides its offer.</summary>
internal sealed class MessageComposer(SipUserAgent userAgent, PushSenderOptions options)
{
    // What the stack or this class writes, or what only a proxy may (RFC 7315 §5.2).
    private static readonly HashSet<SipHeaderName> Reserved =
    [
        SipHeaderNames.Via, SipHeaderNames.MaxForwards, SipHeaderNames.From, SipHeaderNames.To, SipHeaderNames.CallId, SipHeaderNames.CSeq,
        SipHeaderNames.Contact, SipHeaderNames.Route, SipHeaderNames.RecordRoute, SipHeaderNames.Path, SipHeaderNames.ServiceRoute,
        SipHeaderNames.PAssertedIdentity, SipHeaderNames.PPreferredIdentity, SipHeaderNames.PAssertedService, SipHeaderNames.PPreferredService,
        SipHeaderNames.PCalledPartyId, SipHeaderNames.Authorization, SipHeaderNames.ProxyAuthorization, SipHeaderNames.AcceptContact,
        SipHeaderNames.Supported, SipHeaderNames.ContentType, "Content-Length", SipHeaderNames.Date, SipHeaderNames.Expires, SipHeaderNames.Priority,
    ];

    // Most pushes are for the application of the options.
    private PushTags? _standard;

    /// <summary>The request, its CSeq as the first transaction will have it. The caller disposes it.</summary>
    /// <exception cref="ArgumentException">An option can't be written, or takes a header line that is reserved.</exception>
    public SipRequestBuilder Compose(SipUri target, SipUri to, PushContent content, PushOptions push)
    {
        var application = push.Application ?? options.Application;
        var request = userAgent.CreateRequest(SipMethod.Message, target, to);

        try
        {
            request.Add(SipHeaderNames.CSeq, "1 MESSAGE");
            AddIdentity(request, push);
            request.Add(SipHeaderNames.Supported, "gruu");
            AddPreference(request, push);
            SetBody(request, content, push, application);
            return request;
        }
        catch
        {
            request.Dispose();
            throw;
        }
    }

    /// <summary>The INVITE for a session: its offer, the features of its application in Contact, and what it has in common with a MESSAGE. An <see cref="ArgumentException"/> tells, when it is sent,
    /// that an option can't be written, or takes a header line that is reserved.</summary>
    public InviteOptions ComposeInvite(SipUri to, SipBody offer, PushOptions push) => new()
    {
        Offer = offer,
        ContactParameters = TagsOf(push).Contact,
        Prepare = invite =>
        {
            invite.Set(SipHeaderNames.To, $"<{to}>");
            AddIdentity(invite, push);
            AddPreference(invite, push);
        },
    };

    /// <summary>The envelope round a content of which only the head is at hand.</summary>
    public byte[] EnvelopeHead(PushContent content, PushOptions push) =>
        Envelope(content.ContentType, default, push, push.Application ?? options.Application).ToArray();

    /// <summary>Whether the content gets an envelope.</summary>
    public static bool HasEnvelope(PushContent content, PushOptions push) =>
        push.Envelope && !(MediaType.TryParse(content.ContentType, out var type) && type.Is(PushMessage.MediaType));

    private void AddIdentity(SipRequestBuilder request, PushOptions push)
    {
        var identity = push.Identity ?? userAgent.AddressOfRecord;
        request.Add(userAgent.IsTrusted ? SipHeaderNames.PAssertedIdentity : SipHeaderNames.PPreferredIdentity, $"<{identity}>");
        request.Add(userAgent.IsTrusted ? SipHeaderNames.PAssertedService : SipHeaderNames.PPreferredService, options.Icsi);
    }

    private void AddPreference(SipRequestBuilder request, PushOptions push)
    {
        request.Add(SipHeaderNames.AcceptContact, TagsOf(push).AcceptContact);
        AddLifetime(request, push.Expires);
        if (push.Priority is { } priority)
        {
            request.Add(SipHeaderNames.Priority, FieldText.CheckedToken(priority, nameof(push)));
        }

        AddHeaders(request, push.Headers);
    }

    private PushTags TagsOf(PushOptions push)
    {
        var application = push.Application ?? options.Application;
        return application == options.Application ? _standard ??= CreateTags(application) : CreateTags(application);
    }

    private PushTags CreateTags(PushApplicationId application)
    {
        var features = PushFeatures.Of(options.Icsi, [application]);
        var preference = new CallerPreference(features) { Require = options.Require, Explicit = options.Explicit };
        return new PushTags(preference.ToString(), [.. features.Tags.Select(tag => tag.ToString())]);
    }

    private void AddLifetime(SipRequestBuilder request, TimeSpan? expires)
    {
        if (expires is { } lifetime)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(lifetime, TimeSpan.Zero, nameof(PushOptions.Expires));
            request.Add(SipHeaderNames.Date, userAgent.Stack.TimeProvider.GetUtcNow().ToString("r", CultureInfo.InvariantCulture));
            request.Add(SipHeaderNames.Expires, Math.Min((long)Math.Ceiling(lifetime.TotalSeconds), uint.MaxValue).ToString(CultureInfo.InvariantCulture));
        }
    }

    private static void AddHeaders(SipRequestBuilder request, IReadOnlyList<SipHeader> headers)
    {
        foreach (var (name, value) in headers)
        {
            var header = new SipHeaderName(name.ToString());
            if (Reserved.Contains(header))
            {
                throw new ArgumentException($"{header} is the library's to write", nameof(headers));
            }

            request.Add(header, value);
        }
    }

    private void SetBody(SipRequestBuilder request, PushContent content, PushOptions push, PushApplicationId application)
    {
        if (!HasEnvelope(content, push))
        {
            request.SetBody(content.ContentType, content.Bytes);
            return;
        }

        request.SetBody(PushMessage.MediaType, Envelope(content.ContentType, content.Bytes, push, application).ToArray());
    }

    private PushMessage Envelope(string contentType, ReadOnlyMemory<byte> content, PushOptions push, PushApplicationId application) => new(contentType, content, push.EnvelopeHeaders)
    {
        ApplicationId = application,
        Flags = userAgent.IsTrusted ? push.Flags : push.Flags.WithoutTrust(),
    };
}
