using System.Net;
using System.Net.Sockets;

namespace SipPush.Tests.Agents;

/// <summary>Stands between two ends of TCP on loopback, at 127.0.0.2 for what listens on the same port of 127.0.0.1, and cuts a connection when so many octets have come back from who listens.</summary>
internal sealed class CuttingRelay : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly int _port;
    private readonly List<Task> _connections = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private long _cutAfter = long.MaxValue;

    public CuttingRelay(int port)
    {
        _port = port;
        _listener = new TcpListener(IPAddress.Parse("127.0.0.2"), port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Cuts once, the connection by which so many octets of answers have come.</summary>
    public long CutAfter
    {
        set => Interlocked.Exchange(ref _cutAfter, value);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _connections.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task RelayAsync(TcpClient caller)
    {
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using var called = new TcpClient();
        using (caller)
        {
            caller.LingerState = called.LingerState = new LingerOption(true, 0);
            await called.ConnectAsync(IPAddress.Loopback, _port);
            var there = PumpAsync(caller, called, countsOctets: false, cut.Token);
            var back = PumpAsync(called, caller, countsOctets: true, cut.Token);
            if (await Task.WhenAny(there, back) == back)
            {
                // A reset would take along the answers that the caller has not read yet: it has to have what was counted, and leaves then.
                called.Close();
                await EndAsync(caller, cut.Token);
            }

            await cut.CancelAsync();
        }
    }

    private static async Task EndAsync(TcpClient caller, CancellationToken cancellationToken)
    {
        try
        {
            var stream = caller.GetStream();
            caller.Client.Shutdown(SocketShutdown.Send);
            await stream.CopyToAsync(Stream.Null, cancellationToken);
        }
        catch (Exception e) when (e is IOException or SocketException or InvalidOperationException or OperationCanceledException)
        {
            // It has gone.
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, bool countsOctets, CancellationToken cancellationToken)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            var total = 0L;
            int count;
            while ((count = await from.GetStream().ReadAsync(buffer, cancellationToken)) > 0)
            {
                await to.GetStream().WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                total += count;
                if (countsOctets && total >= Interlocked.Read(ref _cutAfter))
                {
                    Interlocked.Exchange(ref _cutAfter, long.MaxValue);
                    return;
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // One end has gone.
        }
    }
}
