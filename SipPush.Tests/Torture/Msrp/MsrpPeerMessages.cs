using System.Text.RegularExpressions;

namespace SipPush.Tests.Torture;

/// <summary>What a peer of an MSRP scenario writes, and the changes that <c>vary</c> makes in what a scenario gives.</summary>
internal static partial class MsrpPeerMessages
{
    /// <summary>The response to a request of the system under test (RFC 4975 §7.2).</summary>
    public static string Response(MsrpPeerFrame request, int status, string? tid) =>
        Response(tid ?? request.Tid, status, request["From-Path"]!.Split(' ')[0], request["To-Path"]!.Split(' ')[0]);

    public static string Response(string tid, int status, string to, string from) =>
        $"MSRP {tid} {status} {SipPush.Msrp.MsrpStatus.ReasonOf(status)}\r\nTo-Path: {to}\r\nFrom-Path: {from}\r\n-------{tid}$\r\n";

    /// <summary>The text with what is named made new in each repetition.</summary>
    /// <exception cref="ScenarioSkip">Nobody knows how that is varied.</exception>
    public static string Vary(string text, IReadOnlyList<string> what, int repetition)
    {
        foreach (var name in what)
        {
            text = name.ToLowerInvariant() switch
            {
                "tid" or "transaction" or "transaction-id" or "transact-id" => Tid(text, repetition),
                "mid" or "message-id" or "message_id" or "messageid" => MessageId().Replace(text, match => $"{match.Groups[1]}{New(match.Groups[2].Value, repetition)}"),
                "session" or "to-path" or "session-id" => text.Replace("/Loc4lSess10n;", $"/NoSess{repetition:D8};", StringComparison.Ordinal),
                "from-path" => text.Replace("/P33rSess10n;", $"/P{repetition:D8};", StringComparison.Ordinal),
                _ => throw new ScenarioSkip($"vary {name}"),
            };
        }

        return text;
    }

    private static string Tid(string text, int repetition)
    {
        foreach (var tid in StartLine().Matches(text).Select(match => match.Groups[1].Value).Distinct())
        {
            text = text.Replace($"MSRP {tid} ", $"MSRP {New(tid, repetition)} ", StringComparison.Ordinal).Replace($"-------{tid}", $"-------{New(tid, repetition)}", StringComparison.Ordinal);
        }

        return text;
    }

    // At most 32 characters, and the number at the end.
    private static string New(string id, int repetition) => $"{id[..Math.Min(id.Length, 22)]}.v{repetition}";

    [GeneratedRegex(@"^MSRP (\S+) ", RegexOptions.Multiline)]
    private static partial Regex StartLine();

    [GeneratedRegex(@"(Message-ID: )(\S+)")]
    private static partial Regex MessageId();
}
