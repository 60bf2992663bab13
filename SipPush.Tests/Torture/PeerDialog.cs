using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>A dialog as the peer sees it.</summary>
internal sealed class PeerDialog
{
    private PeerDialog(SipMessage end, NameAddress own, string ownTag, NameAddress far, string farTag)
    {
        CallId = end.CallId.ToString();
        (From, FromTag, To, ToTag) = (own.Address.ToString(), ownTag, far.Address.ToString(), farTag);
        Target = end.Addresses(SipHeaderNames.Contact).FirstOrDefault().Address.ToString();
    }

    public string CallId { get; }

    public string From { get; }

    public string FromTag { get; }

    public string To { get; }

    public string ToTag { get; }

    /// <summary>Where its requests go.</summary>
    public string Target { get; }

    /// <summary>The number of the last request.</summary>
    public int CSeq { get; set; }

    /// <summary>The number of the last INVITE.</summary>
    public int LastInvite { get; set; }

    /// <summary>That of the peer that called.</summary>
    public static PeerDialog OfCaller(SipResponse success) =>
        new(success, success.From, success.From.Tag.ToString(), success.To, success.To.Tag.ToString())
        {
            CSeq = (int)success.CSeq.Number,
            LastInvite = (int)success.CSeq.Number,
        };

    /// <summary>That of the peer that was called and has answered with that tag.</summary>
    public static PeerDialog OfCalled(SipRequest invite, string tag) => new(invite, invite.To, tag, invite.From, invite.From.Tag.ToString());
}
