using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SipPush.Msrp;
using SipPush.Msrp.Framing;

namespace SipPush.Tests.Msrp.Framing;

/// <summary>The examples of RFC 4975, 4976, 5547, 7701 and 7977, octet by octet, and what a right parser sees in them.</summary>
public sealed class RfcExamplesTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Data", "Torture");

    private static readonly Dictionary<string, JsonElement> Oracle = File.ReadLines(Path.Combine(Folder, "oracle.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement)
        .Where(line => line.TryGetProperty("msrp", out _))
        .ToDictionary(line => line.GetProperty("file").GetString()!, line => line.GetProperty("msrp").GetProperty("messages"));

    private static IEnumerable<TestCaseData> Valid() => Examples("valid");

    private static IEnumerable<TestCaseData> Invalid() => Examples("invalid");

    private static IEnumerable<TestCaseData> Examples(string verdict) =>
        from line in File.ReadLines(Path.Combine(Folder, "index.tsv")).Skip(1)
        let cells = line.Split('\t')
        where cells[3] == "msrp" && cells[7] == verdict
        select new TestCaseData(cells[0], cells[1]).SetArgDisplayNames(cells[0]);

    [TestCaseSource(nameof(Valid))]
    [Description("MSRP-01, MSRP-05, MSRP-06, MSRP-08")]
    public void An_example_is_read_as_it_is_meant(string file, string sha256)
    {
        var wire = File.ReadAllBytes(Path.Combine(Folder, file));
        Assert.That(Convert.ToHexStringLower(SHA256.HashData(wire)), Is.EqualTo(sha256));

        var trace = FrameTrace.Of(wire);

        Assert.That(trace.Frames.Select(Describe), Is.EqualTo(Oracle[file].EnumerateArray().Select(Describe)));
        Assert.That(trace.IsBetweenFrames, Is.True);

        foreach (var frame in trace.Frames)
        {
            Assert.That(frame.Error, Is.EqualTo(default(MsrpParseError)));
            Assert.That(MsrpPath.Parse(frame.ToPath).ToString(), Is.EqualTo(frame.ToPath));
            Assert.That(MsrpPath.Parse(frame.FromPath).ToString(), Is.EqualTo(frame.FromPath));
        }
    }

    [TestCaseSource(nameof(Invalid))]
    public void An_example_without_paths_is_framed_all_the_same(string file, string sha256)
    {
        var wire = File.ReadAllBytes(Path.Combine(Folder, file));
        Assert.That(Convert.ToHexStringLower(SHA256.HashData(wire)), Is.EqualTo(sha256));

        var trace = FrameTrace.Of(wire);

        Assert.That(trace.Frames.Single().Error, Is.EqualTo(new MsrpParseError(MsrpFault.MissingPath, "To-Path")));
        Assert.That(trace.IsBetweenFrames, Is.True);
    }

    [TestCaseSource(nameof(Valid))]
    [TestCaseSource(nameof(Invalid))]
    [Description("Edge 1, MSRP-01")]
    public void An_example_is_read_alike_however_it_is_cut(string file, string sha256)
    {
        // Twice, so that there are cuts between frames too.
        var once = File.ReadAllBytes(Path.Combine(Folder, file));
        byte[] wire = [.. once, .. once];
        var whole = FrameTrace.Of(wire).ToString();
        Assert.That(once, Is.Not.Empty, sha256);

        Assert.That(FrameTrace.ByteByByte(wire).ToString(), Is.EqualTo(whole));
        for (var cut = 1; cut < wire.Length; cut++)
        {
            Assert.That(FrameTrace.Of(wire, cut).ToString(), Is.EqualTo(whole), $"cut at {cut}");
        }

        for (var size = 1; size < 50; size++)
        {
            Assert.That(FrameTrace.InSegments(wire, size).ToString(), Is.EqualTo(whole), $"segments of {size}");
        }

        if (once.Length > 135)
        {
            return;
        }

        whole = FrameTrace.Of(once).ToString();
        for (var first = 1; first < once.Length; first++)
        {
            for (var second = first; second < once.Length; second++)
            {
                Assert.That(FrameTrace.Of(once, first, second).ToString(), Is.EqualTo(whole), $"cuts at {first} and {second}");
            }
        }
    }

    private static string Describe(ReadFrame frame)
    {
        var body = frame.HasBody ? $"{frame.Octets.Length} {Convert.ToHexStringLower(SHA256.HashData(frame.Octets))}" : "none";
        var kind = frame.IsResponse ? $"{frame.StatusCode}" : frame.Method.ToString().ToUpperInvariant();
        return $"{frame.TransactionId} {kind} {frame.Headers.Length} {body} {(char)frame.Flag}";
    }

    private static string Describe(JsonElement message)
    {
        string Text(string name) => message.GetProperty(name).ToString();

        var body = message.GetProperty("body").ValueKind == JsonValueKind.Null ? "none" : $"{Text("body")} {Text("body_sha256")}";
        return $"{Text("tid")} {Text("kind")} {Text("headers")} {body} {Text("flag")}";
    }
}
