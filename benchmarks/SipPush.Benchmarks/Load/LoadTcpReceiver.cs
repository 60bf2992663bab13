using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace SipPush.Benchmarks.Load;

/// <summary>Takes what <see cref="LoadTcpSender"/> sends on one connection.</summary>
internal sealed class LoadTcpReceiver(LoadReception reception, PipeReader input, Stream stream, LoadTransferMeter meter, IncrementalHash? hash)
{
    private readonly LoadRate _rate = new(reception.Rate, reception.RateTime);

    public static async Task<LoadTransferReport> RunAsync(LoadReception reception, CancellationToken stop)
    {
        using var listener = new Socket(reception.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var certificate = reception.Root is { } root ? LoadCertificates.Create(reception.Listen.Address, root) : null;
        listener.Bind(reception.Listen);
        listener.Listen();
        using var hash = reception.Hash ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        var meter = new LoadTransferMeter();
        using var socket = await listener.AcceptAsync(stop).ConfigureAwait(false);
        socket.NoDelay = true;

        Stream stream = new NetworkStream(socket);
        await using var ended = stream.ConfigureAwait(false);
        if (certificate is not null)
        {
            var secure = new SslStream(stream);
            await secure.AuthenticateAsServerAsync(certificate).ConfigureAwait(false);
            stream = secure;
        }

        var input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 128 * 1024, minimumReadSize: 16 * 1024, leaveOpen: true));
        var receiver = new LoadTcpReceiver(reception, input, stream, meter, hash);
        while (await receiver.TakeAsync(stop).ConfigureAwait(false))
        {
            // Until the far end has closed.
        }

        return meter.Report(hash);
    }

    private async ValueTask<bool> TakeAsync(CancellationToken stop)
    {
        var first = await input.ReadAtLeastAsync(sizeof(long), stop).ConfigureAwait(false);
        if (first.Buffer.Length < sizeof(long))
        {
            return false;
        }

        var announced = Announced(first.Buffer);
        input.AdvanceTo(first.Buffer.GetPosition(sizeof(long)));
        if (announced > 0)
        {
            meter.Start();
        }

        using var file = announced > 0 && reception.File is { } named ? File.OpenHandle(named.FullName, FileMode.Create, FileAccess.Write, options: FileOptions.Asynchronous) : null;
        await ReadAsync(Math.Abs(announced), announced > 0, file, stop).ConfigureAwait(false);
        await stream.WriteAsync(new byte[1], stop).ConfigureAwait(false);
        if (announced > 0)
        {
            meter.AddMessage(isWhole: true);
        }

        return true;
    }

    private async ValueTask ReadAsync(long length, bool measured, SafeFileHandle? file, CancellationToken stop)
    {
        for (var left = length; left > 0;)
        {
            var result = await input.ReadAsync(stop).ConfigureAwait(false);
            if (result.IsCompleted && result.Buffer.Length < left)
            {
                throw new EndOfStreamException("The far end has closed too early");
            }

            var octets = result.Buffer.Slice(0, Math.Min(left, result.Buffer.Length));
            var count = octets.Length;
            if (file is not null || (measured && hash is not null))
            {
                var offset = length - left;
                foreach (var segment in octets)
                {
                    // Hashed while it is being written.
                    var write = file is null ? ValueTask.CompletedTask : RandomAccess.WriteAsync(file, segment, offset, stop);
                    hash?.AppendData(segment.Span);
                    await write.ConfigureAwait(false);
                    offset += segment.Length;
                }
            }

            input.AdvanceTo(octets.End);
            left -= count;
            if (measured)
            {
                meter.Add(count);
                await _rate.TakeAsync(count, stop).ConfigureAwait(false);
            }
        }
    }

    private static long Announced(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> octets = stackalloc byte[sizeof(long)];
        buffer.Slice(0, sizeof(long)).CopyTo(octets);
        return BinaryPrimitives.ReadInt64BigEndian(octets);
    }
}
