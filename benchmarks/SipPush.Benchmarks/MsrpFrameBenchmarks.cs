using System.Buffers;
using BenchmarkDotNet.Attributes;
using SipPush.Msrp;
using SipPush.Msrp.Framing;

namespace SipPush.Benchmarks;

/// <summary>What it costs to cut a stream into frames, by the size of the chunks, of the reads, and by what the bodies hold.
/// Each operation reads 8 MiB and more of stream; beside it one plain search over the same octets.</summary>
[MemoryDiagnoser]
public class MsrpFrameBenchmarks : IDisposable
{
    private const int StreamLength = 8 * 1024 * 1024;

    private readonly MsrpFrameState _state = new(MsrpFrameLimits.Default);
    private byte[] _stream = [];

    /// <summary>Octets of body a chunk; the longest is one chunk for the whole stream.</summary>
    [Params(2048, 65_536, StreamLength)]
    public int Chunk { get; set; }

    /// <summary>Octets that come with one read.</summary>
    [Params(1460, 16_384, 65_536)]
    public int Read { get; set; }

    [Params("random", "false end-lines")]
    public string Body { get; set; } = "";

    [GlobalSetup]
    public void Setup() => _stream = MsrpStreams.Create(StreamLength, Chunk, falseEndLines: Body != "random");

    [GlobalCleanup]
    public void Dispose()
    {
        _state.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true)]
    public int IndexOf()
    {
        var found = 0;
        ReadOnlySpan<byte> rest = _stream;
        for (int at; (at = rest.IndexOf(MsrpStreams.Needle)) >= 0; rest = rest[(at + 1)..])
        {
            found++;
        }

        return found;
    }

    [Benchmark]
    public long Frames()
    {
        var octets = 0L;
        var consumed = 0;
        for (var received = 0; received < _stream.Length;)
        {
            received = Math.Min(received + Read, _stream.Length);
            var buffer = new ReadOnlySequence<byte>(_stream, consumed, received - consumed);
            var reader = new MsrpFrameReader(buffer, _state);
            while (reader.Read())
            {
                if (reader.Token == MsrpFrameToken.Body)
                {
                    octets += reader.Body.Length;
                }
            }

            consumed += (int)buffer.Slice(0, reader.Consumed).Length;
        }

        return octets;
    }
}
