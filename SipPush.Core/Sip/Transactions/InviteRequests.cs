using System.Globalization;

namespace SipPush.Sip.Transactions;

/// <summary>The two requests that go with an INVITE to the same place and with the same branch.</summary>
internal static class InviteRequests
{
    /// <summary>The CANCEL of an INVITE: its Request-URI, Call-ID, To, From, Route and the number of its CSeq (RFC 3261 §9.1).</summary>
    public static SipRequest CreateCancel(SipRequest invite) => Create(SipMethod.Cancel, invite, invite);

    /// <summary>The ACK of a 300–699: as the CANCEL, but with the response's To (RFC 3261 §17.1.1.3).</summary>
    public static SipRequest CreateAck(SipRequest invite, SipResponse refusal) => Create(SipMethod.Ack, invite, refusal);

    private static SipRequest Create(SipMethod method, SipRequest invite, SipMessage withTo)
    {
        using var request = new SipRequestBuilder(method, invite.RequestUriText);
        request.AddLinesOf(invite, SipHeaderNames.Route);
        request.Add(SipHeaderNames.MaxForwards, "70");
        request.AddLinesOf(invite, SipHeaderNames.From);
        request.AddLinesOf(withTo, SipHeaderNames.To);
        request.AddLinesOf(invite, SipHeaderNames.CallId);
        request.Add(SipHeaderNames.CSeq, string.Create(CultureInfo.InvariantCulture, $"{invite.CSeq.Number} {method}"));
        return request.Build();
    }
}
