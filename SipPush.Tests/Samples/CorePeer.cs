using System.Net;
using System.Text;
using SipPush.Sip;
using SipPush.Tests.Sip.Transport;

namespace SipPush.Tests.Samples;

/// <summary>A peer of the core that speaks in literal text.</summary>
internal sealed class CorePeer : IAsyncDisposable
{
    private readonly RecordingReceiver _receiver = new();
    private readonly MemoryTransport _transport;
    private SipFlow? _flow;

    private CorePeer(MemoryNetwork network, string address) => _transport = new MemoryTransport(network, SipEndPoint.Parse(address));

    public static async Task<CorePeer> StartAsync(MemoryNetwork network, string address)
    {
        var peer = new CorePeer(network, address);
        await peer._transport.StartAsync(peer._receiver, CancellationToken.None);
        return peer;
    }

    public async Task SendAsync(IPEndPoint to, string text)
    {
        _flow = await _transport.ConnectAsync(new SipEndPoint(_transport.Local.Protocol, to), CancellationToken.None);
        await _transport.SendAsync(_flow, Encoding.UTF8.GetBytes(Wire(text)), CancellationToken.None);
    }

    public async Task<SipResponse> AskAsync(IPEndPoint to, string text)
    {
        await SendAsync(to, text);
        return await NextResponseAsync();
    }

    /// <summary>Closes the connection that was last sent on.</summary>
    public Task CloseAsync() => _transport.CloseAsync(_flow!).AsTask();

    public async Task<SipResponse> NextResponseAsync()
    {
        while (true)
        {
            var response = SipResponse.Parse(Encoding.Latin1.GetBytes((await _receiver.NextAsync()).Text));
            if (response.IsFinal)
            {
                return response;
            }
        }
    }

    /// <summary>The next request, answered with that status; it stays unanswered at 0.</summary>
    public async Task<SipRequest> NextRequestAsync(int answer = 200, string? header = null)
    {
        var (flow, text) = await _receiver.NextAsync();
        var request = SipRequest.Parse(Encoding.Latin1.GetBytes(text));
        if (answer != 0)
        {
            using var response = new SipResponseBuilder(request, answer, "far");
            if (header is not null)
            {
                var colon = header.IndexOf(':', StringComparison.Ordinal);
                response.Add(header[..colon], header[(colon + 1)..].Trim());
            }

            await _transport.SendAsync(flow, response.Build().Octets, CancellationToken.None);
        }

        return request;
    }

    public ValueTask DisposeAsync() => _transport.DisposeAsync();

    private static string Wire(string text) => text.ReplaceLineEndings("\r\n") + "\r\n\r\n";
}
