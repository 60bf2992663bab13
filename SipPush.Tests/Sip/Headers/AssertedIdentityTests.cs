using SipPush.Sip;

namespace SipPush.Tests.Sip.Headers;

public sealed class AssertedIdentityTests
{
    [Description("SIP-03, SIP-04")]
    [TestCase("P-Asserted-Identity: \"Cullen Jennings\" <sip:fluffy@cisco.com>", "\"Cullen Jennings\" <sip:fluffy@cisco.com>")]
    [TestCase("P-Asserted-Identity: sip:fluffy@cisco.com", "<sip:fluffy@cisco.com>")]
    [TestCase("P-Asserted-Identity: tel:+14085264000", "<tel:+14085264000>")]
    [TestCase("P-Asserted-Identity: tel:+14085264000,\r\n \"Cullen\" <sips:fluffy@cisco.com>", "\"Cullen\" <sips:fluffy@cisco.com>, <tel:+14085264000>")]
    [TestCase("P-Asserted-Identity: <sip:fluffy@cisco.com>\r\nP-Asserted-Identity: <tel:+14085264000>", "<sip:fluffy@cisco.com>, <tel:+14085264000>")]
    public void One_SIP_address_one_telephone_number_or_both(string headers, string written)
    {
        Assert.That(AssertedIdentity.TryRead(Request(headers), SipHeaderNames.PAssertedIdentity, out var identity));
        Assert.That((identity.ToString(), identity.IsAssumed), Is.EqualTo((written, false)));
    }

    [TestCase("Subject: none")]
    [TestCase("P-Asserted-Identity: <sip:a@example.com>, <sips:b@example.com>")]
    [TestCase("P-Asserted-Identity: <tel:+1>, <tel:+2>")]
    [TestCase("P-Asserted-Identity: <sip:a@example.com>, <tel:+1>, <tel:+2>")]
    [TestCase("P-Asserted-Identity: <mailto:a@example.com>")]
    [TestCase("P-Asserted-Identity: <sip:a@example.com>, nonsense")]
    [TestCase("P-Asserted-Identity: \"open <sip:a@example.com>")]
    [TestCase("P-Preferred-Identity: <sip:a@example.com>")]
    public void Anything_else_asserts_nothing(string headers) =>
        Assert.That(AssertedIdentity.TryRead(Request(headers), SipHeaderNames.PAssertedIdentity, out _, SipProfile.Lenient), Is.False);

    [TestCase("user@domain.com", "<sip:user@domain.com>")]
    [TestCase("<user@domain.com>", "<sip:user@domain.com>")]
    [Description("PUSH-28, D45")]
    public void Without_a_scheme_a_lenient_reader_assumes_one_and_says_so(string value, string written)
    {
        var request = Request($"P-Asserted-Identity: {value}");

        Assert.That(AssertedIdentity.TryRead(request, SipHeaderNames.PAssertedIdentity, out _), Is.False);
        Assert.That(AssertedIdentity.TryRead(request, SipHeaderNames.PAssertedIdentity, out var identity, SipProfile.Lenient));
        Assert.That((identity.ToString(), identity.IsAssumed), Is.EqualTo((written, true)));
    }

    private static SipRequest Request(string headers) => SipRequest.Parse(Wire.Raw($"OPTIONS sip:a@b SIP/2.0\r\n{headers}\r\n\r\n"));
}
