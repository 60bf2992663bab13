using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class EventTypeTests
{
    [Description("SIP-03, SIP-04")]
    [TestCase("reg", "reg", "")]
    [TestCase("presence.winfo ; id = 7", "presence.winfo; id = 7", "7")]
    [TestCase("dialog;call-id=\"x;id=no\"\r\n ;id=2", "dialog;call-id=\"x;id=no\" ;id=2", "2")]
    public void An_event_has_a_type_and_perhaps_an_id(string text, string written, string id)
    {
        Assert.That(EventType.TryParse(text, out var type));
        Assert.That((type.ToString(), type.Id.ToString()), Is.EqualTo((written, id)));
    }

    [TestCase("")]
    [TestCase(";id=1")]
    [TestCase("reg presence")]
    public void Anything_else_is_none(string text) => Assert.That(EventType.TryParse(text, out _), Is.False);

    [TestCase("reg", "reg;x=y", true)]
    [TestCase("reg;id=1", "reg;id=1;x=y", true)]
    [TestCase("reg;id=1", "reg", false)]
    [TestCase("reg;id=1", "reg;id=2", false)]
    [TestCase("reg", "Reg", false)]
    [TestCase("reg", "reg.winfo", false)]
    public void Type_and_id_decide_whether_a_notification_belongs_to_a_subscription(string left, string right, bool matches)
    {
        Assert.That(EventType.TryParse(left, out var one));
        Assert.That(EventType.TryParse(right, out var other));
        Assert.That((one.Matches(other), other.Matches(one)), Is.EqualTo((matches, matches)));
    }
}
