using System.Globalization;
using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>The well-formed messages that a peer of a scenario writes, and the changes that <c>vary</c> makes in those a scenario gives.</summary>
internal sealed class PeerMessages
{
    private readonly Dictionary<string, (string CallId, int CSeq)> _calls = [];
    private int _count;

    /// <summary>A request with what every request must have; <paramref name="more"/> are whole lines.</summary>
    public string Request(string method, string uri, ScenarioPeer peer, SipProtocol protocol, string to, string from, string callId, int cseq, string? toTag, IEnumerable<string> more, string body = "")
    {
        var number = ++_count;
        var text = new StringBuilder($"{method} {uri} SIP/2.0\r\n");
        text.Append(CultureInfo.InvariantCulture, $"Via: SIP/2.0/{protocol.ViaName()} {peer.Address};branch=z9hG4bKpeer{number};rport\r\n");
        text.Append("Max-Forwards: 70\r\n");
        text.Append(CultureInfo.InvariantCulture, $"From: <{from}>;tag=peer{number}\r\n");
        text.Append(CultureInfo.InvariantCulture, $"To: <{to}>{(toTag is null ? "" : $";tag={toTag}")}\r\n");
        text.Append(CultureInfo.InvariantCulture, $"Call-ID: {callId}\r\nCSeq: {cseq} {method}\r\n");
        foreach (var line in more)
        {
            text.Append(line).Append("\r\n");
        }

        return text.Append(CultureInfo.InvariantCulture, $"Content-Length: {Encoding.Latin1.GetByteCount(body)}\r\n\r\n{body}").ToString();
    }

    /// <summary>A request within a dialog that the peer began.</summary>
    public string InDialog(string method, PeerDialog dialog, ScenarioPeer peer, SipProtocol protocol, int cseq, string? toTag, IEnumerable<string> more, string body = "")
    {
        var text = Request(method, dialog.Target, peer, protocol, dialog.To, dialog.From, dialog.CallId, cseq, toTag ?? dialog.ToTag, more, body);
        var tag = text.IndexOf(";tag=peer", StringComparison.Ordinal);
        var end = text.IndexOf('\r', tag);
        return $"{text[..tag]};tag={dialog.FromTag}{text[end..]}";
    }

    /// <summary>The ACK or CANCEL of an INVITE, in its transaction (RFC 3261 §9.1, §17.1.1.3).</summary>
    /// <param name="method">ACK or CANCEL.</param>
    /// <param name="invite">The INVITE.</param>
    /// <param name="to">What follows <c>To: </c>; null for what the INVITE has.</param>
    public static string Within(string method, string invite, string? to)
    {
        var lines = invite[..invite.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Split("\r\n");
        var text = new StringBuilder($"{method}{lines[0]["INVITE".Length..]}\r\n");
        foreach (var line in lines.Skip(1))
        {
            var name = line[..line.IndexOf(':', StringComparison.Ordinal)];
            var kept = name switch
            {
                "To" when to is not null => $"To: {to}",
                "CSeq" => line.Replace("INVITE", method, StringComparison.Ordinal),
                "Via" or "Max-Forwards" or "From" or "To" or "Call-ID" => line,
                _ => null,
            };
            text.Append(kept).Append(kept is null ? "" : "\r\n");
        }

        return text.Append("Content-Length: 0\r\n\r\n").ToString();
    }

    /// <summary>The Call-ID and CSeq of the next request of that name: those of a new call, or the call's next ones.</summary>
    public (string CallId, int CSeq) NextInCall(string name, bool same, int? cseq)
    {
        var (callId, last) = same && _calls.TryGetValue(name, out var call) ? call : ($"peer-{name}-{++_count}@192.0.2.1", 0);
        _calls[name] = (callId, cseq ?? (last + 1));
        return _calls[name];
    }

    /// <summary>The text with what is named made new in each repetition; that which is not in the text stays away.</summary>
    /// <exception cref="ScenarioSkip">Nobody knows how that is varied.</exception>
    public static string Vary(string text, IReadOnlyList<string> what, int repetition)
    {
        foreach (var name in what)
        {
            text = name.ToLowerInvariant() switch
            {
                "branch" => AfterValue(text, "branch=", $"v{repetition}"),
                "call-id" or "callid" or "call_id" => AfterValue(text, "Call-ID: ", $"v{repetition}"),
                "tag" or "from-tag" or "from_tag" => AfterValue(text, ";tag=", $"v{repetition}"),
                "cseq" => Count(text, repetition),
                "uri" or "user" => text.Replace("sip:sut@", $"sip:sut{repetition}@", StringComparison.Ordinal),
                _ => throw new ScenarioSkip($"vary {name}"),
            };
        }

        return text;
    }

    private static string AfterValue(string text, string name, string suffix)
    {
        var at = text.IndexOf(name, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return text;
        }

        var end = text.AsSpan(at + name.Length).IndexOfAny(";\r\n ,");
        return end < 0 ? text + suffix : text.Insert(at + name.Length + end, suffix);
    }

    private static string Count(string text, int repetition)
    {
        const string Name = "CSeq: ";
        var at = text.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return text;
        }

        at += Name.Length;
        var length = text.AsSpan(at).IndexOf(' ');
        return long.TryParse(text.AsSpan(at, length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? $"{text[..at]}{number + repetition}{text[(at + length)..]}"
            : text;
    }
}
