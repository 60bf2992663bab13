using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Sending;

/// <summary>One frame as the far end reads it: framed by its end-line, as RFC 4975 §7.3.1 has it, with nothing of the library under test.</summary>
internal sealed record WireFrame(string Id, string Method, string Head, string? Body, char Flag)
{
    public string Range => Header("Byte-Range") ?? "";

    public string MessageId => Header("Message-ID") ?? "";

    /// <summary>Offset of its first octet, from 0.</summary>
    public int Offset => int.Parse(Range.Split('-')[0]) - 1;

    /// <summary>Range, number of octets and flag.</summary>
    public string Summary => $"{Range} {Body?.Length ?? 0} {Flag}";

    /// <summary>The three forms of the end-line, with the line end before them.</summary>
    public static string[] EndLines(string id) => [$"\r\n-------{id}+\r\n", $"\r\n-------{id}$\r\n", $"\r\n-------{id}#\r\n"];

    public string? Header(string name) =>
        Head.Split("\r\n").FirstOrDefault(line => line.StartsWith(name + ": ", StringComparison.Ordinal))?[(name.Length + 2)..];

    /// <summary>The next frame; null when the connection ends before it does.</summary>
    public static async Task<WireFrame?> ReadOrEndAsync(MsrpWirePeer peer)
    {
        string text;
        try
        {
            var start = await peer.ReadToAsync("\r\n");
            if (start.Length == 0)
            {
                return null;
            }

            var id = start.Split(' ')[1];
            text = start + await peer.ReadToAsync(EndLines(id));
            return EndLines(id).Any(text.EndsWith) ? Parse(id, text) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    public static async Task<WireFrame> ReadAsync(MsrpWirePeer peer) =>
        await ReadOrEndAsync(peer) ?? throw new AssertionException("The connection has ended");

    /// <summary>Frames up to and with the one that ends a message.</summary>
    public static async Task<List<WireFrame>> ReadMessageAsync(MsrpWirePeer peer, bool answer = true)
    {
        var chunks = new List<WireFrame>();
        do
        {
            chunks.Add(await ReadAsync(peer));
            if (answer)
            {
                await chunks[^1].AnswerAsync(peer);
            }
        }
        while (chunks[^1].Flag == '+');
        return chunks;
    }

    /// <summary>The body of a message, put together by the offsets of its chunks.</summary>
    public static string Join(IEnumerable<WireFrame> chunks)
    {
        var body = "";
        foreach (var chunk in chunks)
        {
            Assert.That(chunk.Offset, Is.EqualTo(body.Length), chunk.Range);
            body += chunk.Body;
        }

        return body;
    }

    /// <summary>Answers it, from the session that it was for.</summary>
    public Task AnswerAsync(MsrpWirePeer peer, int status = 200) => peer.SendAsync(Response(status));

    public string Response(int status) => $"""
        MSRP {Id} {status} {MsrpStatus.ReasonOf(status)}
        To-Path: {Header("From-Path")}
        From-Path: {Header("To-Path")}
        -------{Id}$
        """;

    /// <summary>A REPORT on its message.</summary>
    public string Report(string range, string status = "000 200 OK") => $"""
        MSRP {Id}r REPORT
        To-Path: {Header("From-Path")}
        From-Path: {Header("To-Path")}
        Message-ID: {MessageId}
        Byte-Range: {range}
        Status: {status}
        -------{Id}r$
        """;

    private static WireFrame Parse(string id, string text)
    {
        var method = text.Split(' ', '\r')[2];
        var flag = text[^3];
        var frame = text[..^(id.Length + 10)];
        var split = frame.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return split < 0 ? new(id, method, frame, null, flag) : new(id, method, frame[..split], frame[(split + 4)..^2], flag);
    }
}
