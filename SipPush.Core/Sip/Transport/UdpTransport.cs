using System.Net;
using System.Net.Sockets;

namespace SipPush.Sip;

/// <summary>
/// SIP over UDP on one socket, IPv4 or IPv6 by the address it listens on. Threads of its own receive; sending is one system call
/// on the caller's thread.
/// </summary>
/// <remarks>
/// <see cref="SipFlow.Local"/> of its flows is the bound address, so it is unspecified when that is. Datagrams of four octets or fewer that
/// hold nothing but CR, LF and NUL are keep-alives and are dropped.
/// </remarks>
public sealed class UdpTransport : SipTransport
{
    private const int DatagramLimit = 64 * 1024;

    private readonly SipTransportOptions _options;
    private readonly Socket _socket;
    private readonly ManualResetEventSlim _stopping = new();
    private readonly Lock _gate = new();
    private Task[] _loops = [];
    private Task? _disposal;
    private SipTransportReceiver? _receiver;
    private UdpFlowCache? _flows;
    private SipEndPoint _local;

    /// <param name="listen">A UDP end point.</param>
    /// <param name="options">Defaults when null.</param>
    public UdpTransport(SipEndPoint listen, SipTransportOptions? options = null)
    {
        if (listen.Protocol != SipProtocol.Udp)
        {
            throw new ArgumentException($"{listen} is not UDP", nameof(listen));
        }

        _local = listen;
        _options = options ?? new SipTransportOptions();
        _socket = new Socket(listen.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
    }

    /// <inheritdoc/>
    public override SipEndPoint Local => _local;

    /// <inheritdoc/>
    public override ValueTask StartAsync(SipTransportReceiver receiver, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receiver);

        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposal is not null, this);

            if (_receiver is not null)
            {
                throw new InvalidOperationException("The transport has been started already");
            }

            Bind();
            _receiver = receiver;
            _loops = [.. Enumerable.Range(0, _options.ReceiveThreads).Select(StartLoop)];
        }
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, CancellationToken cancellationToken)
    {
        if (remote.Protocol != SipProtocol.Udp)
        {
            throw new ArgumentException($"{remote} is not UDP", nameof(remote));
        }

        if (_flows is not { } flows)
        {
            throw new InvalidOperationException("The transport has not been started");
        }

        if (remote.Address.AddressFamily != _local.Address.AddressFamily)
        {
            return ValueTask.FromException<SipFlow>(new IOException($"{remote} can't be reached from {_local}"));
        }
        return ValueTask.FromResult<SipFlow>(flows.Find(remote.Address.Serialize()));
    }

    /// <inheritdoc/>
    public override ValueTask SendAsync(SipFlow flow, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (flow is not UdpFlow udp || udp.Transport != this)
        {
            throw new ArgumentException("The flow belongs to another transport", nameof(flow));
        }

        try
        {
            _socket.SendTo(message.Span, SocketFlags.None, udp.Address);
            return ValueTask.CompletedTask;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            return ValueTask.FromException(new IOException($"{message.Length} octets could not be sent to {flow.Remote}: {failure.Message}", failure));
        }
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _disposal ??= StopAsync();
            return new ValueTask(_disposal);
        }
    }

    private async Task StopAsync()
    {
        _stopping.Set();
        WakeLoops();
        _socket.Dispose();
        await Task.WhenAll(_loops).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private void Bind()
    {
        try
        {
            _socket.ReceiveBufferSize = _options.SocketBufferBytes;
            _socket.SendBufferSize = _options.SocketBufferBytes;

            if (OperatingSystem.IsWindows())
            {
                // Otherwise a port-unreachable for one peer fails the receive of all (SIO_UDP_CONNRESET).
                _socket.IOControl(unchecked((int)0x9800000C), [0, 0, 0, 0], null);
            }

            _socket.Bind(_local.Address);
        }
        catch (SocketException failure)
        {
            throw new IOException($"{_local} can't be bound: {failure.Message}", failure);
        }

        _local = new SipEndPoint(SipProtocol.Udp, (IPEndPoint)_socket.LocalEndPoint!);
        _flows = new UdpFlowCache(this, _local);
    }

    private Task StartLoop(int number)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                Receive(_receiver!, _flows!);
            }
            finally
            {
                ended.SetResult();
            }
        })
        {
            IsBackground = true,
            Name = $"SIP {_local} {number}",
        };
        thread.Start();
        return ended.Task;
    }

    private void Receive(SipTransportReceiver receiver, UdpFlowCache flows)
    {
        var buffer = GC.AllocateUninitializedArray<byte>(DatagramLimit, pinned: true);
        var from = new SocketAddress(_local.Address.AddressFamily);

        while (!_stopping.IsSet)
        {
            int length;

            try
            {
                length = _socket.ReceiveFrom(buffer, SocketFlags.None, from);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException failure) when (failure.SocketErrorCode is
                SocketError.ConnectionReset or SocketError.ConnectionRefused or SocketError.MessageSize)
            {
                // Said of a datagram that was sent earlier, or of this one alone.
                continue;
            }
            catch (SocketException)
            {
                // Out of memory, an interface gone: it may pass, and must not turn the thread into a busy loop meanwhile.
                _stopping.Wait(millisecondsTimeout: 10);
                continue;
            }

            var datagram = buffer.AsSpan(0, length);

            if (!_stopping.IsSet && !IsKeepAlive(datagram))
            {
                Deliver(receiver, flows.Find(from), datagram);
            }
        }
    }

    private void Deliver(SipTransportReceiver receiver, UdpFlow flow, ReadOnlySpan<byte> datagram)
    {
        // One bad datagram must not cost the thread that receives for everybody.
#pragma warning disable CA1031
        try
        {
            receiver.Received(flow, datagram);
        }
        catch (Exception fault)
        {
            _options.ReceiverFault?.Invoke(fault);
        }
#pragma warning restore CA1031
    }

    private static bool IsKeepAlive(ReadOnlySpan<byte> datagram) =>
        datagram.Length <= 4 && !datagram.ContainsAnyExcept("\r\n\0"u8);

    private void WakeLoops()
    {
        // Linux wakes readers of an unconnected datagram socket at shutdown although it reports an error; Windows does
        // at close. A datagram to itself for each thread covers the rest.
        try
        {
            if (_loops.Length > 0)
            {
                var self = new IPEndPoint(_local.Address.Address, _local.Address.Port);

                if (self.Address.Equals(IPAddress.Any) || self.Address.Equals(IPAddress.IPv6Any))
                {
                    self.Address = self.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback;
                }

                foreach (var _ in _loops)
                {
                    _socket.SendTo([], SocketFlags.None, self);
                }
            }
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
        }
    }
}
