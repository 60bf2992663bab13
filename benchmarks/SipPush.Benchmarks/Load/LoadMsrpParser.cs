using System.Buffers;
using System.Text.Json;
using SipPush.Msrp;
using SipPush.Msrp.Framing;

namespace SipPush.Benchmarks.Load;

/// <summary>Reads one direction of a captured connection frame by frame, as it would come in reads of some size.</summary>
internal static class LoadMsrpParser
{
    private const int Runs = 7;

    /// <summary>Prints the median of several runs over the file, which is in memory by then, and the number of frames and of SENDs among them.</summary>
    public static void Run(FileInfo file, int read)
    {
        var stream = File.ReadAllBytes(file.FullName);
        var rates = new double[Runs];
        var result = default(Counts);
        for (var run = 0; run < Runs; run++)
        {
            var start = LoadMeter.Now;
            result = Read(stream, read);
            rates[run] = stream.Length / TimeProvider.System.GetElapsedTime(start).TotalSeconds / 1e6;
        }

        Array.Sort(rates);
        Console.Out.WriteLine(JsonSerializer.Serialize(new
        {
            megabytesPerSecond = Math.Round(rates[Runs / 2], 1),
            octets = stream.Length,
            frames = result.Frames,
            chunks = result.Chunks,
            bodyOctets = result.Octets,
            fault = result.Fault == MsrpFault.None ? null : result.Fault.ToString(),
        }));
    }

    private static Counts Read(byte[] stream, int read)
    {
        using var state = new MsrpFrameState(MsrpFrameLimits.Default);
        var counts = default(Counts);
        var consumed = 0;
        for (var received = 0; received < stream.Length;)
        {
            received = Math.Min(received + read, stream.Length);
            var buffer = new ReadOnlySequence<byte>(stream, consumed, received - consumed);
            var reader = new MsrpFrameReader(buffer, state);
            while (reader.Read())
            {
                switch (reader.Token)
                {
                    case MsrpFrameToken.Head:
                        counts.Chunks += reader.Head is { IsResponse: false, Method: MsrpMethod.Send } ? 1 : 0;
                        break;

                    case MsrpFrameToken.Body:
                        counts.Octets += reader.Body.Length;
                        break;

                    default:
                        counts.Frames++;
                        break;
                }
            }

            if (reader.Error.Fault != MsrpFault.None)
            {
                counts.Fault = reader.Error.Fault;
                break;
            }

            consumed += (int)buffer.Slice(0, reader.Consumed).Length;
        }

        return counts;
    }

    private record struct Counts(long Frames, long Chunks, long Octets, MsrpFault Fault);
}
