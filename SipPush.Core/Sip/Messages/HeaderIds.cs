using System.Text;

namespace SipPush.Sip;

/// <summary>The names of <see cref="HeaderId"/>, found by a small hash over length, first and last letter.</summary>
internal static class HeaderIds
{
    // A power of two.
    private const int TableSize = 512;

    // Long form first; a compact form, where there is one, behind it (RFC 3261 §7.3.3, RFC 3841 §9, RFC 4028 §4, RFC 6665 §8.4, RFC 3515, RFC 3892).
    private static readonly (HeaderId Id, string Name, string? Compact)[] All =
    [
        (HeaderId.Accept, "Accept", null),
        (HeaderId.AcceptContact, "Accept-Contact", "a"),
        (HeaderId.AcceptEncoding, "Accept-Encoding", null),
        (HeaderId.AcceptLanguage, "Accept-Language", null),
        (HeaderId.AlertInfo, "Alert-Info", null),
        (HeaderId.Allow, "Allow", null),
        (HeaderId.AllowEvents, "Allow-Events", "u"),
        (HeaderId.AuthenticationInfo, "Authentication-Info", null),
        (HeaderId.Authorization, "Authorization", null),
        (HeaderId.CallId, "Call-ID", "i"),
        (HeaderId.CallInfo, "Call-Info", null),
        (HeaderId.Contact, "Contact", "m"),
        (HeaderId.ContentDisposition, "Content-Disposition", null),
        (HeaderId.ContentEncoding, "Content-Encoding", "e"),
        (HeaderId.ContentLanguage, "Content-Language", null),
        (HeaderId.ContentLength, "Content-Length", "l"),
        (HeaderId.ContentType, "Content-Type", "c"),
        (HeaderId.CSeq, "CSeq", null),
        (HeaderId.Date, "Date", null),
        (HeaderId.ErrorInfo, "Error-Info", null),
        (HeaderId.Event, "Event", "o"),
        (HeaderId.Expires, "Expires", null),
        (HeaderId.FlowTimer, "Flow-Timer", null),
        (HeaderId.From, "From", "f"),
        (HeaderId.HistoryInfo, "History-Info", null),
        (HeaderId.InReplyTo, "In-Reply-To", null),
        (HeaderId.MaxForwards, "Max-Forwards", null),
        (HeaderId.MimeVersion, "MIME-Version", null),
        (HeaderId.MinExpires, "Min-Expires", null),
        (HeaderId.MinSe, "Min-SE", null),
        (HeaderId.Organization, "Organization", null),
        (HeaderId.PAccessNetworkInfo, "P-Access-Network-Info", null),
        (HeaderId.PAssertedIdentity, "P-Asserted-Identity", null),
        (HeaderId.PAssertedService, "P-Asserted-Service", null),
        (HeaderId.PAssociatedUri, "P-Associated-URI", null),
        (HeaderId.Path, "Path", null),
        (HeaderId.PCalledPartyId, "P-Called-Party-ID", null),
        (HeaderId.PChargingVector, "P-Charging-Vector", null),
        (HeaderId.PPreferredIdentity, "P-Preferred-Identity", null),
        (HeaderId.PPreferredService, "P-Preferred-Service", null),
        (HeaderId.Priority, "Priority", null),
        (HeaderId.Privacy, "Privacy", null),
        (HeaderId.ProxyAuthenticate, "Proxy-Authenticate", null),
        (HeaderId.ProxyAuthenticationInfo, "Proxy-Authentication-Info", null),
        (HeaderId.ProxyAuthorization, "Proxy-Authorization", null),
        (HeaderId.ProxyRequire, "Proxy-Require", null),
        (HeaderId.PVisitedNetworkId, "P-Visited-Network-ID", null),
        (HeaderId.RAck, "RAck", null),
        (HeaderId.Reason, "Reason", null),
        (HeaderId.RecordRoute, "Record-Route", null),
        (HeaderId.ReferredBy, "Referred-By", "b"),
        (HeaderId.ReferTo, "Refer-To", "r"),
        (HeaderId.RejectContact, "Reject-Contact", "j"),
        (HeaderId.Replaces, "Replaces", null),
        (HeaderId.ReplyTo, "Reply-To", null),
        (HeaderId.RequestDisposition, "Request-Disposition", "d"),
        (HeaderId.Require, "Require", null),
        (HeaderId.RetryAfter, "Retry-After", null),
        (HeaderId.Route, "Route", null),
        (HeaderId.RSeq, "RSeq", null),
        (HeaderId.Server, "Server", null),
        (HeaderId.ServiceRoute, "Service-Route", null),
        (HeaderId.SessionExpires, "Session-Expires", "x"),
        (HeaderId.SipEtag, "SIP-ETag", null),
        (HeaderId.Subject, "Subject", "s"),
        (HeaderId.SubscriptionState, "Subscription-State", null),
        (HeaderId.Supported, "Supported", "k"),
        (HeaderId.Timestamp, "Timestamp", null),
        (HeaderId.To, "To", "t"),
        (HeaderId.Unsupported, "Unsupported", null),
        (HeaderId.UserAgent, "User-Agent", null),
        (HeaderId.Via, "Via", "v"),
        (HeaderId.Warning, "Warning", null),
        (HeaderId.WwwAuthenticate, "WWW-Authenticate", null),
    ];

    private static readonly string[] Names = BuildNames();
    private static readonly byte[][] WireNames = [.. Names.Select(Encoding.ASCII.GetBytes)];
    private static readonly (byte[]? Name, HeaderId Id)[] Table = BuildTable();

    public static string Name(HeaderId id) => Names[(int)id];

    public static ReadOnlySpan<byte> WireName(HeaderId id) => WireNames[(int)id];

    /// <summary>The header of that name, long or compact, whatever its case; <see cref="HeaderId.Other"/> when it is none of these.</summary>
    public static HeaderId Find(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
        {
            return HeaderId.Other;
        }

        for (var slot = Slot(name); Table[slot].Name is { } candidate; slot = (slot + 1) & (TableSize - 1))
        {
            // Most come in the letters of their RFC.
            if (name.SequenceEqual(candidate) || Ascii.EqualsIgnoreCase(candidate, name))
            {
                return Table[slot].Id;
            }
        }

        return HeaderId.Other;
    }

    private static int Slot(ReadOnlySpan<byte> name) =>
        ((name.Length * 37) + ((name[0] | 0x20) * 5) + ((name[^1] | 0x20) * 11) + ((name[name.Length / 2] | 0x20) * 17)) & (TableSize - 1);

    private static string[] BuildNames()
    {
        var names = new string[All.Length + 1];
        names[0] = "";
        foreach (var (id, name, _) in All)
        {
            names[(int)id] = name;
        }
        return names;
    }

    private static (byte[]? Name, HeaderId Id)[] BuildTable()
    {
        var table = new (byte[]? Name, HeaderId Id)[TableSize];

        void Add(string name, HeaderId id)
        {
            var octets = Encoding.ASCII.GetBytes(name);
            var slot = Slot(octets);
            while (table[slot].Name is not null)
            {
                slot = (slot + 1) & (TableSize - 1);
            }
            table[slot] = (octets, id);
        }

        foreach (var (id, name, compact) in All)
        {
            Add(name, id);
            if (compact is not null)
            {
                Add(compact, id);
            }
        }

        return table;
    }
}
