using System.Text.Json;
using SipPush.Sdp;

namespace SipPush.Tests.Torture;

/// <summary>
/// Runs one session description: reads it strictly and leniently, whole and cut everywhere, writes it again, answers it as if it were an
/// offer, and compares with the index and the oracle. What the index wants refused the strict profile refuses, and what it wants taken the
/// lenient one takes; what the other makes of it is said beside it.
/// </summary>
internal static class SdpMessageRunner
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    public static TortureResult Run(TortureEntry entry, IReadOnlyDictionary<string, JsonElement> oracle)
    {
        var octets = entry.Read();
        var broken = new List<string>();
        var words = new List<string>();
        SessionDescription? strict = null;
        SessionDescription? lenient = null;
        SdpAnswer? answer = null;
        SdpParseError error = default;

        Guard(broken, "whole", () =>
        {
            // The first time pays for compiling.
            Handle(octets, out _, out _, out _, out _);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var start = TimeProvider.System.GetTimestamp();
            Handle(octets, out strict, out lenient, out error, out answer);
            var time = TimeProvider.System.GetElapsedTime(start);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (time > Limit)
            {
                broken.Add($"{time.TotalSeconds:F1} s");
            }

            if (allocated > (16L * octets.Length) + (1 << 20))
            {
                broken.Add($"{allocated} octets allocated for {octets.Length}");
            }
        });
        for (var length = 0; length < octets.Length; length++)
        {
            Guard(broken, $"cut at {length}", () => Handle(octets.AsSpan(0, length), out _, out _, out _, out _));
        }

        words.Add(strict is null ? $"strictly refused ({error}), leniently {(lenient is null ? "refused" : "taken")}" : "taken");
        if (answer is not null)
        {
            words.Add(answer.RefusalStatus is { } status ? $"as an offer {status}" : $"as an offer {answer.Lines.Count(line => line.IsAccepted)} of {answer.Lines.Count} sessions");
        }

        if (strict is not null && entry.Verdict == "valid")
        {
            AddDifference(words, strict.ToOctets().AsSpan().SequenceEqual(octets) ? null : "written again it is not the same");
            AddDifference(words, strict.Equals(lenient) ? null : "read leniently it is not the same");
        }

        if (lenient is not null && oracle.TryGetValue(entry.File, out var known))
        {
            AddDifference(words, Compare(lenient, octets, known.GetProperty("sdp")));
        }

        var differs = words.Exists(word => word.StartsWith('!'));
        var alternatives = entry.Action.For(entry.Transport, entry.Role);
        var met = alternatives.FirstOrDefault(steps => steps.All(step => Meets(step, strict, lenient, answer) is true));
        var unknown = alternatives.SelectMany(steps => steps).FirstOrDefault(step => Meets(step, strict, lenient, answer) is null);
        words.AddRange(broken);
        if (met is null && unknown.Name is not null && broken.Count == 0 && !differs)
        {
            return TortureResult.Skipped(entry.File, $"no meaning is known for {unknown}; {string.Join("; ", words)}");
        }

        if (met is null)
        {
            words.Insert(0, $"wanted {entry.Action}");
        }

        var verdict = met is null || differs || broken.Count > 0 ? TortureVerdict.Failed : TortureVerdict.Passed;
        return new TortureResult(entry.File, verdict, string.Join("; ", words), broken.Count > 0);
    }

    private static bool? Meets(TortureStep step, SessionDescription? strict, SessionDescription? lenient, SdpAnswer? answer) => step.Name switch
    {
        "accept" or "parse-ok" or "accept-warn" or "accept-ignore" or "accept-sanitize" or "accept-policy" => lenient is not null,
        "accept-port0" => answer is not null && answer.Description.Media.Any(media => media.IsRejected),
        "reject" => step.Status is 0 or 400 ? strict is null : answer?.RefusalStatus == step.Status || (answer is null && strict is null),
        "no-crash" => true,
        _ => null,
    };

    private static void Handle(ReadOnlySpan<byte> octets, out SessionDescription? strict, out SessionDescription? lenient, out SdpParseError error, out SdpAnswer? answer)
    {
        _ = SessionDescription.TryParse(octets, out strict, out error, SdpProfile.Strict);
        _ = error.ToString();
        answer = null;
        if (SessionDescription.TryParse(octets, out lenient, out var lenientError))
        {
            _ = lenient.ToOctets();
            answer = SdpAnswerer.Answer(lenient, SutSdp.Capabilities, new FileTransfers());
            _ = answer.Description.ToOctets();
            _ = AnswerCheck.Check(lenient, lenient);
            _ = SdpOfferer.ReadAnswer(lenient, lenient);
        }
        else if (strict is not null)
        {
            throw new InvalidOperationException($"The strict profile takes what the lenient one does not: {lenientError}");
        }
    }

    private static string? Compare(SessionDescription seen, ReadOnlySpan<byte> octets, JsonElement oracle)
    {
        // s= and t= are put in where they were missing.
        var repaired = (octets.IndexOf("\ns="u8) < 0 ? 1 : 0) + (octets.IndexOf("\nt="u8) < 0 ? 1 : 0);
        var session = 3 - repaired + Count(seen.Information, seen.Uri, seen.Connection?.Address, seen.Key) + seen.Emails.Count + seen.Phones.Count + seen.Bandwidths.Count
            + seen.Times.Sum(time => 1 + time.Repeats.Count + Count(time.Zones)) + seen.Attributes.Count + seen.UnknownLines.Count;
        var media = seen.Media
            .Select(one => 1 + Count(one.Information, one.Key) + one.Connections.Count + one.Bandwidths.Count + one.Attributes.Count + one.UnknownLines.Count)
            .ToList();
        var (wanted, wantedMedia) = (oracle.GetProperty("session_lines").GetInt32(), oracle.GetProperty("media_lines").EnumerateArray().Select(count => count.GetInt32()).ToList());
        return oracle.GetProperty("media").GetInt32() == media.Count && wanted == session && wantedMedia.SequenceEqual(media)
            ? null
            : $"the oracle saw {wanted} and {string.Join(' ', wantedMedia)} lines, here are {session} and {string.Join(' ', media)}";
    }

    private static int Count(params string?[] values) => values.Count(value => value is not null);

    private static void AddDifference(List<string> words, string? difference)
    {
        if (difference is not null)
        {
            words.Add($"! {difference}");
        }
    }

    private static void Guard(List<string> broken, string where, Action act)
    {
        try
        {
            act();
        }
        catch (Exception escaped)
        {
            broken.Add($"{where}: {escaped.GetType().Name} {escaped.Message}");
        }
    }
}
