using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp;

/// <summary>
/// The far end of one connection: says and hears literal text. What it says is read on its own thread before <see cref="SendAsync(string, int)"/> returns, unless the endpoint waits for somebody.
/// </summary>
internal sealed class MsrpWirePeer
{
    private readonly Pipe _toEndpoint;
    private readonly Pipe _toPeer = new();

    public MsrpWirePeer(MsrpEndpoint endpoint, int window)
        : this(endpoint.ServeAsync, window)
    {
    }

    /// <summary>The far end of a connection that the endpoint is given by that function.</summary>
    public MsrpWirePeer(Func<IDuplexPipe, Task> serve, int window = 0)
    {
        _toEndpoint = new Pipe(new PipeOptions(
            readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.ThreadPool, pauseWriterThreshold: window, resumeWriterThreshold: Math.Max(1, window / 2), useSynchronizationContext: false));
        Served = serve(new Side(_toEndpoint.Reader, _toPeer.Writer));
    }

    /// <summary>Completes when the endpoint has nothing of this connection any more.</summary>
    public Task Served { get; }

    /// <summary>The octets of a text: its line ends are CRLF, one is added at its end unless there is one, and other characters are one octet each.</summary>
    public static byte[] Octets(string text)
    {
        text = text.ReplaceLineEndings("\r\n");
        return Encoding.Latin1.GetBytes(text.EndsWith('\n') ? text : text + "\r\n");
    }

    /// <summary>A response of alice to a SEND of bob, with the end of its last line.</summary>
    public static string Response(string transactionId, int status) => $"""
        MSRP {transactionId} {status} {MsrpStatus.ReasonOf(status)}
        To-Path: {MsrpWire.Bob}
        From-Path: {MsrpWire.Alice}
        -------{transactionId}$

        """;

    /// <summary>A SEND of bob to alice, with the end of its last line.</summary>
    /// <param name="transactionId">Its transaction.</param>
    /// <param name="messageId">Its message.</param>
    /// <param name="range">Its Byte-Range; null for none.</param>
    /// <param name="body">Its body.</param>
    /// <param name="flag">Its continuation flag.</param>
    /// <param name="headers">Further headers, each with its line end.</param>
    public static string Send(string transactionId, string messageId, string? range, string body, char flag = '$', string headers = "") =>
        $"MSRP {transactionId} SEND\nTo-Path: {MsrpWire.Alice}\nFrom-Path: {MsrpWire.Bob}\nMessage-ID: {messageId}\n"
        + (range is null ? "" : $"Byte-Range: {range}\n") + $"{headers}Content-Type: text/plain\n\n{body}\n-------{transactionId}{flag}\n";

    /// <summary>Sends frames.</summary>
    /// <param name="text">The frames; LF becomes CRLF, and the last line gets its end.</param>
    /// <param name="split">Octets after which what follows is sent by itself, again and again; 0 sends all at once.</param>
    public Task SendAsync(string text, int split = 0) => SendAsync(Octets(text), split);

    /// <summary>Sends a part of a frame: as <see cref="SendAsync(string, int)"/>, but for the end of the last line.</summary>
    public Task SendPartAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text.ReplaceLineEndings("\r\n")));

    /// <summary>Sends octets as they are.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> octets, int split = 0)
    {
        split = split == 0 ? octets.Length : split;
        for (; !octets.IsEmpty; octets = octets[Math.Min(split, octets.Length)..])
        {
            await _toEndpoint.Writer.WriteAsync(octets[..Math.Min(split, octets.Length)]);
        }
    }

    /// <summary>The next that comes is this text; line ends as in <see cref="SendAsync(string, int)"/>.</summary>
    public async Task ExpectAsync(string text)
    {
        var expected = Encoding.Latin1.GetString(Octets(text));
        Assert.That(await ReadAsync(expected.Length), Is.EqualTo(expected));
    }

    /// <summary>Nothing has been answered to what was sent: the next that comes is the answer to what is sent now.</summary>
    public async Task ExpectNothingAsync()
    {
        await SendAsync("""
            MSRP ping PING
            To-Path: msrp://x:1/x;tcp
            From-Path: msrp://y:1/y;tcp
            -------ping$
            """);
        await ExpectAsync("""
            MSRP ping 501 Unknown Method
            To-Path: msrp://y:1/y;tcp
            From-Path: msrp://x:1/x;tcp
            -------ping$
            """);
    }

    /// <summary>Nothing more comes: the endpoint has closed the connection, in order or by breaking it.</summary>
    public async Task ExpectEndAsync(bool isBroken)
    {
        try
        {
            Assert.That(await ReadAsync(1), Is.Empty);
            Assert.That(isBroken, Is.False, "it was closed in order");
        }
        catch (IOException)
        {
            Assert.That(isBroken, Is.True, "it was broken");
        }

        await Served.WaitAsync(MsrpWire.Patience);
    }

    /// <summary>That many octets as text, fewer when the connection ends before.</summary>
    public async Task<string> ReadAsync(int length)
    {
        ReadResult result;
        try
        {
            result = await _toPeer.Reader.ReadAtLeastAsync(length).AsTask().WaitAsync(MsrpWire.Patience);
        }
        catch (TimeoutException)
        {
            _toPeer.Reader.CancelPendingRead();
            result = await _toPeer.Reader.ReadAsync();
        }

        var octets = result.Buffer.Slice(0, Math.Min(length, result.Buffer.Length));
        var text = Encoding.Latin1.GetString(octets);
        _toPeer.Reader.AdvanceTo(octets.End);
        return text;
    }

    /// <summary>What comes up to the first of those texts and with it; less when the connection ends before.</summary>
    public async Task<string> ReadToAsync(params string[] texts)
    {
        while (true)
        {
            var result = await _toPeer.Reader.ReadAsync().AsTask().WaitAsync(MsrpWire.Patience);
            var octets = result.Buffer.ToArray();
            var length = texts.Select(text => EndOf(octets, text)).Min();
            if (length <= octets.Length || result.IsCompleted)
            {
                length = Math.Min(length, octets.Length);
                _toPeer.Reader.AdvanceTo(result.Buffer.GetPosition(length));
                return Encoding.Latin1.GetString(octets, 0, length);
            }

            _toPeer.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>Closes the connection in order.</summary>
    public void Close() => _toEndpoint.Writer.Complete();

    /// <summary>Breaks the connection.</summary>
    public void Break() => _toEndpoint.Writer.Complete(new IOException("The network is gone"));

    /// <summary>Takes nothing any more, so that nobody waits for it.</summary>
    public void StopWaiting() => _toPeer.Reader.Complete();

    private static int EndOf(byte[] octets, string text)
    {
        var found = octets.AsSpan().IndexOf(Encoding.Latin1.GetBytes(text));
        return found < 0 ? int.MaxValue : found + text.Length;
    }

    private sealed record Side(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
