using SipPush.Tests.Sip.Dialogs;

namespace SipPush.Tests.Agents;

/// <summary>What a scripted far end says of sessions.</summary>
internal static class SessionText
{
    /// <summary>A session description with one MSRP session at that port of the loopback.</summary>
    public static string Offer(int port, string session = "p1", int version = 1) => $"""
        v=0
        o=- 1 {version} IN IP4 127.0.0.1
        s=-
        c=IN IP4 127.0.0.1
        t=0 0
        m=message {port} TCP/MSRP *
        a=accept-types:*
        a=path:msrp://127.0.0.1:{port}/{session};tcp
        a=setup:actpass

        """;

    /// <summary>An INVITE of al at 192.0.2.9 to bob at 192.0.2.10.</summary>
    /// <param name="body">Its body; LF becomes CRLF.</param>
    /// <param name="type">The type of the body.</param>
    /// <param name="number">CSeq.</param>
    /// <param name="to">The tag of To, once there is one, with the parameter's name.</param>
    public static string Invite(string body, string type = "application/sdp", int number = 1, string to = "")
    {
        body = body.ReplaceLineEndings("\r\n");
        return string.Join("\r\n", [
            "INVITE sip:bob@192.0.2.10 SIP/2.0",
            $"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKinvite{number}",
            "Max-Forwards: 70",
            "From: <sip:al@192.0.2.9>;tag=al",
            $"To: <sip:bob@192.0.2.10>{to}",
            "Call-ID: session",
            $"CSeq: {number} INVITE",
            "Contact: <sip:al@192.0.2.9:5060>",
            .. body.Length == 0 ? Array.Empty<string>() : [$"Content-Type: {type}"],
            $"Content-Length: {body.Length}",
            "",
            body]);
    }

    /// <summary>The ACK of a final answer to <see cref="Invite"/>.</summary>
    public static string Ack(string response)
    {
        var number = SessionWire.Line(response, "CSeq").Split(' ')[1];
        return InDialog(response, "ACK", int.Parse(number, System.Globalization.CultureInfo.InvariantCulture), response.StartsWith("SIP/2.0 2", StringComparison.Ordinal) ? "ack" : "invite");
    }

    /// <summary>A request without a body in the dialog that an answer to <see cref="Invite"/> began.</summary>
    public static string InDialog(string response, string method, int number, string branch) => string.Join("\r\n", [
        $"{method} sip:bob@192.0.2.10 SIP/2.0",
        $"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{branch}{number}",
        "Max-Forwards: 70",
        "From: <sip:al@192.0.2.9>;tag=al",
        SessionWire.Line(response, "To"),
        "Call-ID: session",
        $"CSeq: {number} {method}",
        "Content-Length: 0",
        "",
        ""]);

    /// <summary>The path in a message with a session description.</summary>
    public static string PathOf(string message) => Attribute(message, "a=path:");

    /// <summary>The rest of the first line that begins so.</summary>
    public static string Attribute(string message, string start) =>
        message.Split("\r\n").First(line => line.StartsWith(start, StringComparison.Ordinal))[start.Length..];
}
