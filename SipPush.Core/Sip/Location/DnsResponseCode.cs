namespace SipPush.Sip.Location;

/// <summary>What a server says of a query (RFC 1035 §4.1.1, RFC 6891 §9). Other numbers may come.</summary>
internal enum DnsResponseCode
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,

    /// <summary>There is no such name, with records of any type (NXDOMAIN).</summary>
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,

    /// <summary>The version of EDNS is one the server does not have.</summary>
    BadVersion = 16,
}
