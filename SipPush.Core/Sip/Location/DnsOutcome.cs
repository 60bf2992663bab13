namespace SipPush.Sip.Location;

/// <summary>How a query of the DNS ended.</summary>
internal enum DnsOutcome
{
    /// <summary>There are records.</summary>
    Found,

    /// <summary>The name has no record of that type, or does not exist: both mean the same here (RFC 2308 §2).</summary>
    None,

    /// <summary>Nobody answered, or only with an error: nothing is known.</summary>
    Failed,
}
