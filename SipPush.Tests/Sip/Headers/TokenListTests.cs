using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class TokenListTests
{
    [Description("SIP-03, SIP-04")]
    [TestCase("100rel, timer", "100rel, timer")]
    [TestCase(" gruu ,\r\n path\t,outbound ", "gruu, path, outbound")]
    [TestCase("INVITE", "INVITE")]
    [TestCase("", "")]
    public void Tokens_stand_between_commas(string text, string written)
    {
        Assert.That(TokenList.TryParse(text, out var list));
        Assert.That(list!.ToString(), Is.EqualTo(written));
    }

    [TestCase(",")]
    [TestCase("100rel,")]
    [TestCase("100rel,,timer")]
    [TestCase("100rel timer")]
    [TestCase("a@b")]
    public void Anything_else_is_no_list(string text) => Assert.That(TokenList.TryParse(text, out _), Is.False);

    [Test]
    public void Option_tags_do_not_differ_by_case_and_methods_do()
    {
        Assert.That(TokenList.TryParse("Timer, INVITE", out var list));
        Assert.That((list!.Contains("timer"u8), list.Contains("time"u8)), Is.EqualTo((true, false)));
        Assert.That((list.Contains(SipMethod.Invite), list.Contains(new SipMethod("Invite"))), Is.EqualTo((true, false)));
    }

    [Test]
    public void All_lines_of_a_header_are_one_list_and_nothing_is_lost_from_it()
    {
        var request = SipRequest.Parse(Wire.Raw("OPTIONS sip:a@b SIP/2.0\r\nRequire: 100rel,no@token\r\nk: gruu\r\nrequire: timer\r\nAllow:\r\n\r\n"));

        Assert.That(TokenList.Read(request, SipHeaderNames.Require).ToString(), Is.EqualTo("100rel, no@token, timer"));
        Assert.That(TokenList.Read(request, SipHeaderNames.Supported).Contains("gruu"u8));
        Assert.That((TokenList.Read(request, SipHeaderNames.Allow).Tokens.Count, request.Contains(SipHeaderNames.Allow)), Is.EqualTo((0, true)));
    }
}
