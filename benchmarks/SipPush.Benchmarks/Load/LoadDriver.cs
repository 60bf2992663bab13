using System.Text.Json;
using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>What the server side of the stack does without a network: how it uses the cores, and what it keeps.</summary>
internal static class LoadDriver
{
    private const long CompletedBytes = 128 << 20;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    /// <summary>Prints transactions a second with each number of threads, and the ratio of the last to the first; beside them the CPU time of
    /// one, which other work on the machine disturbs less.</summary>
    public static async Task RunAsync(int[] threadCounts, TimeSpan length)
    {
        var figures = new List<(double Rate, double CpuMicros)>();
        foreach (var threads in threadCounts)
        {
            figures.Add(await MeasureAsync(threads, length).ConfigureAwait(false));
        }

        Console.Out.WriteLine(JsonSerializer.Serialize(new
        {
            threads = threadCounts,
            transactionsPerSecond = figures.Select(figure => Math.Round(figure.Rate)),
            cpuMicrosPerTransaction = figures.Select(figure => Math.Round(figure.CpuMicros, 3)),
            ratio = Math.Round(figures[^1].Rate / figures[0].Rate, 3),
        }));
    }

    /// <summary>Prints by how many octets the heap has grown with each completed transaction that is kept for its repetitions.</summary>
    public static async Task RetainAsync(int count)
    {
        var transport = new LoadTransport();
        var stack = await StartAsync(transport, long.MaxValue).ConfigureAwait(false);
        await using var _ = stack.ConfigureAwait(false);
        var peer = transport.Peer(5080);

        Feed(1000);
        var kept = stack.Layer.Count().Completed;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        Feed(count);
        var after = GC.GetTotalMemory(forceFullCollection: true);
        kept = stack.Layer.Count().Completed - kept;

        Console.Out.WriteLine(JsonSerializer.Serialize(new
        {
            completed = kept,
            bytesPerCompleted = Math.Round((double)(after - before) / kept, 1),
            failed = count - kept,
        }));

        void Feed(int transactions)
        {
            for (var i = 0; i < transactions; i++)
            {
                peer.SendRequest();
            }
        }
    }

    /// <summary>Answers 200.</summary>
    public static ValueTask AnswerAsync(SipServerTransaction transaction, CancellationToken stopping)
    {
        var answer = transaction.RespondAsync(200, cancellationToken: stopping);
        return answer.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(answer.AsTask());
    }

    private static async Task<(double Rate, double CpuMicros)> MeasureAsync(int threads, TimeSpan length)
    {
        var transport = new LoadTransport();
        var stack = await StartAsync(transport, CompletedBytes).ConfigureAwait(false);
        await using var _ = stack.ConfigureAwait(false);
        var peers = Enumerable.Range(5080, threads).Select(transport.Peer).ToArray();

        Feed(peers, WarmUp);
        var before = peers.Sum(peer => peer.Answers);
        var cpu = Environment.CpuUsage.TotalTime;
        var start = LoadMeter.Now;
        Feed(peers, length);
        var count = peers.Sum(peer => peer.Answers) - before;
        return (count / TimeProvider.System.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / count);
    }

    private static ValueTask<SipStack> StartAsync(SipTransport transport, long completedBytes) => SipStack.StartAsync(new SipStackOptions
    {
        Transports = [transport],
        CompletedTransactionBytes = completedBytes,
        OnRequest = AnswerAsync,
    });

    private static void Feed(LoadFlow[] peers, TimeSpan length)
    {
        var threads = Array.ConvertAll(peers, peer => new Thread(() =>
        {
            var start = LoadMeter.Now;
            while (TimeProvider.System.GetElapsedTime(start) < length)
            {
                peer.SendRequest();
            }
        }));
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
    }
}
