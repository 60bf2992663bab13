using System.Text.Json;

namespace SipPush.Benchmarks.Load;

/// <summary>What a run of <c>load</c> prints, on one line of JSON.</summary>
/// <param name="TransactionsPerSecond">Of answered requests, over the time measured.</param>
/// <param name="CpuMicrosPerTransaction">CPU time of this process alone, user and kernel.</param>
/// <param name="P50Micros">From request to answer; null in a process that only answers.</param>
/// <param name="P99Micros">As <paramref name="P50Micros"/>.</param>
/// <param name="AllocatedBytesPerTransaction">By this process, on all threads.</param>
/// <param name="PeakMegabytes">Greatest resident size of this process, in 10^6 octets.</param>
/// <param name="Failed">Requests without an answer in time, or with a wrong one.</param>
internal sealed record LoadReport(
    double TransactionsPerSecond,
    double CpuMicrosPerTransaction,
    double? P50Micros,
    double? P99Micros,
    double AllocatedBytesPerTransaction,
    double PeakMegabytes,
    long Failed)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public void Print() => Console.Out.WriteLine(JsonSerializer.Serialize(this, Json));
}
