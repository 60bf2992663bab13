using System.IO.Pipelines;
using SipPush.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Msrp.Sending;

/// <summary>Two endpoints, a link in memory, and whatever may happen to messages both ways.</summary>
public sealed class SimulationTests
{
    private const string Other = "msrp://bob.example.com:8888/b1;tcp";

    [Test, Description("MSRP-16 MSRP-37")]
    public async Task Every_message_is_whole_or_accounted_for([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        var clock = new ManualTimeProvider();
        await using var alice = MsrpEndpoint.Start(new MsrpEndpointOptions { TimeProvider = clock, Identifiers = new CountingMsrpIdentifiers() });
        await using var bob = MsrpEndpoint.Start(new MsrpEndpointOptions { TimeProvider = clock, Identifiers = new CountingMsrpIdentifiers() });
        var (there, back) = (new Pipe(), new Pipe());
        var served = Task.WhenAll(alice.ServeAsync(new Side(back.Reader, there.Writer)), bob.ServeAsync(new Side(there.Reader, back.Writer)));
        var first = alice.CreateSession(MsrpWire.PathOf(MsrpWire.Alice), Options(random));
        var second = bob.CreateSession(MsrpWire.PathOf(Other), Options(random));

        // Both are told that the other end connects, and one of them is bound by hand: both have the connection already.
        var started = first.StartAsync(new MsrpRemote { Path = MsrpWire.PathOf(Other), Role = MsrpRole.Passive }).AsTask();
        var otherStarted = second.StartAsync(new MsrpRemote { Path = MsrpWire.PathOf(MsrpWire.Alice), Role = MsrpRole.Passive }).AsTask();
        await there.Writer.WriteAsync(MsrpWirePeer.Octets($"""
            MSRP bind1 SEND
            To-Path: {Other}
            From-Path: {MsrpWire.Alice}
            Message-ID: bind
            Failure-Report: no
            -------bind1$
            """));
        await otherStarted.WaitAsync(MsrpWire.Patience);
        var seeds = Enumerable.Range(0, 40).Select(_ => random.Next()).ToArray();
        var received = new[] { ReceiveAllAsync(first, seed), ReceiveAllAsync(second, seed + 1) };
        var sending = seeds.Select((own, index) => SendAsync(index % 2 == 0 ? first : second, $"message{index}", new Random(own))).ToArray();
        await started.WaitAsync(MsrpWire.Patience);

        var results = await Task.WhenAll(sending).WaitAsync(MsrpWire.Patience);
        await first.CloseAsync();
        await second.CloseAsync();
        await served.WaitAsync(MsrpWire.Patience);

        var whole = (await Task.WhenAll(received).WaitAsync(MsrpWire.Patience)).SelectMany(all => all).ToDictionary();
        foreach (var (id, length, outcome) in results)
        {
            if (outcome is nameof(MsrpSendOutcome.Acknowledged) or nameof(MsrpSendOutcome.Reported) or nameof(MsrpSendOutcome.Sent))
            {
                Assert.That(whole.TryGetValue(id, out var body), $"{id} {outcome}");
                Assert.That(body, Is.EqualTo(Body.Text(length)), id);
            }
            else
            {
                Assert.That(outcome, Is.EqualTo("cancelled").Or.EqualTo("failed").Or.EqualTo("Refused 413"), id);
            }
        }

        Assert.That(results.Count(result => result.Outcome is "cancelled" or "failed"), Is.LessThan(results.Length));
        Assert.That(alice.Counts, Is.EqualTo(default(MsrpEndpointCounts)));
        Assert.That(bob.Counts, Is.EqualTo(default(MsrpEndpointCounts)));
        Assert.That(clock.ActiveTimers, Is.Zero);
    }

    private static MsrpSessionOptions Options(Random random) => new()
    {
        ChunkSize = random.Next(1, 20_000),
        Window = random.Next(2, 100_000),
        Pipelining = random.Next(4) > 0,
    };

    private static async Task<(string Id, int Length, string Outcome)> SendAsync(MsrpSession session, string id, Random random)
    {
        await Task.Yield();
        var length = random.Next(3) == 0 ? random.Next(0, 10) : random.Next(0, 50_000);
        var body = Body.Octets(length);
        var message = random.Next(5) switch
        {
            0 => OutgoingMsrpMessage.FromMemory("text/plain", body),
            1 => OutgoingMsrpMessage.FromStream("text/plain", new MemoryStream(body)),
            2 => OutgoingMsrpMessage.FromStream("text/plain", new MemoryStream(body), length),
            3 => OutgoingMsrpMessage.FromPipe("text/plain", PipeReader.Create(new MemoryStream(body), new StreamPipeReaderOptions(bufferSize: random.Next(16, 5000)))),
            _ => OutgoingMsrpMessage.FromStream("text/plain", new MemoryStream(body), length + (random.Next(4) == 0 ? 1 : 0)),
        };
        using var stop = new CancellationTokenSource();
        var cancels = random.Next(4) == 0;
        var sending = session.SendAsync(message with { MessageId = id, SuccessReport = random.Next(2) == 0 }, stop.Token).AsTask();
        try
        {
            if (cancels)
            {
                for (var turns = random.Next(200); turns > 0; turns--)
                {
                    await Task.Yield();
                }

                await stop.CancelAsync();
            }

            var result = await sending;
            return (id, length, result.Outcome == MsrpSendOutcome.Refused ? $"Refused {result.StatusCode}" : $"{result.Outcome}");
        }
        catch (OperationCanceledException)
        {
            return (id, length, "cancelled");
        }
        catch (EndOfStreamException)
        {
            return (id, length, "failed");
        }
    }

    private static async Task<Dictionary<string, string>> ReceiveAllAsync(MsrpSession session, int seed)
    {
        var random = new Random(seed);
        var whole = new Dictionary<string, string>();
        await foreach (var message in session.ReceiveAllAsync())
        {
            if (random.Next(8) == 0)
            {
                message.Refuse();
            }

            try
            {
                whole[message.MessageId] = await MsrpWire.ReadAsync(message);
                await message.Completion;
            }
            catch (MsrpException)
            {
                whole.Remove(message.MessageId);
            }
        }

        return whole;
    }

    private sealed record Side(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
