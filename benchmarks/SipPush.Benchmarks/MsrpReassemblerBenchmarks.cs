using System.Buffers;
using BenchmarkDotNet.Attributes;
using SipPush.Msrp;
using SipPush.Msrp.Chunking;

namespace SipPush.Benchmarks;

/// <summary>A message of 16 MiB put in order, beside a copy of its octets to the same writer.</summary>
[MemoryDiagnoser]
public class MsrpReassemblerBenchmarks
{
    private const int Length = 16 * 1024 * 1024;
    private const int Window = 8;

    private static readonly ReassemblyLimits Limits = new(Length, 1024 * 1024, 64);

    private readonly Discarded _output = new();
    private readonly byte[] _message = new byte[Length];
    private int[] _shuffled = [];
    private EndLineGuard _guard;

    [Params(2048, 65_536)]
    public int ChunkLength { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(4975);
        random.NextBytes(_message);
        _shuffled = [.. Enumerable.Range(0, Length / ChunkLength)];

        // Relays reorder within the window of what is on its way, not over the whole message.
        for (var i = 0; i < _shuffled.Length; i += Window)
        {
            random.Shuffle(_shuffled.AsSpan(i, Window));
        }
    }

    [Benchmark(Baseline = true)]
    public void Copy()
    {
        for (var i = 0; i < _shuffled.Length; i++)
        {
            _output.Write(Chunk(i));
        }
    }

    [Benchmark]
    public bool InOrder()
    {
        using var reassembler = new Reassembler(Limits);

        for (var i = 0; i < _shuffled.Length; i++)
        {
            Take(reassembler, i);
        }
        return reassembler.IsComplete;
    }

    [Benchmark]
    public bool Shuffled()
    {
        using var reassembler = new Reassembler(Limits);

        foreach (var i in _shuffled)
        {
            Take(reassembler, i);
        }
        return reassembler.IsComplete;
    }

    [Benchmark]
    public bool ShuffledToRandomAccess()
    {
        var map = new ChunkMap(Limits);

        foreach (var i in _shuffled)
        {
            map.BeginChunk((long)i * ChunkLength);
            map.Append(ChunkLength, out _, out _);
            map.EndChunk(FlagOf(i));
        }
        return map.IsComplete;
    }

    [Benchmark]
    public int EndLineGuard()
    {
        var conflicts = 0;
        _guard.Reset("d93kswow9a8b7c6d"u8);

        for (var i = 0; i < _shuffled.Length; i++)
        {
            conflicts += _guard.IndexOfConflict(Chunk(i)) < ChunkLength ? 1 : 0;
        }
        return conflicts;
    }

    private void Take(Reassembler reassembler, int i)
    {
        reassembler.BeginChunk((long)i * ChunkLength);
        reassembler.Append(Chunk(i), _output);
        reassembler.EndChunk(FlagOf(i), _output);
    }

    private ReadOnlySpan<byte> Chunk(int i) => _message.AsSpan(i * ChunkLength, ChunkLength);

    private ContinuationFlag FlagOf(int i) => i == _shuffled.Length - 1 ? ContinuationFlag.Complete : ContinuationFlag.More;

    private sealed class Discarded : IBufferWriter<byte>
    {
        private readonly byte[] _buffer = new byte[65_536];

        public void Advance(int count)
        {
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _buffer;

        public Span<byte> GetSpan(int sizeHint = 0) => _buffer;
    }
}
