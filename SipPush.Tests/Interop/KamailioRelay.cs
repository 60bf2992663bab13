using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>An MSRP relay on the loopback: Kamailio with its msrp module, over TCP or over TLS. Every user has the password "secret".</summary>
internal sealed class KamailioRelay : IAsyncDisposable
{
    /// <summary>The name that its certificate is for, and by which it has to be looked up.</summary>
    public const string Name = "relay.example";

    /// <summary>Octets of a chunk that it takes: a body of more than 10 KiB is lost.</summary>
    public const int ChunkSize = 8192;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly PeerProcess _process;
    private readonly RunDirectory _directory;
    private bool _hasEnded;

    private KamailioRelay(RunDirectory directory, PeerProcess process, int port, bool isSecure)
    {
        _directory = directory;
        _process = process;
        Port = port;
        IsSecure = isSecure;
    }

    public int Port { get; }

    public bool IsSecure { get; }

    public IReadOnlyList<string> Log => _process.Lines;

    /// <summary>Starts one and waits until it accepts connections.</summary>
    /// <param name="certificate">What it shows on TLS; null for one on TCP.</param>
    /// <param name="expires">Seconds for which a path is valid.</param>
    public static async Task<KamailioRelay> StartAsync(X509Certificate2? certificate = null, int expires = 3600)
    {
        var program = Peer.Require("kamailio");
        var directory = new RunDirectory();
        PeerProcess? process = null;
        try
        {
            if (certificate is not null)
            {
                using var key = certificate.GetECDsaPrivateKey()!;
                File.WriteAllText(directory.File("relay.pem"), certificate.ExportCertificatePem());
                File.WriteAllText(directory.File("relay.key"), key.ExportPkcs8PrivateKeyPem());
            }

            var port = FreePort.Next();
            process = PeerProcess.Start(program, directory.Path, Arguments(directory, port, certificate is not null, expires));
            var relay = new KamailioRelay(directory, process, port, certificate is not null);
            if (!await Poll.UntilAsync(relay.AnswersAsync, StartLimit) || process.HasExited)
            {
                throw new InvalidOperationException($"Kamailio did not start:\n{process.Output}");
            }

            return relay;
        }
        catch
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }

            directory.Dispose();
            throw;
        }
    }

    /// <summary>How somebody asks it for a path.</summary>
    public MsrpRelayOptions OptionsFor(string user, string password = "secret") => new()
    {
        Relays = [IsSecure ? new MsrpUri(true, Name, null, null) : new MsrpUri(false, "127.0.0.1", Port, null)],
        Authenticate = _ => new MsrpDigestAuthentication([new SipCredential(user, password)]),
        AllowUnprotected = !IsSecure,
        Locate = (domain, _) => new(domain == Name ? [new DnsEndPoint("127.0.0.1", FreePort.Next()), new DnsEndPoint("127.0.0.1", Port)] : []),
    };

    /// <summary>Ends it, once: a test may do so in its middle.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_hasEnded)
        {
            return;
        }

        _hasEnded = true;
        await _process.DisposeAsync();
        _directory.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        if (_process.HasExited)
        {
            return true;
        }

        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static IEnumerable<string> Arguments(RunDirectory directory, int port, bool isSecure, int expires)
    {
        var configuration = Path.Combine(AppContext.BaseDirectory, "Interop", "Kamailio", "msrp.cfg");
        return
        [
            "-f", configuration, "-DD", "-E", "-m", "64", "-M", "8", "-w", directory.Path, "-Y", directory.Path,
            $"--substdef=!RELAY_PORT!{port.ToString(CultureInfo.InvariantCulture)}!g",
            $"--substdef=!RELAY_EXPIRES!{expires.ToString(CultureInfo.InvariantCulture)}!g",
            $"--substdef=!RELAY_RUN!{directory.Path}!g",
            .. isSecure ? ["-A", "WITH_TLS"] : Array.Empty<string>(),
        ];
    }
}
