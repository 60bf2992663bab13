using System.Security.Cryptography;
using SipPush.Msrp;

namespace SipPush.Benchmarks.Load;

/// <summary>Takes the messages of one session of MSRP, until it ends.</summary>
internal sealed class LoadMsrpReceiver(LoadReception reception, LoadTransferMeter meter, IncrementalHash? hash)
{
    private readonly LoadRate _rate = new(reception.Rate, reception.RateTime);

    public static async Task<LoadTransferReport> RunAsync(LoadReception reception, CancellationToken stop)
    {
        var secure = reception.Root is not null;
        var endpoint = LoadMsrpEnds.Listen(reception.Listen, reception.Root);
        await using var ended = endpoint.ConfigureAwait(false);
        using var hash = reception.Hash && reception.File is null ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        var meter = new LoadTransferMeter();
        var sink = reception.File is { } file
            ? await MsrpFileSink.OpenAsync(new MsrpFileSinkOptions { Path = file.FullName, Compute = reception.Hash ? [HashAlgorithmName.SHA256] : [] }, stop).ConfigureAwait(false)
            : null;

        var session = endpoint.CreateSession(LoadMsrpEnds.PathOfListener(reception.Listen, secure), new MsrpSessionOptions
        {
            MaxSize = long.MaxValue,
            OpenSink = message => message.ContentType == LoadMsrpEnds.Measured ? sink : null,
        });
        await session.StartAsync(new MsrpRemote { Path = LoadMsrpEnds.PathOfConnector(secure), Role = MsrpRole.Passive }, stop).ConfigureAwait(false);
        await new LoadMsrpReceiver(reception, meter, hash).ReceiveAsync(session, stop).ConfigureAwait(false);
        return sink is { Digests: [var digest, ..] } ? meter.Report(digest.Digest) : meter.Report(hash);
    }

    private async Task ReceiveAsync(MsrpSession session, CancellationToken stop)
    {
        // Messages under way at once are read at once: each waits for its own reader only.
        var reading = new List<Task>();
        await foreach (var message in session.ReceiveAllAsync(stop).ConfigureAwait(false))
        {
            var task = TakeAsync(message, stop);
            if (!task.IsCompletedSuccessfully)
            {
                reading.RemoveAll(other => other.IsCompletedSuccessfully);
                reading.Add(task);
            }
        }

        await Task.WhenAll(reading).ConfigureAwait(false);
    }

    private async Task TakeAsync(IncomingMsrpMessage message, CancellationToken stop)
    {
        await using var ended = message.ConfigureAwait(false);
        var measured = message.ContentType == LoadMsrpEnds.Measured;
        if (measured)
        {
            meter.Start();
        }

        try
        {
            if (measured && reception.File is not null)
            {
                meter.Add(await message.Completion.ConfigureAwait(false));
            }
            else
            {
                await ReadAsync(message, measured, stop).ConfigureAwait(false);
            }
        }
        catch (MsrpException)
        {
            meter.AddMessage(isWhole: false);
            return;
        }

        if (measured)
        {
            meter.AddMessage(isWhole: true);
        }
    }

    private async ValueTask ReadAsync(IncomingMsrpMessage message, bool measured, CancellationToken stop)
    {
        while (true)
        {
            var result = await message.Body.ReadAsync(stop).ConfigureAwait(false);
            var octets = result.Buffer.Length;
            if (measured)
            {
                meter.Add(octets);
                if (hash is not null)
                {
                    foreach (var segment in result.Buffer)
                    {
                        hash.AppendData(segment.Span);
                    }
                }
            }

            message.Body.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }

            if (measured)
            {
                await _rate.TakeAsync(octets, stop).ConfigureAwait(false);
            }
        }
    }
}
