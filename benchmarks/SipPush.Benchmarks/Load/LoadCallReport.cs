using System.Text.Json;

namespace SipPush.Benchmarks.Load;

/// <summary>What a run of calls prints, on one line of JSON. Of calls that went through from INVITE to the answer of BYE, where nothing else is said.</summary>
/// <param name="CallsPerSecond">Over the time measured.</param>
/// <param name="CpuMicrosPerCall">CPU time of this process alone, user and kernel.</param>
/// <param name="AnswerP50Micros">From INVITE to the session, its ACK sent or about to be; null at the end that is called.</param>
/// <param name="AnswerP99Micros">As <paramref name="AnswerP50Micros"/>.</param>
/// <param name="P50Micros">From INVITE to the answer of BYE; null at the end that is called.</param>
/// <param name="P99Micros">As <paramref name="P50Micros"/>.</param>
/// <param name="AllocatedBytesPerCall">By this process, on all threads.</param>
/// <param name="PeakMegabytes">Greatest resident size of this process, in 10^6 octets.</param>
/// <param name="Failed">Calls without a session, or with another end than BYE and its answer.</param>
/// <param name="Retransmissions">What the stack counted of them, in the whole run.</param>
/// <param name="HeapMegabytes">What lives on the heap when the last call has ended, its transactions and those of 64*T1 before it included.</param>
/// <param name="SettledMegabytes">What lives on the heap once the stack holds no transaction any more.</param>
/// <param name="Left">What the stack still holds then: all of it has to be zero.</param>
internal sealed record LoadCallReport(
    double CallsPerSecond,
    double CpuMicrosPerCall,
    double? AnswerP50Micros,
    double? AnswerP99Micros,
    double? P50Micros,
    double? P99Micros,
    double AllocatedBytesPerCall,
    double PeakMegabytes,
    long Failed,
    long Retransmissions,
    double HeapMegabytes,
    double SettledMegabytes,
    LoadLeft Left)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public void Print() => Console.Out.WriteLine(JsonSerializer.Serialize(this, Json));
}
