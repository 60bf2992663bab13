using System.Security.Cryptography;
using SipPush.Msrp;

namespace SipPush.Benchmarks.Load;

/// <summary>Sends messages on one session of MSRP.</summary>
internal sealed class LoadMsrpSender(LoadTransfer transfer, MsrpSession session, IncrementalHash? hash)
{
    private int _left;

    public static async Task<LoadTransferReport> RunAsync(LoadTransfer transfer, CancellationToken stop)
    {
        var secure = transfer.Root is not null;
        var endpoint = LoadMsrpEnds.Connect(transfer.Root);
        await using var ended = endpoint.ConfigureAwait(false);
        var session = endpoint.CreateSession(LoadMsrpEnds.PathOfConnector(secure), new MsrpSessionOptions { ChunkSize = transfer.Chunk });
        await session.StartAsync(new MsrpRemote { Path = LoadMsrpEnds.PathOfListener(transfer.Target, secure), Role = MsrpRole.Active }, stop).ConfigureAwait(false);

        using var hash = transfer.Hash ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        var sender = new LoadMsrpSender(transfer, session, hash);
        var meter = new LoadTransferMeter();
        await sender.SendAllAsync(transfer.WarmUp, meter: null, stop).ConfigureAwait(false);
        meter.Start();
        await sender.SendAllAsync(transfer.Messages, meter, stop).ConfigureAwait(false);
        var report = meter.Report(hash);
        await session.CloseAsync(stop).ConfigureAwait(false);
        return report;
    }

    private Task SendAllAsync(int count, LoadTransferMeter? meter, CancellationToken stop)
    {
        _left = count;
        return Task.WhenAll(Enumerable.Range(0, Math.Min(count, transfer.InFlight)).Select(_ => Task.Run(() => SendAsync(meter, stop), stop)));
    }

    private async Task SendAsync(LoadTransferMeter? meter, CancellationToken stop)
    {
        while (Interlocked.Decrement(ref _left) >= 0)
        {
            using var file = meter is not null && transfer.File is { } named ? new LoadHashingStream(named, hash) : null;
            var result = await session.SendAsync(Create(meter is not null, file), stop).ConfigureAwait(false);
            meter?.Add(result.Progress.Written);
            meter?.AddMessage(result.IsSuccess);
        }
    }

    private OutgoingMsrpMessage Create(bool measured, LoadHashingStream? file)
    {
        var type = measured ? LoadMsrpEnds.Measured : LoadMsrpEnds.WarmUp;
        if (file is not null)
        {
            return OutgoingMsrpMessage.FromStream(type, file, transfer.File!.Length);
        }

        if (transfer.Size > LoadBody.Block.Length)
        {
            return OutgoingMsrpMessage.FromPipe(type, new LoadBody(transfer.Size, measured ? hash : null), transfer.Size);
        }

        var body = LoadBody.Block.AsMemory(0, (int)transfer.Size);
        if (measured)
        {
            hash?.AppendData(body.Span);
        }

        return OutgoingMsrpMessage.FromMemory(type, body);
    }
}
