using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Support;

/// <summary>The far end of a test: says and hears literal text over an in-memory transport.</summary>
internal sealed class WirePeer : SipTransportReceiver, IAsyncDisposable
{
    private readonly MemoryTransport _transport;
    private readonly List<(SipFlow Flow, string Text)> _received = [];
    private SipFlow? _lastFlow;

    private WirePeer(MemoryTransport transport) => _transport = transport;

    /// <summary>What to answer to what has come; null stays silent. Line ends may be LF.</summary>
    public Func<string, string?>? Answer { get; set; }

    /// <summary>Called with everything that comes, before it is answered.</summary>
    public Action<string>? Heard { get; set; }

    public IReadOnlyList<string> Messages
    {
        get
        {
            lock (_received)
            {
                return [.. _received.Select(item => item.Text)];
            }
        }
    }

    public string Last => Messages[^1];

    /// <summary>How many flows messages have come in on.</summary>
    public int Connections
    {
        get
        {
            lock (_received)
            {
                return _received.Select(item => item.Flow).Distinct().Count();
            }
        }
    }

    public static async Task<WirePeer> StartAsync(MemoryNetwork network, string endPoint)
    {
        var peer = new WirePeer(new MemoryTransport(network, SipEndPoint.Parse(endPoint)));
        await peer._transport.StartAsync(peer, CancellationToken.None);
        return peer;
    }

    /// <summary>Waits until so many messages have come, for what another thread sends.</summary>
    public async Task WaitForAsync(int count)
    {
        for (var tries = 0; Messages.Count < count; tries++)
        {
            Assert.That(tries, Is.LessThan(5_000), $"{count} messages should have come, {Messages.Count} have");
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    /// <summary>Sends text to an end point; LF becomes CRLF, and an empty line is put at the end where there is none.</summary>
    public Task SendAsync(string to, string text) => SendAsync(to, Octets(text));

    /// <summary>Sends octets as they are.</summary>
    public async Task SendAsync(string to, byte[] octets)
    {
        var flow = await _transport.ConnectAsync(SipEndPoint.Parse(to), CancellationToken.None);
        await _transport.SendAsync(flow, octets, CancellationToken.None);
    }

    /// <summary>Sends on the flow the last message came in on.</summary>
    public Task ReplyAsync(string text) => _transport.SendAsync(_lastFlow!, Octets(text), CancellationToken.None).AsTask();

    /// <summary>Closes the connection that the last message came in on.</summary>
    public Task CloseAsync() => _transport.CloseAsync(_lastFlow!).AsTask();

    public static byte[] Octets(string text)
    {
        text = text.ReplaceLineEndings("\r\n");
        if (!text.Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            text = text.TrimEnd() + "\r\n\r\n";
        }

        return Encoding.UTF8.GetBytes(text);
    }

    /// <summary>A response to a request as text: with its Via, From, To, Call-ID and CSeq lines, and further lines.</summary>
    public static string ResponseTo(string request, string statusLine, params string[] more)
    {
        var lines = request.Split("\r\n");
        var copied = lines.Where(line => line.StartsWith("Via:", StringComparison.Ordinal) || line.StartsWith("From:", StringComparison.Ordinal)
            || line.StartsWith("Call-ID:", StringComparison.Ordinal) || line.StartsWith("CSeq:", StringComparison.Ordinal));
        var to = lines.First(line => line.StartsWith("To:", StringComparison.Ordinal));
        return string.Join("\r\n", [$"SIP/2.0 {statusLine}", .. copied, to.Contains(";tag=", StringComparison.Ordinal) ? to : to + ";tag=peer", .. more, "Content-Length: 0", "", ""]);
    }

    public override void Received(SipFlow flow, ReadOnlySpan<byte> message)
    {
        var text = Encoding.UTF8.GetString(message);
        lock (_received)
        {
            _received.Add((flow, text));
            _lastFlow = flow;
        }

        Heard?.Invoke(text);
        if (Answer?.Invoke(text) is { } answer)
        {
            _transport.SendAsync(flow, Octets(answer), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }
    }

    public override void Unframeable(SipFlow flow, ReadOnlySpan<byte> head, SipFramingError error)
    {
    }

    public override void Closed(SipFlow flow, Exception? reason)
    {
    }

    public ValueTask DisposeAsync() => _transport.DisposeAsync();
}
