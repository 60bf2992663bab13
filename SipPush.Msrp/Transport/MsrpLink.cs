using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Msrp.Transport;

/// <summary>One connection below MSRP: octets, and who sends them. Whoever got it owns it. One may read and one may write at a time.</summary>
internal sealed class MsrpLink : IAsyncDisposable
{
    /// <summary>How long closing may take. Closing at once, with octets of the far end unread, would reset the connection and could take
    /// the last answer with it. It is real time: a test's clock may stand still meanwhile.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    private const int DrainBuffer = 4096;

    // An idle connection waits in a read of no octets and holds no buffer.
    private static readonly StreamPipeReaderOptions Reading =
        new(bufferSize: 128 * 1024, minimumReadSize: 16 * 1024, leaveOpen: true, useZeroByteReads: true);

    private readonly Socket? _socket;
    private readonly Stream? _stream;
    private readonly LinkInput? _input;
    private readonly AbortablePipe? _pipe;
    private bool _aborted;
    private bool _disposed;

    /// <summary>Over any pipe, which it owns from now on: disposing completes both ends of it. It may stand for TLS, whose handshake is over.</summary>
    public MsrpLink(
        IDuplexPipe pipe, EndPoint? localEndPoint = null, EndPoint? remoteEndPoint = null, bool isSecure = false, X509Certificate2? peerCertificate = null)
    {
        _pipe = new AbortablePipe(pipe);
        Input = _pipe.Input;
        Output = _pipe.Output;
        LocalEndPoint = localEndPoint;
        RemoteEndPoint = remoteEndPoint;
        IsSecure = isSecure;
        PeerCertificate = peerCertificate;
    }

    /// <summary>Over a connected socket, which the stream owns.</summary>
    public MsrpLink(Socket socket, Stream stream)
    {
        _socket = socket;
        _stream = stream;
        LocalEndPoint = Plain(socket.LocalEndPoint);
        RemoteEndPoint = Plain(socket.RemoteEndPoint);
        _input = new LinkInput(stream);
        Input = PipeReader.Create(_input, Reading);
        Output = new LinkWriter(stream);

        if (stream is SslStream tls)
        {
            IsSecure = true;
            PeerCertificate = tls.RemoteCertificate as X509Certificate2;
        }
    }

    /// <summary>Whether more is certain to come soon: then a read does not first wait without a buffer, which takes a call of the system more. Set by whoever reads.</summary>
    public bool ExpectsMore
    {
        set => _input?.ExpectsMore = value;
    }

    /// <summary>What comes. Its end is that of the far end, in order; a connection that broke, or TLS that was cut off without a close_notify, is an <see cref="IOException"/>.</summary>
    public PipeReader Input { get; }

    /// <summary>What goes. Nothing is written before a flush, which waits for the far end when it does not read.</summary>
    public PipeWriter Output { get; }

    public EndPoint? LocalEndPoint { get; }

    public EndPoint? RemoteEndPoint { get; }

    /// <summary>Whether it is TLS.</summary>
    public bool IsSecure { get; }

    /// <summary>What the far end showed, whether or not it chains to a root; null without TLS, or when it showed none.</summary>
    public X509Certificate2? PeerCertificate { get; }

    /// <summary>Why <see cref="PeerCertificate"/> does not chain to a root; null when it does. That of a far end that connected is not judged.</summary>
    public string? PeerChainFault { get; init; } = "its certificate has not been judged";

    /// <summary>Breaks it at once, from any thread: reads and flushes fail, those under way too, with an <see cref="IOException"/> or an <see cref="ObjectDisposedException"/>. The far end
    /// sees a reset, not an end. It has still to be disposed.</summary>
    public void Abort()
    {
        Volatile.Write(ref _aborted, true);
        _pipe?.Abort();
        _socket?.Close(timeout: 0);
    }

    /// <summary>Ends it: on TLS with a close_notify, and then waits up to 1 s for the far end to do so too. Nobody may be reading or writing
    /// any more; what was not flushed is lost.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        if (_pipe is not null)
        {
            await _pipe.CompleteAsync().ConfigureAwait(false);
            return;
        }

        await Output.CompleteAsync().ConfigureAwait(false);
        await Input.CompleteAsync().ConfigureAwait(false);

        if (!Volatile.Read(ref _aborted))
        {
            await EndAsync(_socket!, _stream!).ConfigureAwait(false);
        }
        await _stream!.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task EndAsync(Socket socket, Stream stream)
    {
        using var bounded = new CancellationTokenSource(Linger, TimeProvider.System);

        try
        {
            if (stream is SslStream tls)
            {
                // It can't be cancelled: a far end that doesn't read is told by a reset.
                using var stop = bounded.Token.UnsafeRegister(static socket => ((Socket)socket!).Close(timeout: 0), socket);
                await tls.ShutdownAsync().ConfigureAwait(false);
            }

            // What the system still has to deliver goes on after the time is up.
            socket.Shutdown(SocketShutdown.Send);
            await DrainAsync(stream, bounded.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure
            is IOException or SocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // It is over in any case.
        }
    }

    private static async Task DrainAsync(Stream stream, CancellationToken cancellationToken)
    {
        int count;

        do
        {
            await stream.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
            var buffer = ArrayPool<byte>.Shared.Rent(DrainBuffer);

            try
            {
                count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
        while (count > 0);
    }

    private static EndPoint? Plain(EndPoint? endPoint) =>
        endPoint is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port) : endPoint;
}
