namespace SipPush.Sip;

/// <summary>What is wrong with a received message. The first fault found is the one reported.</summary>
public enum SipParseError
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>There is nothing but line ends.</summary>
    Empty,

    /// <summary>The first line is neither a Request-Line nor a Status-Line.</summary>
    StartLine,

    /// <summary>The first line is longer than its limit.</summary>
    StartLineTooLong,

    /// <summary>The version is not SIP/2.0.</summary>
    Version,

    /// <summary>A header line has no name or no colon.</summary>
    HeaderLine,

    /// <summary>The header section is longer than its limit.</summary>
    HeaderSection,

    /// <summary>The message ends before its header section does.</summary>
    HeadersTruncated,

    /// <summary>More header lines than the limit.</summary>
    HeaderCount,

    /// <summary>A header line is longer than its limit.</summary>
    HeaderLineTooLong,

    /// <summary>More Via values than the limit.</summary>
    TooManyVias,

    /// <summary>Content-Length is not a number, or two differ.</summary>
    ContentLength,

    /// <summary>The body is shorter than Content-Length says.</summary>
    BodyTruncated,

    /// <summary>The body is longer than its limit.</summary>
    BodyTooLarge,

    /// <summary>Via is missing or its first value unreadable.</summary>
    Via,

    /// <summary>From is missing, doubled or unreadable.</summary>
    From,

    /// <summary>To is missing, doubled or unreadable.</summary>
    To,

    /// <summary>Call-ID is missing, doubled or empty.</summary>
    CallId,

    /// <summary>CSeq is missing, doubled, unreadable, or of another method.</summary>
    CSeq,

    /// <summary>Max-Forwards is no number from 0 to 255.</summary>
    MaxForwards,

    /// <summary>Expires is no number of seconds.</summary>
    Expires,
}

/// <summary>The answer that a fault in a request has.</summary>
public static class SipParseErrors
{
    /// <summary>The status of the answer (RFC 3261 §21).</summary>
    public static int Status(this SipParseError error) => error switch
    {
        SipParseError.StartLineTooLong => 414,
        SipParseError.Version => 505,
        SipParseError.HeaderSection or SipParseError.HeaderCount or SipParseError.HeaderLineTooLong => 513,
        SipParseError.BodyTooLarge => 413,
        _ => 400,
    };

    /// <summary>A reason phrase that names the fault.</summary>
    public static string Reason(this SipParseError error) => error switch
    {
        SipParseError.StartLine => "Malformed Request-Line",
        SipParseError.StartLineTooLong => "Request-URI Too Long",
        SipParseError.Version => "Version Not Supported",
        SipParseError.HeaderLine => "Malformed Header Line",
        SipParseError.HeaderSection => "Header Section Too Large",
        SipParseError.HeadersTruncated => "Header Section Never Ends",
        SipParseError.HeaderCount => "Too Many Header Fields",
        SipParseError.HeaderLineTooLong => "Header Line Too Long",
        SipParseError.TooManyVias => "Too Many Vias",
        SipParseError.ContentLength => "Bad Content-Length",
        SipParseError.BodyTruncated => "Body Shorter Than Content-Length",
        SipParseError.BodyTooLarge => "Request Entity Too Large",
        SipParseError.Via => "Bad Via",
        SipParseError.From => "Bad From",
        SipParseError.To => "Bad To",
        SipParseError.CallId => "Bad Call-ID",
        SipParseError.CSeq => "Bad CSeq",
        SipParseError.MaxForwards => "Bad Max-Forwards",
        SipParseError.Expires => "Bad Expires",
        _ => "Bad Request",
    };
}
