using System.IO.Pipelines;
using BenchmarkDotNet.Attributes;
using SipPush.Msrp;

namespace SipPush.Benchmarks;

/// <summary>A message of 16 MiB received by an endpoint without a network, from the first octet of its stream to the last of its body; beside it the same octets through a bare pipe.</summary>
[MemoryDiagnoser]
public class MsrpEndpointBenchmarks
{
    private const int Length = 16 * 1024 * 1024;
    private const int Piece = 64 * 1024;

    private static readonly MsrpPath Receiver = new(MsrpUri.Parse("msrp://userpc.domain.com:8888/9di4eae923wzd;tcp"));
    private static readonly MsrpPath Sender = new(MsrpUri.Parse("msrp://psa.domain.com:7654/a3cd20b8ae7f;tcp"));

    private byte[] _stream = [];

    [Params(2048, 65_536)]
    public int Chunk { get; set; }

    [GlobalSetup]
    public void Setup() => _stream = MsrpStreams.Create(Length, Chunk, falseEndLines: false);

    [Benchmark(Baseline = true)]
    public async Task<long> BarePipe()
    {
        var pipe = CreatePipe();
        var writing = WriteAsync(pipe.Writer);
        var octets = await ReadAsync(pipe.Reader).ConfigureAwait(false);
        await writing.ConfigureAwait(false);
        return octets;
    }

    [Benchmark]
    public async Task<long> Endpoint()
    {
        var toEndpoint = CreatePipe();
        var fromEndpoint = CreatePipe();
        var endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions());
        await using var ended = endpoint.ConfigureAwait(false);
        var session = endpoint.CreateSession(Receiver);
        var bound = session.StartAsync(new MsrpRemote { Path = Sender, Role = MsrpRole.Passive });
        var serving = endpoint.ServeAsync(new Link(toEndpoint.Reader, fromEndpoint.Writer));
        var answers = ReadAsync(fromEndpoint.Reader);
        var writing = WriteAsync(toEndpoint.Writer);

        var octets = 0L;
        await foreach (var message in session.ReceiveAllAsync().ConfigureAwait(false))
        {
            octets += await ReadAsync(message.Body).ConfigureAwait(false);
        }

        await bound.ConfigureAwait(false);
        await writing.ConfigureAwait(false);
        await serving.ConfigureAwait(false);
        await answers.ConfigureAwait(false);
        return octets;
    }

    private static Pipe CreatePipe() => new(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19, minimumSegmentSize: Piece, useSynchronizationContext: false));

    private async Task WriteAsync(PipeWriter output)
    {
        for (var at = 0; at < _stream.Length; at += Piece)
        {
            await output.WriteAsync(_stream.AsMemory(at, Math.Min(Piece, _stream.Length - at))).ConfigureAwait(false);
        }

        await output.CompleteAsync().ConfigureAwait(false);
    }

    private static async Task<long> ReadAsync(PipeReader input)
    {
        var octets = 0L;
        while (true)
        {
            var result = await input.ReadAsync().ConfigureAwait(false);
            octets += result.Buffer.Length;
            input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                await input.CompleteAsync().ConfigureAwait(false);
                return octets;
            }
        }
    }

    private sealed record Link(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
