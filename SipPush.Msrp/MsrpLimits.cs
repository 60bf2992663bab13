namespace SipPush.Msrp;

/// <summary>What peers may cost this endpoint. Each limit is checked before anything is stored.</summary>
public sealed record MsrpLimits
{
    /// <summary>Start line and headers of a frame, in octets; 8,192 by default. Beyond it the connection is closed.</summary>
    public int Head { get; init; } = 8192;

    /// <summary>Headers of a frame; 64 by default. Beyond it the connection is closed.</summary>
    public int Headers { get; init; } = 64;

    /// <summary>Body of a request other than SEND, in octets; 10,240 by default (RFC 4975 §7.1). Beyond it the connection is closed.</summary>
    public int NonSendBody { get; init; } = 10_240;

    /// <summary>Messages of one session that have begun and not ended; 64 by default. One more gets 413.</summary>
    public int PartialMessagesPerSession { get; init; } = 64;

    /// <summary>Messages of all sessions that have begun and not ended; 10,000 by default. One more gets 413.</summary>
    public int PartialMessages { get; init; } = 10_000;

    /// <summary>Separate ranges of one message; 64 by default. One more gets 413.</summary>
    public int RangesPerMessage { get; init; } = 64;

    /// <summary>Octets of one message held because they came before their turn; 1 MiB by default. More get 413.</summary>
    public int GapBuffer { get; init; } = 1 << 20;

    /// <summary>Octets of one message that wait for its reader; 1 MiB by default. Then the connection is not read, until half of them have been.</summary>
    public int ReadAhead { get; init; } = 1 << 20;

    /// <summary>Messages that wait for the application to take them, a session; 64 by default. Then the connection is not read.</summary>
    public int WaitingMessages { get; init; } = 64;

    /// <summary>How long a message that has begun may go without a further chunk; 5 min by default. Then it is dropped.</summary>
    public TimeSpan PartialMessageTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a connection may be open without a session; 30 s by default.</summary>
    public TimeSpan UnboundConnectionTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a head may take from its first octet to its last; 15 s by default.</summary>
    public TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Octets a second that a body has to bring while it is being read, over any <see cref="RatePeriod"/>; 240 by default, 0 for no limit. A slower one ends the connection.</summary>
    public int MinimumBodyRate { get; init; } = 240;

    /// <summary>Octets a second that the application has to read of a message that fills <see cref="ReadAhead"/>, until half of that is free again; 16 KiB by default, 0 for
    /// no limit. A slower one gets its message ended with 413, or spilled (<see cref="MsrpSessionOptions.Spill"/>), so that it does not hold up the connection and its sender for ever.</summary>
    public int MinimumReaderRate { get; init; } = 16 * 1024;

    /// <summary>Over which <see cref="MinimumBodyRate"/> is measured; 20 s by default.</summary>
    public TimeSpan RatePeriod { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a SEND for a session that has been created, but not been told of its far end yet, is held back: TCP can be faster than the answer that tells of it; 10 s by default,
    /// then 481.</summary>
    public TimeSpan StartWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the peer may take for one write, which is 124 KiB of chunks and the answers that wait at the most, until the system has all of it; 60 s by default. Then the
    /// connection is given up: a peer that takes less than about 2 KiB a second is as good as gone.</summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(60);
}
