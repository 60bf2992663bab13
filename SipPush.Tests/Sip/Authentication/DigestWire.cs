using SipPush.Sip;

namespace SipPush.Tests.Sip.Authentication;

/// <summary>Messages as far as digest looks at them.</summary>
internal static class DigestWire
{
    public const string Target = "sip:registrar.domain.com";

    public static SipResponse Response(int status, params string[] fields) =>
        SipResponse.Parse(Wire.Of($"SIP/2.0 {status} Any\n{Fields("1 REGISTER", fields)}", utf8: true));

    public static SipResponse Unauthorized(params string[] challenges) =>
        Response(401, [.. challenges.Select(challenge => $"WWW-Authenticate: Digest {challenge}")]);

    public static SipRequestBuilder Request(string method = "REGISTER", string uri = Target, string body = "")
    {
        var request = new SipRequestBuilder(SipRequest.Parse(Wire.Of($"{method} {uri} SIP/2.0\n{Fields($"1 {method}", [])}", utf8: true)));
        request.Body = Wire.Raw(body);
        return request;
    }

    /// <summary>The request as the far end has it.</summary>
    public static SipRequest Received(this SipRequestBuilder request) => SipRequest.Parse(request.Build().Octets.Span);

    public static DigestCredentials[] Sent(SipMessage request, bool proxy = false) =>
    [
        .. request.Lines(proxy ? SipHeaderNames.ProxyAuthorization : SipHeaderNames.Authorization)
            .Select(line => DigestCredentials.TryParse(line.Span, out var sent) ? sent : throw new FormatException(line.ToString())),
    ];

    private static string Fields(string cseq, string[] more) =>
        "Via: SIP/2.0/UDP 192.0.2.4:5060;branch=z9hG4bK1\n"
        + "From: <sip:bob@domain.com>;tag=1\n"
        + "To: <sip:bob@domain.com>\n"
        + "Call-ID: 1\n"
        + $"CSeq: {cseq}\n"
        + string.Concat(more.Select(field => field + "\n"))
        + "Content-Length: 0\n\n";
}
