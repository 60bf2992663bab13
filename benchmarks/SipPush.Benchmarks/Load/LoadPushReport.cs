using System.Text.Json;
using SipPush.Msrp;

namespace SipPush.Benchmarks.Load;

/// <summary>What a run of pushes prints, on one line of JSON. Of pushes that were delivered, where nothing else is said.</summary>
/// <param name="PushesPerSecond">Over the time measured.</param>
/// <param name="CpuMicrosPerPush">CPU time of this process alone, user and kernel.</param>
/// <param name="P50Micros">From the call to its end, in a session from before INVITE to the answer of BYE; null at the end that receives.</param>
/// <param name="P99Micros">As <paramref name="P50Micros"/>.</param>
/// <param name="AllocatedBytesPerPush">By this process, on all threads.</param>
/// <param name="PeakMegabytes">Greatest resident size of this process, in 10^6 octets.</param>
/// <param name="Failed">Pushes that were not delivered, or whose content did not come whole.</param>
/// <param name="Retransmissions">What the stack counted of them, in the whole run.</param>
/// <param name="HeapMegabytes">What lives on the heap when the last push has ended, its transactions and those of 64*T1 before it included.</param>
/// <param name="SettledMegabytes">What lives on the heap once the stack holds no transaction any more.</param>
/// <param name="Left">What the stack still holds then: all of it has to be zero.</param>
/// <param name="MsrpLeft">What the MSRP endpoint still holds then: as <paramref name="Left"/>.</param>
internal sealed record LoadPushReport(
    double PushesPerSecond,
    double CpuMicrosPerPush,
    double? P50Micros,
    double? P99Micros,
    double AllocatedBytesPerPush,
    double PeakMegabytes,
    long Failed,
    long Retransmissions,
    double HeapMegabytes,
    double SettledMegabytes,
    LoadLeft Left,
    MsrpEndpointCounts MsrpLeft)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <param name="pushes">Measured as calls are.</param>
    /// <param name="endpoint">What had their sessions.</param>
    public static LoadPushReport Of(LoadCallReport pushes, MsrpEndpoint endpoint) => new(
        pushes.CallsPerSecond,
        pushes.CpuMicrosPerCall,
        pushes.P50Micros,
        pushes.P99Micros,
        pushes.AllocatedBytesPerCall,
        pushes.PeakMegabytes,
        pushes.Failed,
        pushes.Retransmissions,
        pushes.HeapMegabytes,
        pushes.SettledMegabytes,
        pushes.Left,
        endpoint.Counts);

    public void Print() => Console.Out.WriteLine(JsonSerializer.Serialize(this, Json));
}
