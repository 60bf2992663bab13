using System.Globalization;
using System.Text;

namespace SipPush.Tests.Interop;

/// <summary>One MSRP frame of a capture, read in a way that shares nothing with the library: the whole stream is there, so the end of a frame is simply searched for.</summary>
internal sealed record CapturedMsrp
{
    public required string StartLine { get; init; }

    public required IReadOnlyList<string> Lines { get; init; }

    /// <summary>Null for a frame without one.</summary>
    public byte[]? Body { get; init; }

    /// <summary><c>$</c>, <c>+</c> or <c>#</c>; a blank when there was no end.</summary>
    public required char Flag { get; init; }

    /// <summary>What is wrong with it; empty when nothing is.</summary>
    public required IReadOnlyList<string> Faults { get; init; }

    public bool IsSend => StartLine.EndsWith(" SEND", StringComparison.Ordinal);

    public bool IsReport => StartLine.EndsWith(" REPORT", StringComparison.Ordinal);

    public string? this[string name] => ValueOf(Lines, name);

    /// <summary>All frames of one direction of a connection.</summary>
    public static IReadOnlyList<CapturedMsrp> Frames(byte[] stream)
    {
        var frames = new List<CapturedMsrp>();
        for (var at = 0; at < stream.Length;)
        {
            var frame = Read(stream.AsSpan(at), out var length);
            frames.Add(frame);
            at += length;
        }

        return frames;
    }

    /// <summary>The bodies of the messages whose last chunk is there, by Message-ID, put together by their Byte-Ranges.</summary>
    public static IReadOnlyDictionary<string, byte[]> Messages(IEnumerable<CapturedMsrp> frames)
    {
        var messages = new Dictionary<string, byte[]>();
        foreach (var chunks in frames.Where(frame => frame is { IsSend: true, Body: not null }).GroupBy(frame => frame["Message-ID"] ?? ""))
        {
            if (chunks.All(chunk => chunk.Flag != '$'))
            {
                continue;
            }

            using var body = new MemoryStream();
            foreach (var chunk in chunks)
            {
                body.Position = StartOf(chunk["Byte-Range"]) - 1;
                body.Write(chunk.Body!);
            }

            messages.Add(chunks.Key, body.ToArray());
        }

        return messages;
    }

    private static CapturedMsrp Read(ReadOnlySpan<byte> rest, out int length)
    {
        var line = rest.IndexOf("\r\n"u8);
        var start = line < 0 ? "" : Encoding.Latin1.GetString(rest[..line]);
        var words = start.Split(' ');
        if (words.Length < 3 || words[0] != "MSRP")
        {
            length = rest.Length;
            return new CapturedMsrp { StartLine = start, Lines = [], Flag = ' ', Faults = ["no start line"] };
        }

        // The end-line begins with a CRLF of its own behind a body, and with that of the last header otherwise.
        var mark = Encoding.Latin1.GetBytes($"\r\n-------{words[1]}");
        var end = rest.IndexOf(mark);
        var after = end + mark.Length;
        if (end < 0 || rest.Length < after + 3 || !"$+#".Contains((char)rest[after], StringComparison.Ordinal) || rest[after + 1] != '\r' || rest[after + 2] != '\n')
        {
            length = rest.Length;
            return new CapturedMsrp { StartLine = start, Lines = [], Flag = ' ', Faults = [$"bad end-line of {words[1]}"] };
        }

        length = after + 3;
        var whole = rest[..end];
        var blank = whole.IndexOf("\r\n\r\n"u8);

        // An empty body leaves its blank line right before the end-line.
        var body = blank >= 0 ? whole[(blank + 4)..].ToArray() : whole.EndsWith("\r\n"u8) ? [] : null;
        var lines = Encoding.UTF8.GetString(blank >= 0 ? whole[..blank] : whole).Split("\r\n", StringSplitOptions.RemoveEmptyEntries)[1..];
        return new CapturedMsrp { StartLine = start, Lines = lines, Body = body, Flag = (char)rest[after], Faults = [.. FaultsOf(start, lines, body)] };
    }

    private static IEnumerable<string> FaultsOf(string start, string[] lines, byte[]? body)
    {
        if (lines.Length < 2 || !lines[0].StartsWith("To-Path: msrp", StringComparison.Ordinal))
        {
            yield return $"missing To-Path in {start}";
        }
        else if (!lines[1].StartsWith("From-Path: msrp", StringComparison.Ordinal))
        {
            yield return $"missing From-Path in {start}";
        }

        if (ValueOf(lines, "Byte-Range") is { } range && FaultOf(range, body) is { } fault)
        {
            yield return $"bad Byte-Range {range} in {start}: {fault}";
        }
    }

    private static string? FaultOf(string range, byte[]? body)
    {
        var parts = range.Split('-', '/');
        if (parts.Length != 3 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first) || first < 1)
        {
            return "it can't be read";
        }

        var end = parts[1] == "*" ? (long?)null : long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
        var total = parts[2] == "*" ? (long?)null : long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out number) ? number : -1;
        return end < 0 || total < 0 ? "it can't be read"
            : end > total ? "it goes beyond the total"
            : body is not null && end - first + 1 is { } announced && announced != body.Length ? $"the body has {body.Length} octets"
            : body is not null && first + body.Length - 1 > total ? "the body goes beyond the total"
            : null;
    }

    private static long StartOf(string? range) => range is null ? 1 : long.Parse(range[..range.IndexOf('-', StringComparison.Ordinal)], CultureInfo.InvariantCulture);

    private static string? ValueOf(IEnumerable<string> lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
}
