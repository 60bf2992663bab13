using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>Answers a request that no user agent of the stack takes. It must answer before its task ends; otherwise the stack answers 500.</summary>
/// <param name="transaction">The request and the means to answer it.</param>
/// <param name="cancellationToken">Cancelled when the stack stops.</param>
public delegate ValueTask SipRequestHandler(SipServerTransaction transaction, CancellationToken cancellationToken);

/// <summary>Takes the ACK of a 2xx that none of the stack's own sessions has sent: a proxy passes it on. There is no answer to it.</summary>
/// <param name="ack">The ACK, with <c>received</c> and <c>rport</c> filled into its top Via.</param>
/// <param name="flow">Where it came from.</param>
/// <param name="cancellationToken">Cancelled when the stack stops.</param>
public delegate ValueTask SipAckHandler(SipRequest ack, SipFlow flow, CancellationToken cancellationToken);

/// <summary>What a <see cref="SipStack"/> is made of.</summary>
public sealed record SipStackOptions
{
    /// <summary>Where to listen: UDP, TCP and TLS, IPv4 and IPv6, any number of each. Requests go out from the first that fits.</summary>
    public IReadOnlyList<SipEndPoint> Listen { get; init; } = [];

    /// <summary>Transports made by the application, such as a <c>MemoryTransport</c> or an adapter to a channel of another stack. The stack disposes them.</summary>
    public IReadOnlyList<SipTransport> Transports { get; init; } = [];

    /// <summary>What Via and Contact say instead of the addresses listened on; null to say those.</summary>
    public SipAdvertisedAddress? Advertise { get; init; }

    /// <summary>The peers whose identities and third-party registrations count; default nobody.</summary>
    public TrustDomain TrustDomain { get; init; } = TrustDomain.Nobody;

    /// <summary>A handler for the requests, of any method, that no user agent of the stack takes; null answers 404 or 405.</summary>
    public SipRequestHandler? OnRequest { get; init; }

    /// <summary>A handler for the ACKs that belong to no session and no refusal of the stack's own; null drops them.</summary>
    public SipAckHandler? OnAck { get; init; }

    /// <summary>What a received message may cost.</summary>
    public SipLimits Limits { get; init; } = new();

    /// <summary>How strictly what is received is read; default strict.</summary>
    public SipProfile Profile { get; init; }

    /// <summary>Limits, time-outs and threads of the transports that <see cref="Listen"/> makes.</summary>
    public SipTransportOptions Transport { get; init; } = new();

    /// <summary>How the servers of a domain are found in the DNS.</summary>
    public DnsOptions Dns { get; init; } = new();

    /// <summary>
    /// Asked in place of the DNS for the targets of a URI whose host is a name, such as by a gateway that has a directory of its own; null asks
    /// the DNS. The targets are tried in the order given, at most 16 of them, for a sips URI only those over TLS. An
    /// <see cref="IOException"/> says that there is none.
    /// </summary>
    public Func<SipUri, CancellationToken, ValueTask<IReadOnlyList<SipTarget>>>? LocateAsync { get; init; }

    /// <summary>Certificates and trust for TLS; listening on it takes at least <see cref="SipTlsOptions.ServerCertificate"/>.</summary>
    public SipTlsOptions Tls { get; init; } = new();

    /// <summary>The base values of the transaction timers.</summary>
    public SipTimers Timers { get; init; } = SipTimers.Rfc3261;

    /// <summary>Server transactions under way at once, INVITEs that were accepted not counted; default 100,000. Over it a request is answered 503 with Retry-After.</summary>
    public int MaximumServerTransactions { get; init; } = 100_000;

    /// <summary>Octets kept of completed server transactions, to answer retransmissions for 64*T1; default 1 GiB. Over it the oldest go first.</summary>
    public long CompletedTransactionBytes { get; init; } = 1L << 30;

    /// <summary>The size from which a request leaves UDP for TCP (RFC 3261 §18.1.1); default 1,300 octets.</summary>
    public int CongestionSafeSize { get; init; } = 1_300;

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>The source of tags, branches and Call-IDs.</summary>
    public SipIdentifiers Identifiers { get; init; } = SipIdentifiers.Random;

    /// <summary>Where logs go; default nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Sees every message on the wire; null for none.</summary>
    public SipTap? Tap { get; init; }
}
