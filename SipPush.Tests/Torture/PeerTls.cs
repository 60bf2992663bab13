using System.Buffers;
using System.Net.Security;

namespace SipPush.Tests.Torture;

/// <summary>The peer's end of a connection on TLS, after its handshake: what it sends and what it has received in the clear.</summary>
internal sealed class PeerTls
{
    private readonly SslStream _stream;
    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _received = new();

    public PeerTls(SslStream stream)
    {
        _stream = stream;
        Completion = Task.Run(ReadAsync);
    }

    /// <summary>Ends when nothing more can be received; never fails.</summary>
    public Task Completion { get; }

    public byte[] Received()
    {
        lock (_gate)
        {
            return _received.WrittenSpan.ToArray();
        }
    }

    /// <summary>Sends the octets as one record, as long as they fit in one.</summary>
    public void Send(ReadOnlyMemory<byte> octets)
    {
        try
        {
            _stream.Write(octets.Span);
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The system under test has closed: what a peer still sends is lost.
        }
    }

    /// <summary>Says that nothing more will be sent (close_notify).</summary>
    public void SayEnd()
    {
        try
        {
            _stream.ShutdownAsync().GetAwaiter().GetResult();
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // As above.
        }
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await _stream.ReadAsync(buffer) is > 0 and var count)
            {
                lock (_gate)
                {
                    _received.Write(buffer.AsSpan(0, count));
                }
            }
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException)
        {
            // Cut off: there is no more.
        }
    }
}
