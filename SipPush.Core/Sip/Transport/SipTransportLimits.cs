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

    /// <summary>How long an attempt to connect lasts; 10 s by default.</summary>
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
}
