namespace SipPush.Sip;

/// <summary>The names of the header fields that this stack knows. Which type reads which stands in the README beside the types, in Sip/Headers.</summary>
public static class SipHeaderNames
{
    /// <summary>Accept.</summary>
    public static SipHeaderName Accept => new(HeaderId.Accept);

    /// <summary>Accept-Contact.</summary>
    public static SipHeaderName AcceptContact => new(HeaderId.AcceptContact);

    /// <summary>Accept-Encoding.</summary>
    public static SipHeaderName AcceptEncoding => new(HeaderId.AcceptEncoding);

    /// <summary>Accept-Language.</summary>
    public static SipHeaderName AcceptLanguage => new(HeaderId.AcceptLanguage);

    /// <summary>Alert-Info.</summary>
    public static SipHeaderName AlertInfo => new(HeaderId.AlertInfo);

    /// <summary>Allow.</summary>
    public static SipHeaderName Allow => new(HeaderId.Allow);

    /// <summary>Allow-Events.</summary>
    public static SipHeaderName AllowEvents => new(HeaderId.AllowEvents);

    /// <summary>Authentication-Info.</summary>
    public static SipHeaderName AuthenticationInfo => new(HeaderId.AuthenticationInfo);

    /// <summary>Authorization.</summary>
    public static SipHeaderName Authorization => new(HeaderId.Authorization);

    /// <summary>Call-ID.</summary>
    public static SipHeaderName CallId => new(HeaderId.CallId);

    /// <summary>Call-Info.</summary>
    public static SipHeaderName CallInfo => new(HeaderId.CallInfo);

    /// <summary>Contact.</summary>
    public static SipHeaderName Contact => new(HeaderId.Contact);

    /// <summary>Content-Disposition.</summary>
    public static SipHeaderName ContentDisposition => new(HeaderId.ContentDisposition);

    /// <summary>Content-Encoding.</summary>
    public static SipHeaderName ContentEncoding => new(HeaderId.ContentEncoding);

    /// <summary>Content-Language.</summary>
    public static SipHeaderName ContentLanguage => new(HeaderId.ContentLanguage);

    /// <summary>Content-Length.</summary>
    public static SipHeaderName ContentLength => new(HeaderId.ContentLength);

    /// <summary>Content-Type.</summary>
    public static SipHeaderName ContentType => new(HeaderId.ContentType);

    /// <summary>CSeq.</summary>
    public static SipHeaderName CSeq => new(HeaderId.CSeq);

    /// <summary>Date.</summary>
    public static SipHeaderName Date => new(HeaderId.Date);

    /// <summary>Error-Info.</summary>
    public static SipHeaderName ErrorInfo => new(HeaderId.ErrorInfo);

    /// <summary>Event.</summary>
    public static SipHeaderName Event => new(HeaderId.Event);

    /// <summary>Expires.</summary>
    public static SipHeaderName Expires => new(HeaderId.Expires);

    /// <summary>Flow-Timer.</summary>
    public static SipHeaderName FlowTimer => new(HeaderId.FlowTimer);

    /// <summary>From.</summary>
    public static SipHeaderName From => new(HeaderId.From);

    /// <summary>History-Info.</summary>
    public static SipHeaderName HistoryInfo => new(HeaderId.HistoryInfo);

    /// <summary>In-Reply-To.</summary>
    public static SipHeaderName InReplyTo => new(HeaderId.InReplyTo);

    /// <summary>Max-Forwards.</summary>
    public static SipHeaderName MaxForwards => new(HeaderId.MaxForwards);

    /// <summary>MIME-Version.</summary>
    public static SipHeaderName MimeVersion => new(HeaderId.MimeVersion);

    /// <summary>Min-Expires.</summary>
    public static SipHeaderName MinExpires => new(HeaderId.MinExpires);

    /// <summary>Min-SE.</summary>
    public static SipHeaderName MinSe => new(HeaderId.MinSe);

    /// <summary>Organization.</summary>
    public static SipHeaderName Organization => new(HeaderId.Organization);

    /// <summary>P-Access-Network-Info.</summary>
    public static SipHeaderName PAccessNetworkInfo => new(HeaderId.PAccessNetworkInfo);

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

    /// <summary>P-Charging-Vector.</summary>
    public static SipHeaderName PChargingVector => new(HeaderId.PChargingVector);

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

    /// <summary>Proxy-Authentication-Info.</summary>
    public static SipHeaderName ProxyAuthenticationInfo => new(HeaderId.ProxyAuthenticationInfo);

    /// <summary>Proxy-Authorization.</summary>
    public static SipHeaderName ProxyAuthorization => new(HeaderId.ProxyAuthorization);

    /// <summary>Proxy-Require.</summary>
    public static SipHeaderName ProxyRequire => new(HeaderId.ProxyRequire);

    /// <summary>P-Visited-Network-ID.</summary>
    public static SipHeaderName PVisitedNetworkId => new(HeaderId.PVisitedNetworkId);

    /// <summary>RAck.</summary>
    public static SipHeaderName RAck => new(HeaderId.RAck);

    /// <summary>Reason.</summary>
    public static SipHeaderName Reason => new(HeaderId.Reason);

    /// <summary>Record-Route.</summary>
    public static SipHeaderName RecordRoute => new(HeaderId.RecordRoute);

    /// <summary>Referred-By.</summary>
    public static SipHeaderName ReferredBy => new(HeaderId.ReferredBy);

    /// <summary>Refer-To.</summary>
    public static SipHeaderName ReferTo => new(HeaderId.ReferTo);

    /// <summary>Reject-Contact.</summary>
    public static SipHeaderName RejectContact => new(HeaderId.RejectContact);

    /// <summary>Replaces.</summary>
    public static SipHeaderName Replaces => new(HeaderId.Replaces);

    /// <summary>Reply-To.</summary>
    public static SipHeaderName ReplyTo => new(HeaderId.ReplyTo);

    /// <summary>Request-Disposition.</summary>
    public static SipHeaderName RequestDisposition => new(HeaderId.RequestDisposition);

    /// <summary>Require.</summary>
    public static SipHeaderName Require => new(HeaderId.Require);

    /// <summary>Retry-After.</summary>
    public static SipHeaderName RetryAfter => new(HeaderId.RetryAfter);

    /// <summary>Route.</summary>
    public static SipHeaderName Route => new(HeaderId.Route);

    /// <summary>RSeq.</summary>
    public static SipHeaderName RSeq => new(HeaderId.RSeq);

    /// <summary>Server.</summary>
    public static SipHeaderName Server => new(HeaderId.Server);

    /// <summary>Service-Route.</summary>
    public static SipHeaderName ServiceRoute => new(HeaderId.ServiceRoute);

    /// <summary>Session-Expires.</summary>
    public static SipHeaderName SessionExpires => new(HeaderId.SessionExpires);

    /// <summary>SIP-ETag.</summary>
    public static SipHeaderName SipEtag => new(HeaderId.SipEtag);

    /// <summary>Subject.</summary>
    public static SipHeaderName Subject => new(HeaderId.Subject);

    /// <summary>Subscription-State.</summary>
    public static SipHeaderName SubscriptionState => new(HeaderId.SubscriptionState);

    /// <summary>Supported.</summary>
    public static SipHeaderName Supported => new(HeaderId.Supported);

    /// <summary>Timestamp.</summary>
    public static SipHeaderName Timestamp => new(HeaderId.Timestamp);

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
