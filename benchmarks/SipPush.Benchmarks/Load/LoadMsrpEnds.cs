using System.Globalization;
using System.Net;
using SipPush.Msrp;

namespace SipPush.Benchmarks.Load;

/// <summary>Two processes that run MSRP without a session description: both know the paths of both ends.</summary>
internal static class LoadMsrpEnds
{
    /// <summary>What is sent before anything is measured.</summary>
    public const string WarmUp = "application/x-warm-up";

    public const string Measured = "application/octet-stream";

    public static MsrpPath PathOfListener(IPEndPoint listener, bool secure, int number = 0) =>
        new(new MsrpUri(secure, listener.Address.ToString(), listener.Port, string.Create(CultureInfo.InvariantCulture, $"listener{number}")));

    /// <summary>One that only connects has no port of its own to name.</summary>
    public static MsrpPath PathOfConnector(bool secure, int number = 0) =>
        new(new MsrpUri(secure, "localhost", 9, string.Create(CultureInfo.InvariantCulture, $"connector{number}")));

    public static MsrpEndpoint Listen(IPEndPoint listen, FileInfo? root, int sessions = 1) => MsrpEndpoint.Start(new MsrpEndpointOptions
    {
        Listen = root is null ? listen : null,
        ListenSecure = root is null ? null : listen,
        Tls = root is null ? null : new MsrpTlsOptions { Certificate = LoadCertificates.Create(listen.Address, root) },
        TransportLimits = new MsrpTransportLimits { Connections = sessions + 100, ConnectionsPerAddress = sessions + 100 },
        BindTimeout = TimeSpan.FromHours(1),
    });

    public static MsrpEndpoint Connect(FileInfo? root) => MsrpEndpoint.Start(new MsrpEndpointOptions
    {
        Tls = root is null ? null : new MsrpTlsOptions { TrustedRoots = LoadCertificates.Read(root) },
    });
}
