using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>What is believed about who sends, and what is told about it (RFC 3325 §5–7, RFC 6050 §4, RFC 7315 §4.2).</summary>
internal static class IdentityRules
{
    private static readonly string[] MethodsWithService = ["INVITE", "MESSAGE", "OPTIONS", "SUBSCRIBE", "PUBLISH", "REFER"];

    /// <summary>On the way in: what an untrusted sender asserts goes; what is known of it comes in its place.</summary>
    /// <param name="forward">The request that will go on.</param>
    /// <param name="request">The request that came.</param>
    /// <param name="isTrusted">Whether it came from a trusted side.</param>
    /// <param name="sender">The registered identity it came from; null when that is unknown.</param>
    public static void OnEntry(SipRequestBuilder forward, SipRequest request, bool isTrusted, SipUri? sender)
    {
        var mayHaveService = MethodsWithService.Contains(request.Method.Name);
        var preferredService = request[SipHeaderNames.PPreferredService];

        if (!isTrusted)
        {
            forward.Remove(SipHeaderNames.PAssertedIdentity);
            forward.Remove(SipHeaderNames.PAssertedService);
            forward.Remove(SipHeaderNames.PCalledPartyId);

            if (sender is not null)
            {
                forward.Add(SipHeaderNames.PAssertedIdentity, $"<{sender}>");
                if (mayHaveService && !preferredService.IsEmpty)
                {
                    forward.Add(SipHeaderNames.PAssertedService, request.Values(SipHeaderNames.PPreferredService).First().ToString());
                }
            }
        }
        else if (!mayHaveService)
        {
            forward.Remove(SipHeaderNames.PAssertedService);
        }
        else if (request.Values(SipHeaderNames.PAssertedService).Skip(1).Any())
        {
            forward.Set(SipHeaderNames.PAssertedService, request.Values(SipHeaderNames.PAssertedService).First().ToString());
        }

        forward.Remove(SipHeaderNames.PPreferredIdentity);
        forward.Remove(SipHeaderNames.PPreferredService);
    }

    /// <summary>On the way out to a user agent: it need not know which service this is, nor who sent it when that one asked for privacy.</summary>
    public static void OnExit(SipMessageBuilder forward, SipMessage message)
    {
        forward.Remove(SipHeaderNames.PAssertedService);
        if (WantsPrivacy(message))
        {
            forward.Remove(SipHeaderNames.PAssertedIdentity);
        }
    }

    // priv-value *(";" priv-value); some write commas.
    private static bool WantsPrivacy(SipMessage message) =>
        message.Lines(SipHeaderNames.Privacy).Any(line => line.ToString()
            .Split([';', ','], StringSplitOptions.TrimEntries)
            .Contains("id", StringComparer.OrdinalIgnoreCase));
}
