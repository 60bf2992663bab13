using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>One contact of an address: where it is, what it can do, and until when (RFC 3261 §10.3).</summary>
internal sealed record Binding
{
    /// <summary>The contact's URI, as requests are retargeted to it.</summary>
    public required SipUri Uri { get; init; }

    /// <summary>The contact with its parameters as it registered.</summary>
    public required NameAddress Contact { get; init; }

    /// <summary>The +sip.instance URN; null when there is none or GRUUs were not asked for.</summary>
    public required string? Instance { get; init; }

    /// <summary>The secret name of the instance in temporary GRUUs; new with each Call-ID.</summary>
    public ulong InstanceKey { get; init; }

    /// <summary>Instance and reg-id, which the binding is known by instead of its URI; null when it is not outbound (RFC 5626 §6).</summary>
    public FlowName? Outbound { get; init; }

    /// <summary>False once nothing can reach an outbound contact any more: its connection is gone (RFC 5626 §7).</summary>
    public bool IsReachable => Outbound is null || Path.Count > 0 || Flow.IsOpen;

    public required string CallId { get; init; }

    public required uint CSeq { get; init; }

    /// <summary>On the clock of the table.</summary>
    public required TimeSpan ExpiresAt { get; init; }

    /// <summary>Grows with each registration: the more recent of two is the larger.</summary>
    public required long Order { get; init; }

    /// <summary>From 0 to 1.</summary>
    public required double Q { get; init; }

    /// <summary>The Path it registered by, as Route values (RFC 3327 §5.3).</summary>
    public required IReadOnlyList<string> Path { get; init; }

    /// <summary>The flow it registered on.</summary>
    public required SipFlow Flow { get; init; }

    /// <summary>The side of the core it registered at.</summary>
    public required CoreSide Side { get; init; }

    /// <summary>True when a registration of that contact is one of this binding.</summary>
    public bool Is(FlowName? outbound, SipUri uri) => Outbound == outbound && (outbound is not null || Uri.Equals(uri));
}

/// <summary>One flow of one instance of a user agent (RFC 5626 §6).</summary>
internal readonly record struct FlowName(string Instance, int RegId);
