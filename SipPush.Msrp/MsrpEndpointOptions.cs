using System.IO.Pipelines;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SipPush.Msrp;

/// <summary>How an endpoint is set up.</summary>
public sealed record MsrpEndpointOptions
{
    /// <summary>Where to listen for <c>msrp</c>, TCP; null for an endpoint that only connects. Port 0 takes a free one.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>Where to listen for <c>msrps</c>, TLS; null by default. Takes <see cref="Tls"/> with a certificate.</summary>
    public IPEndPoint? ListenSecure { get; init; }

    /// <summary>The host that the URIs of this end name, where the address listened at is not the one that others reach; null by default: that address.</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>The port that the URIs of this end name, where it is another than the one listened on: a port forwarded by NAT, or that of a listener of the application's, which hands its connections
    /// to <see cref="MsrpEndpoint.ServeAsync(IDuplexPipe)"/>. Null by default: the port listened on, or 9 where there is none.</summary>
    public int? AdvertisedPort { get; init; }

    /// <summary>Certificates and trust; null by default, and then nothing listens on TLS, and what is connected to is judged by the roots of the system.</summary>
    public MsrpTlsOptions? Tls { get; init; }

    /// <summary>What peers may cost.</summary>
    public MsrpLimits Limits { get; init; } = new();

    /// <summary>What connections may cost.</summary>
    public MsrpTransportLimits TransportLimits { get; init; } = new();

    /// <summary>How long <see cref="MsrpSession.StartAsync"/> may take; 30 s by default.</summary>
    public TimeSpan BindTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether a session uses a connection that is open to the same host, port and scheme already (RFC 4975 §5.4); not by default: with a connection of its own no session waits for
    /// the reader of another. Fingerprints have to be met by the shared connection, too.</summary>
    public bool ReuseConnections { get; init; }

    /// <summary>The addresses of a host name, in the order in which to try them; null by default: the system is asked.</summary>
    public Func<string, CancellationToken, ValueTask<IReadOnlyList<IPAddress>>>? Resolve { get; init; }

    /// <summary>Makes the connection to where an <c>msrp</c> URI says, in place of a socket: in memory, or over a channel of the application's. The endpoint owns the pipe. An <see cref="IOException"/> says
    /// that the far end can't be reached. What is <c>msrps</c> goes over sockets all the same. Null by default.</summary>
    public Func<MsrpUri, CancellationToken, ValueTask<IDuplexPipe>>? Connect { get; init; }

    /// <summary>Where ids come from.</summary>
    public MsrpIdentifiers Identifiers { get; init; } = MsrpIdentifiers.Random;

    /// <summary>The clock.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Sees what goes over the wire; null for nobody.</summary>
    public MsrpTap? Tap { get; init; }

    /// <summary>Where to log, under the category <see cref="Diagnostics.MsrpTelemetry.Category"/>; nowhere by default.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}
