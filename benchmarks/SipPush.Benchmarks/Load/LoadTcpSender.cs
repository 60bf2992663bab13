using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Benchmarks.Load;

/// <summary>Sends octets over a bare socket, or a bare <see cref="SslStream"/>: their number first, negative while warming up; one octet comes back when
/// all have arrived.</summary>
internal static class LoadTcpSender
{
    public static async Task<LoadTransferReport> RunAsync(LoadTransfer transfer, CancellationToken stop)
    {
        using var socket = new Socket(transfer.Target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.NoDelay = true;
        await socket.ConnectAsync(transfer.Target, stop).ConfigureAwait(false);
        var stream = await OpenAsync(socket, transfer, stop).ConfigureAwait(false);
        await using var ended = stream.ConfigureAwait(false);
        var output = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: transfer.Chunk, leaveOpen: true));

        using var hash = transfer.Hash ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        var length = transfer.File?.Length ?? transfer.Size;
        var meter = new LoadTransferMeter();
        if (transfer.WarmUp > 0)
        {
            var octets = transfer.Size * transfer.WarmUp;
            using var body = new LoadBody(octets, hash: null).AsStream();
            await SendAsync(output, stream, body, octets, -octets, transfer.Chunk, stop).ConfigureAwait(false);
        }

        meter.Start();
        for (var i = 0; i < transfer.Messages; i++)
        {
            using Stream body = transfer.File is { } file ? new LoadHashingStream(file, hash) : new LoadBody(length, hash).AsStream();
            await SendAsync(output, stream, body, length, length, transfer.Chunk, stop).ConfigureAwait(false);
            meter.Add(length);
            meter.AddMessage(isWhole: true);
        }

        return meter.Report(hash);
    }

    private static async Task SendAsync(PipeWriter output, Stream stream, Stream body, long left, long announced, int piece, CancellationToken stop)
    {
        BinaryPrimitives.WriteInt64BigEndian(output.GetSpan(sizeof(long)), announced);
        output.Advance(sizeof(long));
        while (left > 0)
        {
            var count = await body.ReadAsync(output.GetMemory(piece)[..(int)Math.Min(piece, left)], stop).ConfigureAwait(false);
            if (count == 0)
            {
                throw new EndOfStreamException("The file became shorter while it was read");
            }

            output.Advance(count);
            left -= count;
            await output.FlushAsync(stop).ConfigureAwait(false);
        }

        await stream.ReadExactlyAsync(new byte[1], stop).ConfigureAwait(false);
    }

    private static async ValueTask<Stream> OpenAsync(Socket socket, LoadTransfer transfer, CancellationToken stop)
    {
        var plain = new NetworkStream(socket);
        if (transfer.Root is not { } root)
        {
            return plain;
        }

        var secure = new SslStream(plain);
        await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = transfer.Target.Address.ToString(),
            CertificateChainPolicy = Trust(LoadCertificates.Read(root)),
        }, stop).ConfigureAwait(false);
        return secure;
    }

    private static X509ChainPolicy Trust(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }
}
