namespace SipPush.Sip;

/// <summary>How a user agent registers.</summary>
public sealed record RegistrationOptions
{
    /// <summary>The lifetime to ask for; the registrar may grant less. Default two hours.</summary>
    public TimeSpan Expires { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Parameters of the Contact, as they are written: feature tags such as <c>+g.oma.pusheventapp="mms.ua"</c>.</summary>
    public IReadOnlyList<string> ContactParameters { get; init; } = [];

    /// <summary>The registrar; null takes the AOR's domain.</summary>
    public SipUri? Registrar { get; init; }

    /// <summary>
    /// Whether to register by RFC 5626 where there is an instance id and the way to the registrar is a connection: the core then reaches
    /// this user agent over that connection, which is pinged and, when it fails, replaced. Default true: a registrar without support passes
    /// over it, and one that knows the first hop to be without (439) is asked again without it. There is one connection at a time, also
    /// with several proxies: the others are there to fail over to. Not on UDP, whose flows want STUN to stay alive.
    /// </summary>
    public bool Outbound { get; init; } = true;

    /// <summary>
    /// The longest wait between two pings where the registrar names none (Flow-Timer); each takes 80 to 100 % of it. Null is 120 s, and
    /// pings only where outbound registration has been granted: only then a pong can be expected. A value says that the first hop is known to
    /// answer pings, whatever the registrar grants, and goes before a longer Flow-Timer (RFC 5626 §4.4). A ping that is
    /// not answered in <see cref="SipTransportLimits.PongTimeout"/> ends the connection.
    /// </summary>
    public TimeSpan? KeepAlive
    {
        get;
        init
        {
            if (value is { } interval)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.FromSeconds(1), nameof(value));
            }

            field = value;
        }
    }

    /// <summary>
    /// What the wait after a failure grows from: after the nth in a row it lies between half and the whole of this times two to the n, so
    /// by default, 30 s, between 30 and 60 s after the first (RFC 5626 §4.5).
    /// </summary>
    public TimeSpan RetryBase { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest wait after a failure; default 30 min.</summary>
    public TimeSpan RetryMaximum { get; init; } = TimeSpan.FromSeconds(1800);

    /// <summary>How long the de-registration at the end may take; default 5 s.</summary>
    public TimeSpan UnregisterTimeout { get; init; } = TimeSpan.FromSeconds(5);
}
