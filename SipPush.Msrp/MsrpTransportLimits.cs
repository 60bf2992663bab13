namespace SipPush.Msrp;

/// <summary>What far ends may take from one listener before they are refused, and how long reaching one may take.</summary>
public sealed record MsrpTransportLimits
{
    /// <summary>Connections that a listener has open at once, those within a handshake among them; 20,000 by default. One more is closed at once.</summary>
    public int Connections
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 20_000;

    /// <summary>Of these the ones from one remote address, on IPv6 from one /64; 10,000 by default, since a relay or a load balancer is one
    /// address. One more is closed at once.</summary>
    public int ConnectionsPerAddress
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 10_000;

    /// <summary>Handshakes that a listener has under way at once; 256 by default. One more connection is closed at once.</summary>
    public int Handshakes
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 256;

    /// <summary>Of these the ones with one remote address, on IPv6 with one /64; 64 by default, so that no one keeps all others out.</summary>
    public int HandshakesPerAddress
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 64;

    /// <summary>How long an attempt to connect lasts, over all addresses of the host and with the look-up of its name, without the TLS handshake; 10 s by default.</summary>
    public TimeSpan ConnectTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// After how long without octets the system begins to probe whether the far end of a connection is still there, where it can; 2 min by default,
    /// 1 s to 9 h. When three probes, 15 s apart, are not acknowledged, the connection has ended.
    /// </summary>
    public TimeSpan ProbeAfter
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.FromSeconds(1));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, TimeSpan.FromHours(9));
            field = value;
        }
    } = TimeSpan.FromMinutes(2);
}
