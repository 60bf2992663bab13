namespace SipPush.Sip;

/// <summary>The names of the header fields that applications use most.</summary>
public static class SipHeaderNames
{
    /// <summary>Accept.</summary>
    public static SipHeaderName Accept => new(HeaderId.Accept);

    /// <summary>Accept-Contact.</summary>
    public static SipHeaderName AcceptContact => new(HeaderId.AcceptContact);

    /// <summary>Accept-Encoding.</summary>
    public static SipHeaderName AcceptEncoding => new(HeaderId.AcceptEncoding);

    /// <summary>Allow.</summary>
    public static SipHeaderName Allow => new(HeaderId.Allow);

    /// <summary>Authorization.</summary>
    public static SipHeaderName Authorization => new(HeaderId.Authorization);

    /// <summary>Call-ID.</summary>
    public static SipHeaderName CallId => new(HeaderId.CallId);

    /// <summary>Contact.</summary>
    public static SipHeaderName Contact => new(HeaderId.Contact);

    /// <summary>Content-Type.</summary>
    public static SipHeaderName ContentType => new(HeaderId.ContentType);

    /// <summary>CSeq.</summary>
    public static SipHeaderName CSeq => new(HeaderId.CSeq);

    /// <summary>Date.</summary>
    public static SipHeaderName Date => new(HeaderId.Date);

    /// <summary>Event.</summary>
    public static SipHeaderName Event => new(HeaderId.Event);

    /// <summary>Expires.</summary>
    public static SipHeaderName Expires => new(HeaderId.Expires);

    /// <summary>From.</summary>
    public static SipHeaderName From => new(HeaderId.From);

    /// <summary>Max-Forwards.</summary>
    public static SipHeaderName MaxForwards => new(HeaderId.MaxForwards);

    /// <summary>Min-Expires.</summary>
    public static SipHeaderName MinExpires => new(HeaderId.MinExpires);

    /// <summary>P-Asserted-Identity.</summary>
    public static SipHeaderName PAssertedIdentity => new(HeaderId.PAssertedIdentity);

    /// <summary>P-Asserted-Service.</summary>
    public static SipHeaderName PAssertedService => new(HeaderId.PAssertedService);

    /// <summary>P-Associated-URI.</summary>
    public static SipHeaderName PAssociatedUri => new(HeaderId.PAssociatedUri);

    /// <summary>Path.</summary>
    public static SipHeaderName Path => new(HeaderId.Path);

    /// <summary>P-Called-Party-ID.</summary>
    public static SipHeaderName PCalledPartyId => new(HeaderId.PCalledPartyId);

    /// <summary>P-Preferred-Identity.</summary>
    public static SipHeaderName PPreferredIdentity => new(HeaderId.PPreferredIdentity);

    /// <summary>P-Preferred-Service.</summary>
    public static SipHeaderName PPreferredService => new(HeaderId.PPreferredService);

    /// <summary>Priority.</summary>
    public static SipHeaderName Priority => new(HeaderId.Priority);

    /// <summary>Privacy.</summary>
    public static SipHeaderName Privacy => new(HeaderId.Privacy);

    /// <summary>Proxy-Authenticate.</summary>
    public static SipHeaderName ProxyAuthenticate => new(HeaderId.ProxyAuthenticate);

    /// <summary>Proxy-Authorization.</summary>
    public static SipHeaderName ProxyAuthorization => new(HeaderId.ProxyAuthorization);

    /// <summary>Proxy-Require.</summary>
    public static SipHeaderName ProxyRequire => new(HeaderId.ProxyRequire);

    /// <summary>Record-Route.</summary>
    public static SipHeaderName RecordRoute => new(HeaderId.RecordRoute);

    /// <summary>Reject-Contact.</summary>
    public static SipHeaderName RejectContact => new(HeaderId.RejectContact);

    /// <summary>Require.</summary>
    public static SipHeaderName Require => new(HeaderId.Require);

    /// <summary>Retry-After.</summary>
    public static SipHeaderName RetryAfter => new(HeaderId.RetryAfter);

    /// <summary>Route.</summary>
    public static SipHeaderName Route => new(HeaderId.Route);

    /// <summary>Server.</summary>
    public static SipHeaderName Server => new(HeaderId.Server);

    /// <summary>Service-Route.</summary>
    public static SipHeaderName ServiceRoute => new(HeaderId.ServiceRoute);

    /// <summary>Subject.</summary>
    public static SipHeaderName Subject => new(HeaderId.Subject);

    /// <summary>Supported.</summary>
    public static SipHeaderName Supported => new(HeaderId.Supported);

    /// <summary>To.</summary>
    public static SipHeaderName To => new(HeaderId.To);

    /// <summary>Unsupported.</summary>
    public static SipHeaderName Unsupported => new(HeaderId.Unsupported);

    /// <summary>User-Agent.</summary>
    public static SipHeaderName UserAgent => new(HeaderId.UserAgent);

    /// <summary>Via.</summary>
    public static SipHeaderName Via => new(HeaderId.Via);

    /// <summary>Warning.</summary>
    public static SipHeaderName Warning => new(HeaderId.Warning);

    /// <summary>WWW-Authenticate.</summary>
    public static SipHeaderName WwwAuthenticate => new(HeaderId.WwwAuthenticate);
}
