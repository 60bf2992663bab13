using System.Text;
using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>What belongs to the core: its domain, its addresses, and the names it gives.</summary>
internal sealed class CoreDomain(CoreOptions options, CoreSide open, CoreSide trusted)
{
    private readonly byte[] _domain = Encoding.ASCII.GetBytes(options.Domain);
    private readonly byte[] _registrar = Encoding.ASCII.GetBytes($"registrar.{options.Domain}");

    /// <summary>The core's own URI, as the application server sees it.</summary>
    public string RegistrarUri { get; } = $"sip:registrar.{options.Domain}";

    /// <summary>True when the URI's host is the domain, or names a listener.</summary>
    public bool Owns(SipUri uri) =>
        uri.IsSip && (uri.Host.EqualsIgnoreCase(_domain) || uri.Host.EqualsIgnoreCase(_registrar) || NamesListener(uri));

    /// <summary>True when the URI names one of the addresses listened on.</summary>
    public bool NamesListener(SipUri uri) => SideOf(uri) is not null;

    /// <summary>The side whose listener the URI names; null when it names none.</summary>
    public CoreSide? SideOf(SipUri uri) => !uri.IsSip ? null : open.IsNamedBy(uri) ? open : trusted.IsNamedBy(uri) ? trusted : null;

    /// <summary>True when the core wrote that Via.</summary>
    public bool Wrote(Via via) => open.IsNamedBy(via) || trusted.IsNamedBy(via);

    /// <summary>The address of record that a URI of the domain stands for, the same object-for-comparison however it is written (RFC 3261 §10.3 step 5); null when it names no user here.</summary>
    public SipUri? AddressOfRecord(SipUri uri) =>
        uri.IsSip && !uri.User.IsEmpty && Owns(uri) && SipUri.TryParse($"sip:{uri.User}@{options.Domain}", out var address) ? address : null;

    /// <summary>The public GRUU of an instance (RFC 5627 §5.1).</summary>
    public static string PublicGruu(SipUri addressOfRecord, string instance) => $"{addressOfRecord};gr={EscapeInstance(instance)}";

    /// <summary>The instance as the value of <c>gr</c>.</summary>
    public static string EscapeInstance(string instance)
    {
        var escaped = new StringBuilder(instance.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(instance))
        {
            if (char.IsAsciiLetterOrDigit((char)octet) || "-_.!~*'()[]/:&+$".Contains((char)octet, StringComparison.Ordinal))
            {
                escaped.Append((char)octet);
            }
            else
            {
                escaped.Append('%').Append(octet.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return escaped.ToString();
    }
}
