using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Sip;
using SipPush.Sip.Location;

namespace SipPush.Tests.Interop;

/// <summary>A DNS server on the loopback: NSD with the one zone that the test wrote.</summary>
internal sealed class NsdServer : IAsyncDisposable
{
    public const string Zone = "sip.example";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly PeerProcess _process;
    private readonly RunDirectory _directory;

    private NsdServer(RunDirectory directory, PeerProcess process, IPEndPoint address)
    {
        _directory = directory;
        _process = process;
        Address = address;
    }

    /// <summary>Where it answers, by UDP and TCP.</summary>
    public IPEndPoint Address { get; }

    /// <summary>Starts one and waits until it answers for its zone. SOA (30 s for what does not exist) and NS are added to the records.</summary>
    public static async Task<NsdServer> StartAsync(params IEnumerable<string> records)
    {
        var program = Peer.Require("nsd");
        var directory = new RunDirectory();
        PeerProcess? process = null;
        try
        {
            var address = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
            await File.WriteAllTextAsync(directory.File("zone"), string.Join('\n', ["$TTL 60", "@ SOA ns admin 1 3600 600 86400 30", "@ NS ns", "ns A 127.0.0.1", .. records, ""]));
            await File.WriteAllTextAsync(directory.File("nsd.conf"), Configuration(directory.Path, address));
            process = PeerProcess.Start(program, directory.Path, "-d", "-c", directory.File("nsd.conf"));
            var server = new NsdServer(directory, process, address);

            if (!await Poll.UntilAsync(server.AnswersAsync, StartLimit) || process.HasExited)
            {
                throw new InvalidOperationException($"NSD did not start:\n{process.Output}");
            }

            return server;
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

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _directory.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        if (_process.HasExited)
        {
            return true;
        }

        await using var resolver = new DnsResolver(
            new DnsOptions { Servers = [Address], Timeout = TimeSpan.FromMilliseconds(500), Attempts = 1 }, TimeProvider.System, SipIdentifiers.Random, NullLogger.Instance);
        Assert.That(DnsName.TryParse(Encoding.ASCII.GetBytes($"ns.{Zone}"), out var name));
        return (await resolver.QueryAsync(name, DnsRecordType.A, CancellationToken.None)).Outcome == DnsOutcome.Found;
    }

    // It runs as whoever runs the tests, and writes nowhere but into its directory.
    private static string Configuration(string directory, IPEndPoint address) => string.Create(CultureInfo.InvariantCulture, $"""
        server:
          ip-address: {address.Address}@{address.Port}
          server-count: 1
          username: ""
          chroot: ""
          zonesdir: "{directory}"
          database: ""
          pidfile: "{directory}/nsd.pid"
          xfrdfile: "{directory}/xfrd.state"
          xfrdir: "{directory}"
          zonelistfile: "{directory}/zone.list"
          minimal-responses: yes
          ipv4-edns-size: 1232
        remote-control:
          control-enable: no
        zone:
          name: "{Zone}"
          zonefile: "zone"

        """);
}
