namespace SipPush.Sip.Location;

/// <summary>What is wrong with octets that should be a response of a DNS server.</summary>
internal enum DnsReadError
{
    None,

    /// <summary>The message ends before what it announces.</summary>
    Cut,

    /// <summary>It is a query, or the answer to something other than a standard query.</summary>
    NotAResponse,

    /// <summary>It has more than one question.</summary>
    Question,

    /// <summary>A name is over 255 octets, has a label of an unknown kind, or a pointer that does not go back.</summary>
    Name,

    /// <summary>What a record contains does not end where the record does.</summary>
    RecordData,

    /// <summary>There are more records than are read.</summary>
    TooManyRecords,
}
