using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class SubscriptionStateTests
{
    [Description("SIP-03, SIP-04")]
    [TestCase("active;expires=3600", "active;expires=3600", false, false, 3600, null, "")]
    [TestCase("Pending ; Expires = 60", "Pending; Expires = 60", true, false, 60, null, "")]
    [TestCase("terminated;reason=probation;\r\n retry-after=120", "terminated;reason=probation; retry-after=120", false, true, null, 120, "probation")]
    [TestCase("other;expires=soon", "other;expires=soon", false, false, null, null, "")]
    public void A_state_says_how_long_and_why(string text, string written, bool pending, bool terminated, int? expires, int? retryAfter, string reason)
    {
        Assert.That(SubscriptionState.TryParse(text, out var state));
        Assert.That((state.ToString(), state.IsPending, state.IsTerminated, state.Reason.ToString()), Is.EqualTo((written, pending, terminated, reason)));
        Assert.That((state.Expires?.TotalSeconds, state.RetryAfter?.TotalSeconds), Is.EqualTo(((double?)expires, (double?)retryAfter)));
    }

    [TestCase("")]
    [TestCase(";expires=1")]
    [TestCase("active expires=1")]
    public void Anything_else_is_none(string text) => Assert.That(SubscriptionState.TryParse(text, out _), Is.False);
}
