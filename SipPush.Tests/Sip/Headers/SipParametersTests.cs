using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class SipParametersTests
{
    [Test, Description("SIP-03")]
    public void Parameters_come_in_order_without_the_white_space_around_them()
    {
        var parameters = new SipParameters(" ; a = 1;b;;c=\"x;y=\\\"z\\\"\" ; d=;=e; f\r\n =\r\n <g;h>;i=j=k");
        var seen = new List<string>();

        foreach (var (name, value) in parameters)
        {
            seen.Add($"{name}:{value}");
        }

        Assert.That(seen, Is.EqualTo(["a:1", "b:", "c:\"x;y=\\\"z\\\"\"", "d:", "f:<g;h>", "i:j=k"]));
    }

    [Test]
    public void Names_are_found_whatever_their_case_and_the_first_one_counts()
    {
        var parameters = new SipParameters(";Tag=1;tag=2;+g.oma.pusheventapp=\"mms.ua\";flag;Tagged=3");

        Assert.That(parameters.Get("TAG"), Is.EqualTo("1"));
        Assert.That(parameters.Get("tagged"), Is.EqualTo("3"));
        Assert.That(parameters.Get("+g.oma.pusheventapp"), Is.EqualTo("mms.ua"));
        Assert.That(parameters.Get("flag"), Is.Empty);
        Assert.That(parameters.Get("ta"), Is.Null);
        Assert.That(parameters.Contains("FLAG"u8));
        Assert.That(parameters.TryGet("missing"u8, out var value) || !value.IsEmpty, Is.False);
    }

    [TestCase(";a=\"never closed;b=1")]
    [TestCase(";a=<never closed;b=1")]
    [TestCase(";a=\"ends in a backslash\\")]
    public void What_is_never_closed_runs_to_the_end(string text)
    {
        var parameters = new SipParameters(text);

        Assert.That(parameters.TryGet("a"u8, out var value));
        Assert.That(value.ToString(), Is.EqualTo(text[3..]));
        Assert.That(parameters.Contains("b"u8), Is.False);
    }

    [Test]
    public void Equality_is_that_of_the_octets()
    {
        Assert.That(new SipParameters(";a=1") == new SipParameters(";a=1"));
        Assert.That(new SipParameters(";a=1") != new SipParameters(";A=1"));
        Assert.That(default(SipParameters).IsEmpty);
        Assert.That(default(SipParameters).Contains("a"u8), Is.False);
    }
}
