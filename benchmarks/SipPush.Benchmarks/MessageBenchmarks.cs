using System.Buffers;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Benchmarks;

/// <summary>What a message costs between the socket and the transaction, each way, on the messages of a push; beside it what no code can do without.</summary>
[MemoryDiagnoser]
[CategoriesColumn]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
public class MessageBenchmarks : IDisposable
{
    private readonly SipLimits _limits = new();
    private readonly MessageIndex _index = new();
    private readonly ArrayBufferWriter<byte> _writer = new(4096);
    private readonly byte[] _message = Read("message.sip");
    private readonly byte[] _invite = Read("invite.sip");
    private readonly byte[] _ok = Read("ok200.sip");

    private SipRequest _request = null!;
    private SipRequestBuilder _requestBuilder = null!;
    private SipResponseBuilder _responseBuilder = null!;
    private byte[] _response = [];

    [GlobalSetup]
    public void Setup()
    {
        _request = SipRequest.Parse(_message);
        _requestBuilder = new SipRequestBuilder(_request.Method, _request.RequestUri!) { Body = _request.Body };
        foreach (var header in _request.Headers)
        {
            if (header.Name.ToString() != "Content-Length")
            {
                _requestBuilder.Add(header.Name.ToString(), header.Value);
            }
        }

        _responseBuilder = new SipResponseBuilder(_request, 200, "456248");
        _response = _responseBuilder.Build().Octets.ToArray();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _requestBuilder.Dispose();
        _responseBuilder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true), BenchmarkCategory("Index")]
    public int CutIntoLines()
    {
        ReadOnlySpan<byte> rest = _message;
        var lines = 0;
        for (int end; (end = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..])
        {
            lines++;
        }
        return lines;
    }

    [Benchmark, BenchmarkCategory("Index")]
    public SipParseError IndexMessage() => SipParser.Parse(_message, _limits, _index);

    [Benchmark, BenchmarkCategory("Index")]
    public SipParseError IndexInvite() => SipParser.Parse(_invite, _limits, _index);

    [Benchmark, BenchmarkCategory("Index")]
    public SipParseError Index200() => SipParser.Parse(_ok, _limits, _index);

    [Benchmark(Baseline = true), BenchmarkCategory("ReadAsServer")]
    public byte[] CopyOctets() => _message.AsSpan().ToArray();

    [Benchmark, BenchmarkCategory("ReadAsServer")]
    public long ReadAsServer()
    {
        SipParser.Parse(_message, _limits, _index);
        var request = SipRequest.Copy(_message, _index);
        var from = request.From;
        var to = request.To;

        return request.TopVia.Branch.Length
            + from.Address.Length + from.Tag.Length
            + to.Address.Length + to.Tag.Length
            + request.CallId.Length
            + request.CSeq.Number
            + request.ContentType.Subtype.Length
            + request.Body.Length;
    }

    [Benchmark(Baseline = true), BenchmarkCategory("Write")]
    public int CopyRequest()
    {
        _writer.ResetWrittenCount();
        _writer.Write(_message);
        return _writer.WrittenCount;
    }

    [Benchmark, BenchmarkCategory("Write")]
    public int WriteMessage()
    {
        _writer.ResetWrittenCount();
        _requestBuilder.WriteTo(_writer);
        return _writer.WrittenCount;
    }

    [Benchmark(Baseline = true), BenchmarkCategory("Write200")]
    public int CopyResponse()
    {
        _writer.ResetWrittenCount();
        _writer.Write(_response);
        return _writer.WrittenCount;
    }

    [Benchmark, BenchmarkCategory("Write200")]
    public int Write200()
    {
        _writer.ResetWrittenCount();
        _responseBuilder.WriteTo(_writer);
        return _writer.WrittenCount;
    }

    /// <summary>The same with the builder made for it, as each request has it.</summary>
    [Benchmark, BenchmarkCategory("Write200")]
    public int Answer200()
    {
        _writer.ResetWrittenCount();
        using var builder = new SipResponseBuilder(_request, 200, "456248");
        builder.WriteTo(_writer);
        return _writer.WrittenCount;
    }

    private static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Data", name));
}
