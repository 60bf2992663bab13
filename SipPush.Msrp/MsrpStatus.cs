namespace SipPush.Msrp;

/// <summary>The status codes of MSRP (RFC 4975 §10, RFC 4976 §9), in responses and, in namespace 000, in reports.</summary>
public static class MsrpStatus
{
    /// <summary>The request was taken.</summary>
    public const int Ok = 200;

    /// <summary>The request could not be understood.</summary>
    public const int BadRequest = 400;

    /// <summary>A relay wants credentials (RFC 4976).</summary>
    public const int Unauthorized = 401;

    /// <summary>Not allowed; not to be repeated.</summary>
    public const int Forbidden = 403;

    /// <summary>A relay had no answer from the next hop in time.</summary>
    public const int RequestTimeout = 408;

    /// <summary>No more of this message.</summary>
    public const int MessageTooLarge = 413;

    /// <summary>The media type is not taken in this session.</summary>
    public const int UnsupportedMediaType = 415;

    /// <summary>A parameter is out of bounds (RFC 4976).</summary>
    public const int IntervalOutOfBounds = 423;

    /// <summary>There is no such session.</summary>
    public const int NoSuchSession = 481;

    /// <summary>The method is not known.</summary>
    public const int UnknownMethod = 501;

    /// <summary>The session belongs to another connection.</summary>
    public const int SessionInUse = 506;

    /// <summary>The words that go with a code; empty when it is not one of these.</summary>
    public static string ReasonOf(int status) => status switch
    {
        Ok => "OK",
        BadRequest => "Bad Request",
        Unauthorized => "Unauthorized",
        Forbidden => "Forbidden",
        RequestTimeout => "Request Timeout",
        MessageTooLarge => "Message Too Large",
        UnsupportedMediaType => "Unsupported Media Type",
        IntervalOutOfBounds => "Interval Out-of-Bounds",
        NoSuchSession => "No Such Session",
        UnknownMethod => "Unknown Method",
        SessionInUse => "Session In Use",
        _ => "",
    };
}
