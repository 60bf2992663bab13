using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using SipPush.Sdp;

namespace SipPush.Benchmarks;

/// <summary>What the offer of a push costs its receiver: read it, make the answer, write that; beside it what no code can do without.</summary>
[MemoryDiagnoser]
public class SdpBenchmarks
{
    private static readonly byte[] Octets = Encoding.UTF8.GetBytes(
        "v=0\r\no=psa 2890844526 2890844526 IN IP4 psa.domain.com\r\ns=-\r\nc=IN IP4 psa.domain.com\r\nt=0 0\r\nm=message 7654 TCP/MSRP *\r\na=setup:actpass\r\na=sendonly\r\n"
        + "a=accept-types:application/vnd.oma.push\r\na=path:msrp://psa.domain.com:7654/a3cd20b8ae7fjshA7weyGvN1;tcp\r\na=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd\r\n"
        + "a=file-selector:name:\"pushid-a3cd20b8ae7f\" type:application/vnd.oma.push size:4385 hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E\r\n");

    private readonly ArrayBufferWriter<byte> _writer = new(4096);

    private readonly MessageCapabilities _receiver = new()
    {
        Origin = new Origin("userpc", "2890844700", "2890844700", "userpc.domain.com"),
        AcceptTypes = new AcceptTypes("application/vnd.oma.push"),
        NewPath = (_, _) => [PathUri.Parse("msrp://userpc.domain.com:8888/9di4eae923wzdyGvN2;tcp")],
    };

    private SessionDescription _offer = null!;

    [GlobalSetup]
    public void Setup() => _offer = Parse();

    [Benchmark(Baseline = true)]
    public int CutIntoLines()
    {
        ReadOnlySpan<byte> rest = Octets;
        var lines = 0;
        for (int end; (end = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..])
        {
            lines++;
        }

        return lines;
    }

    [Benchmark]
    public SessionDescription Parse() =>
        SessionDescription.TryParse(Octets, out var offer, out _) ? offer : throw new InvalidOperationException("The offer can't be read.");

    [Benchmark]
    public SdpAnswer Answer() => SdpAnswerer.Answer(_offer, _receiver);

    [Benchmark]
    public int ParseAnswerAndWrite()
    {
        _writer.ResetWrittenCount();
        SdpAnswerer.Answer(Parse(), _receiver).Description.WriteTo(_writer);
        return _writer.WrittenCount;
    }
}
