namespace SipPush.Sip;

/// <summary>A transport protocol, by the name that Via and <c>;transport=</c> give it (RFC 3261 §25.1).</summary>
public enum SipProtocol
{
    /// <summary>UDP: a message a datagram, unreliable.</summary>
    Udp,

    /// <summary>TCP: a stream, framed by Content-Length.</summary>
    Tcp,

    /// <summary>TLS over TCP.</summary>
    Tls,
}

/// <summary>What follows from a protocol.</summary>
public static class SipProtocols
{
    /// <summary>True where the transport repeats lost octets itself, so that transactions do not (RFC 3261 §17).</summary>
    public static bool IsReliable(this SipProtocol protocol) => protocol != SipProtocol.Udp;

    /// <summary>The name in a Via value: <c>UDP</c>, <c>TCP</c>, <c>TLS</c>.</summary>
    public static string ViaName(this SipProtocol protocol) => protocol switch
    {
        SipProtocol.Tcp => "TCP",
        SipProtocol.Tls => "TLS",
        _ => "UDP",
    };

    /// <summary>The value of a URI's <c>transport</c> parameter: <c>udp</c>, <c>tcp</c>, <c>tls</c>.</summary>
    public static string ParameterName(this SipProtocol protocol) => protocol switch
    {
        SipProtocol.Tcp => "tcp",
        SipProtocol.Tls => "tls",
        _ => "udp",
    };

    /// <summary>The port where none is named: 5061 for TLS, otherwise 5060 (RFC 3261 §18.2.2).</summary>
    public static int DefaultPort(this SipProtocol protocol) => protocol == SipProtocol.Tls ? 5061 : 5060;

    /// <summary>Reads either name, without regard to case.</summary>
    public static bool TryParse(ReadOnlySpan<byte> name, out SipProtocol protocol)
    {
        if (System.Text.Ascii.EqualsIgnoreCase(name, "UDP"u8))
        {
            protocol = SipProtocol.Udp;
            return true;
        }

        if (System.Text.Ascii.EqualsIgnoreCase(name, "TCP"u8))
        {
            protocol = SipProtocol.Tcp;
            return true;
        }

        protocol = SipProtocol.Tls;
        return System.Text.Ascii.EqualsIgnoreCase(name, "TLS"u8);
    }
}
