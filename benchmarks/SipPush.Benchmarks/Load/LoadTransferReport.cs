using System.Text.Json;

namespace SipPush.Benchmarks.Load;

/// <summary>What one end of a bulk transfer prints, on one line of JSON.</summary>
/// <param name="MegabytesPerSecond">Octets of bodies, in 10^6, from the first to the last: at the sender the one that tells that everything has arrived.</param>
/// <param name="Seconds">So long it took.</param>
/// <param name="CpuSeconds">CPU time of this process alone, user and kernel, in that time.</param>
/// <param name="IdleMegabytes">Resident size of this process before it began, in 10^6 octets.</param>
/// <param name="PeakMegabytes">Greatest resident size of this process.</param>
/// <param name="AllocatedBytes">By this process, on all threads, in that time.</param>
/// <param name="Octets">Of bodies.</param>
/// <param name="Messages">Sent or received.</param>
/// <param name="MessagesPerSecond">In that time.</param>
/// <param name="Failed">Messages that did not come to their end.</param>
/// <param name="Sha256">Of all bodies one behind the other; null without <c>--hash</c>.</param>
internal sealed record LoadTransferReport(
    double MegabytesPerSecond,
    double Seconds,
    double CpuSeconds,
    double IdleMegabytes,
    double PeakMegabytes,
    long AllocatedBytes,
    long Octets,
    int Messages,
    double MessagesPerSecond,
    int Failed,
    string? Sha256)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public void Print() => Console.Out.WriteLine(JsonSerializer.Serialize(this, Json));
}
