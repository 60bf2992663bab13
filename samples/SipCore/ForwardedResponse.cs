using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>A response on its way back (RFC 3261 §16.7).</summary>
internal static class ForwardedResponse
{
    /// <summary>The response without the core's Via, and with what is known of who answers instead of what that one asserts.</summary>
    /// <param name="response">As it came.</param>
    /// <param name="side">The side it goes to.</param>
    /// <param name="isFromUserAgent">Whether a user agent has answered.</param>
    /// <param name="called">The address of record that was called; null when it is none of the domain's.</param>
    public static SipResponse Create(SipResponse response, CoreSide side, bool isFromUserAgent, SipUri? called)
    {
        using var answer = Begin(response, side, isFromUserAgent, called);
        return answer.Build();
    }

    /// <summary>As above, the best of several refusals: with the challenges of all, for the caller has to answer all (§16.7 step 7).</summary>
    public static SipResponse CreateRefusal(SipResponse best, IEnumerable<SipResponse> refusals, CoreSide side, bool isFromUserAgent)
    {
        using var answer = Begin(best, side, isFromUserAgent, called: null);
        if (best.StatusCode is 401 or 407)
        {
            foreach (var other in refusals.Where(refusal => refusal != best && refusal.StatusCode is 401 or 407))
            {
                AddLines(answer, other, SipHeaderNames.WwwAuthenticate);
                AddLines(answer, other, SipHeaderNames.ProxyAuthenticate);
            }
        }

        return answer.Build();
    }

    private static SipResponseBuilder Begin(SipResponse response, CoreSide side, bool isFromUserAgent, SipUri? called)
    {
        var answer = new SipResponseBuilder(response);
        answer.RemoveFirstValue(SipHeaderNames.Via);

        if (isFromUserAgent)
        {
            answer.Remove(SipHeaderNames.PAssertedIdentity);
            answer.Remove(SipHeaderNames.PAssertedService);
            if (side.IsTrusted && called is not null && response.IsSuccess)
            {
                answer.Add(SipHeaderNames.PAssertedIdentity, $"<{called}>");
            }
        }

        if (!side.IsTrusted)
        {
            IdentityRules.OnExit(answer, response);
        }

        return answer;
    }

    private static void AddLines(SipResponseBuilder answer, SipResponse from, SipHeaderName name)
    {
        foreach (var line in from.Lines(name))
        {
            answer.Add(name, line);
        }
    }
}
