using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace SipPush.Tests.Interop;

/// <summary>A SIP/IP core on the loopback: Kamailio as registrar and proxy of one home domain.</summary>
internal sealed class KamailioCore : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly PeerProcess _process;
    private readonly RunDirectory _directory;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(20) };

    private KamailioCore(KamailioOptions options, RunDirectory directory, PeerProcess process, int gm, int isc, int tls)
    {
        Options = options;
        _directory = directory;
        _process = process;
        Gm = new IPEndPoint(IPAddress.Loopback, gm);
        Isc = new IPEndPoint(IPAddress.Loopback, isc);
        Tls = new IPEndPoint(IPAddress.Loopback, tls);
    }

    public KamailioOptions Options { get; }

    /// <summary>The untrusted side, for user agents; UDP and TCP.</summary>
    public IPEndPoint Gm { get; }

    /// <summary>The trusted side, for application servers; UDP and TCP.</summary>
    public IPEndPoint Isc { get; }

    /// <summary>The untrusted side on TLS, which Record-Route calls <c>localhost</c>; there only with a certificate.</summary>
    public IPEndPoint Tls { get; }

    public IReadOnlyList<string> Log => _process.Lines;

    /// <summary>Starts one and waits until it accepts connections.</summary>
    public static async Task<KamailioCore> StartAsync(KamailioOptions options)
    {
        var program = Peer.Require("kamailio");
        var directory = new RunDirectory();
        PeerProcess? process = null;
        try
        {
            var gm = FreePort.Next();
            var isc = FreePort.Next();
            var tls = FreePort.Next();
            WriteCertificates(options, directory);
            process = PeerProcess.Start(program, directory.Path, Arguments(options, directory, gm, isc, tls));
            var core = new KamailioCore(options, directory, process, gm, isc, tls);

            if (!await Poll.UntilAsync(core.AnswersAsync, StartLimit) || process.HasExited)
            {
                throw new InvalidOperationException($"Kamailio did not start:\n{process.Output}");
            }
            return core;
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

    /// <summary>Calls an RPC such as <c>ul.dump</c>, <c>ul.lookup</c> or <c>tm.stats</c>; the JSON of the whole answer.</summary>
    public async Task<string> RpcAsync(string method, params object[] parameters)
    {
        var request = JsonSerializer.Serialize(new { jsonrpc = "2.0", method, @params = parameters, id = 1 });
        using var content = new StringContent(request, Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(new Uri($"http://{Gm}/RPC"), content);
        return await response.Content.ReadAsStringAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
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
            await ConnectAsync(Gm);
            if (Options.Certificate is not null)
            {
                await ConnectAsync(Tls);
            }
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task ConnectAsync(IPEndPoint listener)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener);
    }

    private static void WriteCertificates(KamailioOptions options, RunDirectory directory)
    {
        if (options.Certificate is { } certificate)
        {
            using var key = certificate.GetECDsaPrivateKey()!;
            File.WriteAllText(directory.File("core.pem"), certificate.ExportCertificatePem());
            File.WriteAllText(directory.File("core.key"), key.ExportPkcs8PrivateKeyPem());
        }

        if (options.ClientRoot is { } root)
        {
            File.WriteAllText(directory.File("clients.pem"), root.ExportCertificatePem());
        }
    }

    private static IEnumerable<string> Arguments(KamailioOptions options, RunDirectory directory, int gm, int isc, int tls)
    {
        (string Name, string Value)[] values =
        [
            ("RUN", directory.Path),
            ("DOMAIN", options.Domain),
            ("REALM", options.Domain),
            ("GM_PORT", gm.ToString(CultureInfo.InvariantCulture)),
            ("ISC_PORT", isc.ToString(CultureInfo.InvariantCulture)),
            ("TLS_PORT", tls.ToString(CultureInfo.InvariantCulture)),
            ("PSA_ADDR", options.PsaAddress ?? "127.0.0.1:9"),
            ("PSA_TRANSPORT", options.PsaTransport),
            ("PSA_HOST", $"psa.{options.Domain}"),
            ("PASSWORD", options.Password),
            ("ALGORITHM", options.Algorithm),
            ("MIN_EXPIRES", options.MinExpires.ToString(CultureInfo.InvariantCulture)),
            ("MAX_EXPIRES", options.MaxExpires.ToString(CultureInfo.InvariantCulture)),
            ("DEF_EXPIRES", Math.Clamp(3600, options.MinExpires, options.MaxExpires).ToString(CultureInfo.InvariantCulture)),
            ("UDP_MTU", options.UdpMtu.ToString(CultureInfo.InvariantCulture)),
        ];
        (string Name, bool On)[] switches =
        [
            ("AUTH", options.Authentication),
            ("AUTH_CALLS", options.CallAuthentication),
            ("TLS", options.Certificate is not null),
            ("TLS_CLIENTS", options.ClientRoot is not null),
            ("TPR_BODY", options.ThirdPartyRegisterBody),
            ("TPR_FILTER", options.ThirdPartyRegisterFilter),
            ("TCP_FLOW", options.TcpFlow),
            ("IMS_200", options.Ims200),
            ("OFFLINE_202", options.Offline202),
        ];
        var configuration = Path.Combine(AppContext.BaseDirectory, "Interop", "Kamailio", "kamailio.cfg");

        return
        [
            "-f", configuration, "-DD", "-E", "-m", "64", "-M", "8", "-w", directory.Path, "-Y", directory.Path,
            .. values.Select(value => $"--substdef=!CORE_{value.Name}!{value.Value}!g"),
            .. switches.Where(item => item.On).SelectMany(item => new[] { "-A", $"WITH_{item.Name}" }),
        ];
    }
}
