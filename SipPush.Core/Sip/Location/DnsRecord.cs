using System.Net;

namespace SipPush.Sip.Location;

/// <summary>A resource record of class IN (RFC 1035 §3.2).</summary>
/// <param name="Type">Its type.</param>
/// <param name="Name">Whose it is.</param>
/// <param name="TimeToLive">How long it may be remembered.</param>
internal abstract record DnsRecord(DnsRecordType Type, DnsName Name, TimeSpan TimeToLive);

/// <summary>A or AAAA.</summary>
internal sealed record DnsAddressRecord(DnsRecordType Type, DnsName Name, TimeSpan TimeToLive, IPAddress Address)
    : DnsRecord(Type, Name, TimeToLive);

/// <summary>CNAME: the name is another one's alias.</summary>
internal sealed record DnsAliasRecord(DnsName Name, TimeSpan TimeToLive, DnsName Target)
    : DnsRecord(DnsRecordType.Cname, Name, TimeToLive);

/// <summary>SRV: one server of a service; the lowest priority first, and among equals as often as the weight says (RFC 2782).</summary>
internal sealed record DnsServiceRecord(DnsName Name, TimeSpan TimeToLive, int Priority, int Weight, int Port, DnsName Target)
    : DnsRecord(DnsRecordType.Srv, Name, TimeToLive);

/// <summary>NAPTR: one rule of a domain. A text of over 255 octets can't come; octets beyond ASCII are kept as Latin-1.</summary>
internal sealed record DnsNaptrRecord(
    DnsName Name, TimeSpan TimeToLive, int Order, int Preference, string Flags, string Services, string Regexp, DnsName Replacement)
    : DnsRecord(DnsRecordType.Naptr, Name, TimeToLive);

/// <summary>SOA, of which only this is read: how long the absence of a record may be remembered, at most as long as the SOA itself.</summary>
internal sealed record DnsAuthorityRecord(DnsName Name, TimeSpan TimeToLive, TimeSpan Minimum)
    : DnsRecord(DnsRecordType.Soa, Name, TimeToLive);
