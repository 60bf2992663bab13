namespace SipPush.Sip.Location;

/// <summary>The types of records that are read here, by their numbers on the wire.</summary>
internal enum DnsRecordType
{
    /// <summary>An IPv4 address (RFC 1035 §3.4.1).</summary>
    A = 1,

    /// <summary>Another name for the same (RFC 1035 §3.3.1).</summary>
    Cname = 5,

    /// <summary>The start of a zone; it says how long the absence of a record may be remembered (RFC 2308 §4).</summary>
    Soa = 6,

    /// <summary>An IPv6 address (RFC 3596).</summary>
    Aaaa = 28,

    /// <summary>The servers of a service (RFC 2782).</summary>
    Srv = 33,

    /// <summary>The services of a domain (RFC 3403 §4).</summary>
    Naptr = 35,

    /// <summary>No record but an extension of the header (RFC 6891 §6.1).</summary>
    Opt = 41,
}
