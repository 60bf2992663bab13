using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>Which of several final responses to forward (RFC 3261 §16.7 step 6).</summary>
internal static class BestResponse
{
    /// <summary>The response to forward; null when none came.</summary>
    public static SipResponse? Of(IEnumerable<SipResponse> responses) => responses.MinBy(Rank);

    // 2xx; then 6xx; then the lowest class, in 4xx those first that tell the caller how to ask again.
    private static int Rank(SipResponse response) => response.StatusCode switch
    {
        < 300 => 0,
        >= 600 => 1,
        < 400 => 2,
        401 or 407 or 415 or 420 or 484 => 3,
        < 500 => 4,
        503 => 6,
        _ => 5,
    };
}
