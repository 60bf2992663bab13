using SipPush.Sip;

namespace SipPush.Tests.Sip.Dialogs;

public sealed class ReinviteRulesTests
{
    [TestCase(false, false, "Accept")]
    [TestCase(true, false, "RequestPending")]
    [TestCase(false, true, "ComeBack")]
    [TestCase(true, true, "RequestPending")]
    [Description("RFC 3261 §14.2")]
    public void An_INVITE_that_crosses_ours_gets_491_and_one_too_many_500(bool own, bool peers, string verdict) =>
        Assert.That(ReinviteRules.OnInvite(own, peers).ToString(), Is.EqualTo(verdict));

    [TestCase(false, false, false, false, "Accept")]
    [TestCase(true, false, false, false, "Accept")]
    [TestCase(false, true, false, false, "ComeBack")]
    [TestCase(true, true, true, false, "ComeBack")]
    [TestCase(true, false, true, false, "RequestPending")]
    [TestCase(true, false, false, true, "ComeBack")]
    [TestCase(false, false, true, true, "Accept")]
    [Description("RFC 3311 §5.2")]
    public void An_UPDATE_gives_way_to_another_and_its_offer_to_another_offer(bool hasOffer, bool unanswered, bool ownOffer, bool peersOffer, string verdict) =>
        Assert.That(ReinviteRules.OnUpdate(hasOffer, unanswered, ownOffer, peersOffer).ToString(), Is.EqualTo(verdict));

    [TestCase(true, true, false, false, true)]
    [TestCase(true, true, true, true, false)]
    [TestCase(true, false, true, true, false)]
    [TestCase(true, true, false, true, false)]
    [TestCase(false, true, true, true, false)]
    [TestCase(false, true, false, true, false)]
    [TestCase(false, false, true, true, true)]
    [Description("RFC 3261 §14.1, RFC 3264 §4, RFC 3311 §5.1")]
    public void One_INVITE_and_one_offer_at_a_time_in_either_direction(bool isInvite, bool hasOffer, bool peersInvite, bool peersOffer, bool may) =>
        Assert.That(ReinviteRules.MaySend(isInvite, hasOffer, peersInvite, peersOffer), Is.EqualTo(may));

    [TestCase(true, 0.0, 2_100)]
    [TestCase(true, 0.5, 3_050)]
    [TestCase(true, 0.9999999, 4_000)]
    [TestCase(false, 0.0, 0)]
    [TestCase(false, 0.5, 1_000)]
    [TestCase(false, 0.9999999, 2_000)]
    [Description("RFC 3261 §14.1")]
    public void After_491_the_owner_of_the_Call_ID_waits_longer(bool owner, double fraction, int milliseconds) =>
        Assert.That(ReinviteRules.WaitAfterPending(owner, fraction), Is.EqualTo(TimeSpan.FromMilliseconds(milliseconds)));

    [TestCase(0.0, 0)]
    [TestCase(0.5, 5)]
    [TestCase(0.9999999, 10)]
    [Description("RFC 3261 §14.2")]
    public void Who_comes_back_does_so_after_0_to_10_seconds(double fraction, int seconds) =>
        Assert.That(ReinviteRules.RetryAfterSeconds(fraction), Is.EqualTo(seconds));
}
