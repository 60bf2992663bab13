namespace SipPush.Sip;

/// <summary>What one far end may take from a transport before it is refused.</summary>
public sealed record SipTransportLimits
{
    /// <summary>Connections open at once, in both directions together; 10,000 by default. One more is closed at once.</summary>
    public int Connections
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 10_000;

    /// <summary>Octets taken over for sending and not yet written, for one connection; 1 MiB by default. Above it
    /// sending waits, and nothing more is read from the connection. One message is always taken when none waits.</summary>
    public int ConnectionQueueBytes
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 1024 * 1024;

    /// <summary>Connections open at once that came from one remote address; 1,000 by default. One more is closed at once.</summary>
    public int ConnectionsPerAddress
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 1_000;

    /// <summary>How long an attempt to connect lasts, on TLS without the handshake; 10 s by default.</summary>
    public TimeSpan ConnectTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(10);

    /// <summary>How long the answer to a ping may take on a connection that is kept alive; 10 s by default (RFC 5626 §4.4.1). Then the
    /// connection is given up.</summary>
    public TimeSpan PongTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(10);

    /// <summary>How long sending waits for a full queue, and closing for the last octets; 10 s by default. Then the connection is given up.</summary>
    public TimeSpan SendTimeout
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
        }
    } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a message may take on a stream from its first octet to its last; 30 s by default, without end for
    /// <see cref="Timeout.InfiniteTimeSpan"/>. Then the connection is closed, at most 5 s later.
    /// </summary>
    public TimeSpan MessageTimeout
    {
        get;
        init
        {
            ThrowUnlessPositiveOrInfinite(value);
            field = value;
        }
    } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long nothing may come or go on a connection; 10 min by default, without end for <see cref="Timeout.InfiniteTimeSpan"/>. Then
    /// it is closed, at most 10 s later. It should be well over the 120 s at which a client sends keep-alives (RFC 5626 §4.4.1).
    /// </summary>
    public TimeSpan IdleTimeout
    {
        get;
        init
        {
            ThrowUnlessPositiveOrInfinite(value);
            field = value;
        }
    } = TimeSpan.FromMinutes(10);

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

    private static void ThrowUnlessPositiveOrInfinite(TimeSpan value)
    {
        if (value != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
        }
    }
}
