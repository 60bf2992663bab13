namespace SipPush;

/// <summary>What a <see cref="PushReceiverAgent"/> takes.</summary>
public sealed record PushReceiverOptions
{
    /// <summary>The applications it has; they are registered together. Empty, or with <see cref="PushApplicationId.Any"/>, it takes pushes for any.</summary>
    public IReadOnlyList<PushApplicationId> Applications { get; init; } = [];

    /// <summary>The media types it takes, also inside the envelope: <c>image/png</c>, <c>text/*</c>, or <c>*</c> for all, which is the default.</summary>
    public IReadOnlyList<string> AcceptTypes { get; init; } = ["*"];

    /// <summary>The most octets of a body, by MESSAGE or in a session, its envelope included; over it the answer is 413. It is what a session description says as <c>max-size</c>. Default 1 MiB, which is
    /// also what the stack takes of a MESSAGE unless told otherwise.</summary>
    public long MaxSize { get; init; } = 1 << 20;

    /// <summary>The pushes that may wait for <see cref="PushReceiverAgent.ReceiveAllAsync"/>; over it the answer is 480 with Retry-After. Default 256.</summary>
    public int QueueLength { get; init; } = 256;

    /// <summary>The sessions that may be open at once; over it the answer is 480 with Retry-After. Default 10,000.</summary>
    public int MaximumSessions { get; init; } = 10_000;

    /// <summary>Retry-After of the answers to what came too fast or was not decided in time; default 5 s.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Decides on each push; null takes all. It runs on the thread pool, several at once; its token is cancelled when the time is over.
    /// What it throws is answered 500.
    /// </summary>
    public Func<PushOffer, CancellationToken, ValueTask<PushDecision>>? DecideAsync { get; init; }

    /// <summary>How long a decision may take; then the answer is 480 with Retry-After. Default 10 s; a sender waits 32 s at most.</summary>
    public TimeSpan DecisionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The IMS communication service identifier that is registered (RFC 6050 §4.4).</summary>
    public string Icsi { get; init; } = PushSenderOptions.DefaultIcsi;

    /// <summary>The answer to a push for an application it does not have, 300 to 699 but not 408; default 480.</summary>
    public int UnknownApplicationStatus
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 300);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 699);
            ArgumentOutOfRangeException.ThrowIfEqual(value, 408);
            field = value;
        }
    } = 480;

    /// <summary>What is done with a push whose time is over; default <see cref="ExpiredPushPolicy.Discard"/>.</summary>
    public ExpiredPushPolicy ExpiredPolicy { get; init; }

    /// <summary>Whether the envelope is read leniently (see <see cref="PushMessage.TryRead"/>); default true.</summary>
    public bool Lenient { get; init; } = true;

    /// <summary>Whether pushes from outside the stack's trust domain are answered 403; default false.</summary>
    public bool RequireTrustedSender { get; init; }

    /// <summary>Session mode.</summary>
    public PushMediaOptions Media { get; init; } = new();
}
