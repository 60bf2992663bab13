using SipPush.Sdp;

namespace SipPush.Tests.Sdp;

public sealed class AcceptTypesTests
{
    [Description("SDP-15")]
    [TestCase("*", "image/png", true)]
    [TestCase("text/*", "TEXT/html", true)]
    [TestCase("text/*", "textual/html", false)]
    [TestCase("text/*", "image/png", false)]
    [TestCase("text/plain", "text/plain;charset=utf-8", true)]
    [TestCase("text/plain;charset=us-ascii", "text/plain;charset=utf-8", true)]
    [TestCase("text/plain", "text/plainer", false)]
    [TestCase("message/cpim text/plain", "text/plain", true)]
    [TestCase("a/b;x=\"one two\" c/d", "c/d", true)]
    [TestCase("a/b;x=\"one c/d\"", "c/d", false)]
    public void Wildcards_count_and_parameters_do_not(string list, string type, bool isAllowed)
    {
        Assert.That(AcceptTypes.TryParse(list, out var types));
        Assert.That(types!.Allows(type), Is.EqualTo(isAllowed));
        Assert.That(types.ToString(), Is.EqualTo(list));
    }

    [Description("SDP-15")]
    [TestCase("text/*", "text/plain", true)]
    [TestCase("text/*", "text/*", true)]
    [TestCase("*", "application/vnd.oma.push", true)]
    [TestCase("text/*", "image/*", false)]
    [TestCase("text/plain image/png", "image/gif image/png;q=1", true)]
    public void Two_lists_have_a_type_in_common_or_none(string one, string other, bool overlap)
    {
        Assert.That(AcceptTypes.TryParse(one, out var first));
        Assert.That(AcceptTypes.TryParse(other, out var second));
        Assert.That(first!.Overlaps(second!), Is.EqualTo(overlap));
        Assert.That(second!.Overlaps(first), Is.EqualTo(overlap));
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("text")]
    [TestCase("text/plain,image/png")]
    [TestCase("/plain")]
    [TestCase("text/pl(ain")]
    public void Anything_else_is_no_list(string text) => Assert.That(AcceptTypes.TryParse(text, out _), Is.False);
}
