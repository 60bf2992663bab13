namespace SipPush.Sip;

/// <summary>
/// The provisional responses to one INVITE within one early dialog, at the end that called (RFC 3262 §4): which of them are
/// acknowledged and which count. A forked INVITE has as many of these as dialogs. It has one owner at a time.
/// </summary>
internal sealed class ReceivedProvisionals
{
    private uint? _last;

    /// <summary>A provisional response of that dialog.</summary>
    /// <param name="response">From 100 to 199.</param>
    /// <param name="rack">What the PRACK says, with <see cref="ProvisionalReceipt.Acknowledge"/> only.</param>
    public ProvisionalReceipt OnProvisional(SipResponse response, out RAck rack)
    {
        rack = default;
        if (response.StatusCode == 100
            || !response.Lists(SipHeaderNames.Require, "100rel"u8)
            || !RAck.TryParseRSeq(response[SipHeaderNames.RSeq], out var number))
        {
            return ProvisionalReceipt.Unreliable;
        }

        // Anything but the next is a repetition, or one came before it that was lost: that one will be repeated, and so will this.
        if (_last is { } last && number != last + 1)
        {
            return ProvisionalReceipt.Discard;
        }

        _last = number;
        rack = new RAck(number, response.CSeq);
        return ProvisionalReceipt.Acknowledge;
    }
}
