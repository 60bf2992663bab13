using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace SipPush.Msrp.Transport;

/// <summary>TLS over a socket, which tells a stream that was cut off from one that was ended by a close_notify (RFC 8446 §6.1). The framework reads both as an end.</summary>
internal sealed class TlsStream(Socket socket) : SslStream(new Ciphertext(socket))
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = base.ReadAsync(buffer, cancellationToken);
        return buffer.IsEmpty ? read
            : read.IsCompletedSuccessfully ? new ValueTask<int>(Checked(read.Result))
            : CheckAsync(read);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> CheckAsync(ValueTask<int> read) => Checked(await read.ConfigureAwait(false));

    private int Checked(int count) =>
        count == 0 && ((Ciphertext)InnerStream).HasEnded
            ? throw new IOException("The TLS connection was cut off: it ended without a close_notify")
            : count;

    /// <summary>The socket, which remembers that the far end has closed it: after a close_notify nobody reads that far.</summary>
    private sealed class Ciphertext(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        public bool HasEnded { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = base.ReadAsync(buffer, cancellationToken);
            return buffer.IsEmpty ? read
                : read.IsCompletedSuccessfully ? new ValueTask<int>(Noted(read.Result))
                : NoteAsync(read);
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
        private async ValueTask<int> NoteAsync(ValueTask<int> read) => Noted(await read.ConfigureAwait(false));

        private int Noted(int count)
        {
            HasEnded |= count == 0;
            return count;
        }
    }
}
