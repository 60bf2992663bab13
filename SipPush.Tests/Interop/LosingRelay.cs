using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SipPush.Tests.Interop;

/// <summary>
/// Stands between a caller and a peer on UDP and loses the first copy of every message, in both directions, so that each comes only because it
/// is sent again. What the peer says of its own port is changed to the relay's, so that ACK and BYE come this way too.
/// </summary>
internal sealed class LosingRelay : IAsyncDisposable
{
    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly IPEndPoint _peer;
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<string> _seen = [];
    private readonly Task _loop;

    public LosingRelay(int peerPort)
    {
        _peer = new IPEndPoint(IPAddress.Loopback, peerPort);
        _loop = RelayAsync();
    }

    public int Port => ((IPEndPoint)_socket.Client.LocalEndPoint!).Port;

    /// <summary>The messages that were lost, as Call-ID, start line and CSeq.</summary>
    public IReadOnlyCollection<string> Lost => _seen;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _socket.Dispose();
        _stopping.Dispose();
    }

    private async Task RelayAsync()
    {
        var caller = default(IPEndPoint);
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveAsync(_stopping.Token);
                var text = Encoding.UTF8.GetString(received.Buffer);
                var isFromPeer = received.RemoteEndPoint.Equals(_peer);
                caller = isFromPeer ? caller : received.RemoteEndPoint;

                // A 180 is never sent again.
                if (!text.StartsWith("SIP/2.0 180", StringComparison.Ordinal) && _seen.Add(Name(text)))
                {
                    continue;
                }

                var passed = isFromPeer
                    ? Encoding.UTF8.GetBytes(text.Replace($"127.0.0.1:{_peer.Port}", $"127.0.0.1:{Port}", StringComparison.Ordinal))
                    : received.Buffer;
                await _socket.SendAsync(passed, isFromPeer ? caller! : _peer, _stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private static string Name(string message)
    {
        var lines = message.Split("\r\n");
        return $"{Line("Call-ID")} {lines[0]} {Line("CSeq")}";

        string Line(string name) => lines.First(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase));
    }
}
