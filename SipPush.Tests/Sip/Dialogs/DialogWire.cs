using SipPush.Sip;

namespace SipPush.Tests.Sip.Dialogs;

/// <summary>The INVITE of Alice, what Bob answers, and what either says within the dialog.</summary>
internal static class DialogWire
{
    public static SipRequest Invite(string headers = "Contact: <sip:alice@192.0.2.1:5070>", string uri = "sip:bob@example.com", string transport = "UDP") =>
        SipRequest.Parse(Wire.Of(Join(
            $"INVITE {uri} SIP/2.0",
            $"Via: SIP/2.0/{transport} 192.0.2.1:5070;branch=z9hG4bK1",
            "From: \"Alice\" <sip:alice@example.com>;tag=a",
            "To: Bob <sip:bob@example.com>",
            "Call-ID: call-1",
            "CSeq: 7 INVITE",
            headers)));

    public static SipResponse Response(int status, string headers = "Contact: <sip:bob@192.0.2.2>", string toTag = ";tag=b") =>
        SipResponse.Parse(Wire.Of(Join(
            $"SIP/2.0 {status} Whatever",
            "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK1",
            "From: \"Alice\" <sip:alice@example.com>;tag=a",
            $"To: Bob <sip:bob@example.com>{toTag}",
            "Call-ID: call-1",
            "CSeq: 7 INVITE",
            headers)));

    /// <summary>A request of Alice in the dialog that Bob has.</summary>
    public static SipRequest Within(string method, int number, string headers = "Max-Forwards: 70") =>
        SipRequest.Parse(Wire.Of(Join(
            $"{method} sip:bob@192.0.2.2 SIP/2.0",
            "Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK2",
            "From: \"Alice\" <sip:alice@example.com>;tag=a",
            "To: Bob <sip:bob@example.com>;tag=b",
            "Call-ID: call-1",
            $"CSeq: {number} {method}",
            headers)));

    private static string Join(params string[] lines) => string.Join('\n', lines.Where(line => line.Length > 0)) + "\n\n";
}
