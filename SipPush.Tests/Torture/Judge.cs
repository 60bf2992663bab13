using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>Whether what was seen is what an action asks for.</summary>
internal static class Judge
{
    /// <summary>The first alternative that is met; null when none is.</summary>
    /// <param name="unknown">The first step that means nothing for SIP; null when there is none.</param>
    public static string? FirstMet(IReadOnlyList<TortureStep[]> alternatives, Observation seen, out string? unknown)
    {
        unknown = null;
        foreach (var steps in alternatives)
        {
            if (steps.All(step => Meets(step, seen) is true))
            {
                return string.Join(",", steps);
            }

            foreach (var step in steps)
            {
                if (Meets(step, seen) is null)
                {
                    unknown ??= step.ToString();
                }
            }
        }

        return null;
    }

    private static bool? Meets(TortureStep step, Observation seen) => step.Name switch
    {
        "accept" => IsAccepted(seen, count: 1),
        "accept-two" => IsAccepted(seen, count: 2),
        "accept-no-response" => seen.Statuses.Count == 0 && !seen.Malformed,
        "parse-ok" => seen.ParseError == SipParseError.None && !seen.Malformed,
        "parse-headers" => seen.ParseError is SipParseError.None or SipParseError.BodyTruncated,
        "reject" => IsRejected(step, seen),
        "drop" => seen.Statuses.Count == 0 && seen.Answer is null && seen.Delivered == 0 && !seen.Closed,
        "close" => seen.Closed,
        "wait-then-close" => seen.Statuses.Count == 0 && !seen.Closed && seen.ClosedLater,
        "no-crash" => true,
        _ => null,
    };

    // Processed, and no answer that speaks of syntax, of a method that the fixture has, or of a fault of its own.
    private static bool IsAccepted(Observation seen, int count)
    {
        if (seen.Malformed || seen.Closed)
        {
            return false;
        }

        if (!seen.IsRequest)
        {
            return !seen.Stray;
        }

        return seen.IsAck
            ? seen.Statuses.Count == 0 && seen.ParseError == SipParseError.None
            : seen.Statuses.Count(status => status >= 200) == count && !seen.Statuses.Any(status => IsComplaint(status, seen.IsOfFixture));
    }

    private static bool IsComplaint(int status, bool isOfFixture) => status switch
    {
        400 or 414 => true,
        405 or 501 => isOfFixture,
        >= 500 and < 600 => true,
        _ => false,
    };

    private static bool IsRejected(TortureStep step, Observation seen)
    {
        if (step.Closes && !seen.Closed)
        {
            return false;
        }

        // "that response, where one can be routed; else drop"
        if (seen.Statuses.Count == 0)
        {
            return seen.Unroutable || seen.IsAck || (!seen.IsRequest && seen.Answer is null) || (step.Status == 0 && seen.Delivered == 0);
        }

        return seen.Statuses.All(status => step.Status == 0 ? status >= 400 : status == step.Status);
    }
}
