using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class ProductListTests
{
    [Description("SIP-04")]
    [TestCase("Softphone Beta1.5", "Softphone|Beta1.5")]
    [TestCase("HomeServer/v2 (Debian; (12))", "HomeServer/v2 (Debian; (12))")]
    [TestCase("IM-client/OMA1.0\r\n Push/2.2\t(a)(b)", "IM-client/OMA1.0|Push/2.2 (a)|(b)")]
    [TestCase("(only a comment)", "(only a comment)")]
    [TestCase("Cisco-SIPGateway/IOS-12.x, \"x\" a/b/c", "Cisco-SIPGateway/IOS-12.x,|\"x\"|a/b/c")]
    [TestCase("A (never closed", "A (never closed")]
    public void Products_are_read_whatever_they_look_like(string text, string products)
    {
        Assert.That(ProductList.TryParse(text, out var list));
        Assert.That(list!.Products.Select(product => product.ToString()), Is.EqualTo(products.Split('|')));
        Assert.That(list.ToString(), Is.EqualTo(text.Replace("\r\n ", " ", StringComparison.Ordinal)));
    }

    [TestCase("")]
    [TestCase(" \r\n ")]
    public void Nothing_is_none(string text) => Assert.That(ProductList.TryParse(text, out _), Is.False);
}
