using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>A dialog as the peer that began it sees it.</summary>
/// <param name="success">The 2xx to its INVITE.</param>
internal sealed class PeerDialog(SipResponse success)
{
    public string CallId { get; } = success.CallId.ToString();

    public string From { get; } = success.From.Address.ToString();

    public string FromTag { get; } = success.From.Tag.ToString();

    public string To { get; } = success.To.Address.ToString();

    public string ToTag { get; } = success.To.Tag.ToString();

    /// <summary>Where its requests go.</summary>
    public string Target { get; } = success.Addresses(SipHeaderNames.Contact).FirstOrDefault().Address.ToString();

    /// <summary>The number of the last request.</summary>
    public int CSeq { get; set; } = (int)success.CSeq.Number;

    /// <summary>The number of the last INVITE.</summary>
    public int LastInvite { get; set; } = (int)success.CSeq.Number;
}
