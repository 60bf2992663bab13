using System.Net;
using System.Text.Json;
using SipPush.Msrp;

namespace SipPush.Benchmarks.Load;

/// <summary>Many sessions that do nothing, each on a connection of its own, and what they cost the listener.</summary>
internal static class LoadMsrpIdle
{
    private const int AtOnce = 64;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>Prints the growth of the process from before the first session (number 0, which has the code compiled) to when all are bound and nothing happens any more.</summary>
    public static async Task ListenAsync(IPEndPoint listen, int sessions, CancellationToken stop)
    {
        var endpoint = LoadMsrpEnds.Listen(listen, root: null, sessions + 1);
        await using var ended = endpoint.ConfigureAwait(false);
        await Bind(endpoint, listen, 0, stop).ConfigureAwait(false);
        var (residentBefore, heapBefore) = Measure();

        await Task.WhenAll(Enumerable.Range(1, sessions).Select(number => Bind(endpoint, listen, number, stop))).ConfigureAwait(false);
        await Task.Delay(Settling, TimeProvider.System, stop).ConfigureAwait(false);
        var resident = Environment.WorkingSet;
        var (collected, heap) = Measure();
        var counts = endpoint.Counts;

        Console.Out.WriteLine(JsonSerializer.Serialize(new
        {
            sessions = counts.Sessions - 1,
            connections = counts.Connections - 1,
            idleMegabytes = Math.Round(residentBefore / 1e6, 1),
            grownMegabytes = Math.Round((resident - residentBefore) / 1e6, 1),
            grownMegabytesCollected = Math.Round((collected - residentBefore) / 1e6, 1),
            heapBytesPerSession = Math.Round((double)(heap - heapBefore) / sessions),
        }));
    }

    /// <summary>Connects them, and waits until the listener has gone.</summary>
    public static async Task ConnectAsync(IPEndPoint target, int sessions, CancellationToken stop)
    {
        var endpoint = LoadMsrpEnds.Connect(root: null);
        await using var ended = endpoint.ConfigureAwait(false);
        var first = await Open(endpoint, target, 0, stop).ConfigureAwait(false);
        await Parallel.ForEachAsync(
            Enumerable.Range(1, sessions), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop },
            async (number, token) => await Open(endpoint, target, number, token).ConfigureAwait(false)).ConfigureAwait(false);
        await first.Completion.WaitAsync(stop).ConfigureAwait(false);
    }

    private static Task Bind(MsrpEndpoint endpoint, IPEndPoint listen, int number, CancellationToken stop) =>
        endpoint.CreateSession(LoadMsrpEnds.PathOfListener(listen, secure: false, number))
            .StartAsync(new MsrpRemote { Path = LoadMsrpEnds.PathOfConnector(secure: false, number), Role = MsrpRole.Passive }, stop).AsTask();

    private static async Task<MsrpSession> Open(MsrpEndpoint endpoint, IPEndPoint target, int number, CancellationToken stop)
    {
        var session = endpoint.CreateSession(LoadMsrpEnds.PathOfConnector(secure: false, number));
        await session.StartAsync(new MsrpRemote { Path = LoadMsrpEnds.PathOfListener(target, secure: false, number), Role = MsrpRole.Active }, stop).ConfigureAwait(false);
        return session;
    }

    private static (long Resident, long Heap) Measure()
    {
        var heap = GC.GetTotalMemory(forceFullCollection: true);
        return (Environment.WorkingSet, heap);
    }
}
