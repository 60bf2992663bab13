using SipPush.Msrp;
using SipPush.Msrp.Framing;
using SipPush.Tests.Msrp.Framing;

namespace SipPush.Tests.Torture;

/// <summary>
/// Whether what an MSRP file led to is what its action asks for. Two things are for the words of the index to leave open. A frame whose To-Path is
/// none of the fixture's sessions is for another endpoint: to accept it is to read it and stay in step with the stream, and what the endpoint
/// answers, 481 to a SEND and 501 to a method it does not have, is right. And a refusal goes out only where there is a way for it: paths, and a
/// Failure-Report other than no; where there is none, it is enough that nothing comes of the frame.
/// </summary>
internal static class MsrpJudge
{
    /// <summary>The first alternative that is met; null when none is.</summary>
    /// <param name="unknown">The first step that means nothing for MSRP; null when there is none.</param>
    public static string? FirstMet(IReadOnlyList<TortureStep[]> alternatives, FrameTrace trace, MsrpObservation seen, out string? unknown)
    {
        unknown = null;
        foreach (var steps in alternatives)
        {
            if (steps.All(step => Meets(step, trace, seen) is true))
            {
                return string.Join(",", steps);
            }

            foreach (var step in steps)
            {
                unknown ??= Meets(step, trace, seen) is null ? step.ToString() : null;
            }
        }

        return null;
    }

    private static bool? Meets(TortureStep step, FrameTrace trace, MsrpObservation seen) => step.Name switch
    {
        "accept" => IsAccepted(trace, seen),
        "accept-two" => trace.Frames.Count >= 2 && IsAccepted(trace, seen) && (trace.Frames.Any(frame => !IsOfFixture(frame)) || seen.Delivered == 2),
        "accept-no-response" => IsRead(trace, seen) && seen.Statuses.Count == 0,
        "accept-report-only" => IsRead(trace, seen) && seen.Statuses.Count == 0 && (seen.Reports > 0 || trace.Frames.TrueForAll(frame => !IsOfFixture(frame))),
        "accept-ignore" => !seen.Closed && seen.Statuses.All(status => status is 200 or 481),
        "accept-sanitize" or "accept-policy" or "accept-warn" => !seen.Closed && !seen.Statuses.Contains(400),
        "parse-ok" => IsRead(trace, seen),
        "reject" => IsRejected(step, trace, seen),
        "drop" => seen is { Statuses.Count: 0, Delivered: 0, Closed: false },
        "close" => seen.Closed && seen.Delivered == 0,
        "wait-then-close" => seen is { Statuses.Count: 0, Closed: false, ClosedLater: true, Delivered: 0 },
        "give-up" or "fail-transaction" => seen.HasFailed || seen.Closed,
        "throttle" or "bounded" or "no-leak" => true,
        "isolated" => seen.IsAlive,
        "no-crash" => true,
        _ => null,
    };

    private static bool IsRead(FrameTrace trace, MsrpObservation seen) =>
        !seen.Closed && trace.Error.Fault == MsrpFault.None && trace.IsBetweenFrames && trace.Frames.TrueForAll(frame => frame.Error.Fault == MsrpFault.None);

    private static bool IsAccepted(FrameTrace trace, MsrpObservation seen)
    {
        if (!IsRead(trace, seen))
        {
            return false;
        }

        var wanted = trace.Frames.Where(frame => !frame.IsResponse && frame.Method != MsrpMethod.Report).Select(WantedStatus).Where(status => status != 0);
        var wholes = trace.Frames.Count(frame => IsWhole(frame) && IsOfFixture(frame));
        return seen.Statuses.SequenceEqual(wanted) && seen.Delivered >= Math.Min(wholes, 1);
    }

    private static int WantedStatus(ReadFrame frame) =>
        frame.FailureReport == FailureReportMode.No ? 0
        : frame.Method != MsrpMethod.Send ? 501
        : !IsOfFixture(frame) ? 481
        : frame.FailureReport == FailureReportMode.Partial ? 0
        : 200;

    private static bool IsWhole(ReadFrame frame) =>
        frame is { IsResponse: false, Method: MsrpMethod.Send, HasBody: true, Flag: ContinuationFlag.Complete } && (frame.ByteRange is not { } range || range.Start == 1);

    private static bool IsOfFixture(ReadFrame frame) =>
        MsrpUri.TryParse(System.Text.Encoding.Latin1.GetBytes(frame.ToPath), out var uri) && (uri.Equals(MsrpUri.Parse(MsrpSut.L)) || uri.Equals(MsrpUri.Parse(MsrpSut.L2)));

    private static bool IsRejected(TortureStep step, FrameTrace trace, MsrpObservation seen)
    {
        if (step.Closes && !seen.Closed)
        {
            return false;
        }

        var refusals = seen.Statuses.Where(status => status != 200).ToList();
        if (refusals.Count > 0)
        {
            return refusals.TrueForAll(status => step.Status == 0 || status == step.Status);
        }

        return seen.Delivered == 0 && trace.Frames.TrueForAll(frame => frame.FromPath.Length == 0 || frame.ToPath.Length == 0 || frame.FailureReport == FailureReportMode.No || frame.Method == MsrpMethod.Report);
    }
}
