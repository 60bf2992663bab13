using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>Where a request goes from here: by which hops, in the order to try; with none it is answered here.</summary>
internal sealed record Way
{
    /// <summary>To the core itself.</summary>
    public static Way ToCore { get; } = new() { Hops = [], Otherwise = 0, IsForCore = true };

    public required IReadOnlyList<Hop> Hops { get; init; }

    /// <summary>What to answer when there is no hop, or when none can be reached.</summary>
    public required int Otherwise { get; init; }

    public bool IsForCore { get; private init; }

    /// <summary>The address of record that was called; null when it is none of the domain's.</summary>
    public SipUri? Called { get; init; }

    /// <summary>True when one instance was called: then only 408 and 430 lead on to the next (RFC 5627 §6.1).</summary>
    public bool IsGruu { get; init; }

    /// <summary>Nowhere.</summary>
    public static Way Refused(int status) => new() { Hops = [], Otherwise = status };

    /// <summary>True for a response that comes of the flow and not of the instance, which may be asked over another (RFC 5626 §7).</summary>
    public static bool LeadsOn(SipResponse response) => response.StatusCode is 408 or 430;
}
