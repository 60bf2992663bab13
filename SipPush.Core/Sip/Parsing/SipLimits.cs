namespace SipPush.Sip;

/// <summary>What a received message may cost. Each limit is checked before anything is allocated for it.</summary>
public sealed record SipLimits
{
    // Positions are kept in 16 bits, and a Via that is filled in moves them up by less than the rest.
    internal const int MaximumHeaderSection = 65_000;

    /// <summary>Octets of the start line; default 8,192. Over it a request is answered 414.</summary>
    public int StartLine { get; init; } = 8_192;

    /// <summary>Octets of start line and header section together; default 32,768, at most 65,000. Over it a request is answered 513.</summary>
    public int HeaderSection
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaximumHeaderSection);
            field = value;
        }
    } = 32_768;

    /// <summary>Header lines; default 256. Over it a request is answered 513.</summary>
    public int HeaderCount { get; init; } = 256;

    /// <summary>Octets of one header line with its folds; default 8,192. Over it a request is answered 513.</summary>
    public int HeaderLine { get; init; } = 8_192;

    /// <summary>Via values, which are hops; default 70, as many as Max-Forwards lets a request go. Over it a request is answered 400.</summary>
    public int Vias { get; init; } = 70;

    /// <summary>Octets of the body; default 1,048,576, at most 1 GiB. Over it a request is answered 413.</summary>
    public int Body
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 1 << 30);
            field = value;
        }
    } = 1 << 20;
}
