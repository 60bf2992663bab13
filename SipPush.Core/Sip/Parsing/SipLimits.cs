namespace SipPush.Sip;

/// <summary>What a received message may cost. Each limit is checked before anything is allocated for it.</summary>
public sealed record SipLimits
{
    /// <summary>Octets of the start line; default 8,192. Over it a request is answered 414.</summary>
    public int StartLine { get; init; } = 8_192;

    /// <summary>Octets of start line and header section together; default 32,768; more than 65,000 counts as that. Over it a request is answered 513.</summary>
    public int HeaderSection { get; init; } = 32_768;

    /// <summary>Header lines; default 256. Over it a request is answered 513.</summary>
    public int HeaderCount { get; init; } = 256;

    /// <summary>Octets of the body; default 1,048,576. Over it a request is answered 413.</summary>
    public int Body { get; init; } = 1 << 20;
}
