using System.Reflection;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Messages;

public sealed class SipHeaderNameTests
{
    private static readonly (string Compact, string Long)[] CompactForms =
    [
        ("i", "Call-ID"), ("m", "Contact"), ("e", "Content-Encoding"), ("l", "Content-Length"), ("c", "Content-Type"), ("f", "From"),
        ("s", "Subject"), ("k", "Supported"), ("t", "To"), ("v", "Via"), ("o", "Event"), ("a", "Accept-Contact"), ("j", "Reject-Contact"),
        ("d", "Request-Disposition"), ("u", "Allow-Events"), ("b", "Referred-By"), ("r", "Refer-To"), ("x", "Session-Expires"),
    ];

    [Test, Description("SIP-02")]
    public void Every_known_name_is_found_whatever_its_case()
    {
        foreach (var id in Enum.GetValues<HeaderId>().Where(id => id != HeaderId.Other))
        {
            var name = HeaderIds.Name(id);

            Assert.That(HeaderIds.Find(Wire.Raw(name)), Is.EqualTo(id), name);
            Assert.That(HeaderIds.Find(Wire.Raw(name.ToUpperInvariant())), Is.EqualTo(id), name);
            Assert.That(HeaderIds.Find(Wire.Raw(name.ToLowerInvariant())), Is.EqualTo(id), name);
            Assert.That(HeaderIds.Find(Wire.Raw(name + "x")), Is.EqualTo(HeaderId.Other), name);
            Assert.That(Wire.Text(HeaderIds.WireName(id).ToArray()), Is.EqualTo(name));
        }
    }

    // Bit 0x20 makes letters differ in case only; other characters it makes different ones.
    [Test, Description("SIP-02")]
    public void A_name_with_any_octet_changed_but_in_case_is_not_known()
    {
        foreach (var id in Enum.GetValues<HeaderId>().Where(id => id != HeaderId.Other))
        {
            var name = Wire.Raw(HeaderIds.Name(id));
            for (var i = 0; i < name.Length && name.Length > 1; i++)
            {
                var octet = name[i];
                foreach (var changed in new[] { (byte)'~', (byte)0, (byte)(octet ^ 0x80), (byte)(octet ^ 0x01), char.IsAsciiLetter((char)octet) ? (byte)'-' : (byte)(octet ^ 0x20) })
                {
                    name[i] = changed;
                    Assert.That(HeaderIds.Find(name), Is.Not.EqualTo(id), $"{HeaderIds.Name(id)} with {changed:X2} at {i}");
                }
                name[i] = octet;
            }
        }
    }

    [Test, Description("SIP-02")]
    public void Compact_forms_mean_the_long_ones()
    {
        foreach (var (compact, name) in CompactForms)
        {
            Assert.That(new SipHeaderName(compact), Is.EqualTo(new SipHeaderName(name)));
            Assert.That(new SipHeaderName(compact.ToUpperInvariant()).Name, Is.EqualTo(name));
        }
    }

    [Test]
    public void One_letter_that_is_no_compact_form_is_a_name_of_its_own()
    {
        for (var letter = 'a'; letter <= 'z'; letter++)
        {
            var expected = CompactForms.FirstOrDefault(form => form.Compact[0] == letter).Long ?? letter.ToString();
            Assert.That(new SipHeaderName(letter.ToString()).Name, Is.EqualTo(expected));
        }
    }

    [Test]
    public void The_ready_made_names_are_what_they_are_called()
    {
        foreach (var property in typeof(SipHeaderNames).GetProperties(BindingFlags.Public | BindingFlags.Static))
        {
            var name = (SipHeaderName)property.GetValue(null)!;
            Assert.That(name.Name.Replace("-", "", StringComparison.Ordinal), Is.EqualTo(property.Name).IgnoreCase);
        }
    }

    [Test]
    public void Names_are_equal_when_they_mean_the_same_field()
    {
        Assert.That(new SipHeaderName("X-Own") == "x-oWN");
        Assert.That(new SipHeaderName("X-Own").GetHashCode(), Is.EqualTo(new SipHeaderName("x-own").GetHashCode()));
        Assert.That(new SipHeaderName("X-Own") != "X-Other");
        Assert.That(new SipHeaderName("X-Own") != "Via");
        Assert.That(new SipHeaderName("X-Own").Equals((object)new SipHeaderName("x-own")));
        Assert.That(new SipHeaderName("x-own").ToString(), Is.EqualTo("x-own"));
    }

    [TestCase("")]
    [TestCase("a b")]
    [TestCase("a:")]
    [TestCase("a\r\nb")]
    [TestCase("ä")]
    [TestCase("a\0")]
    public void A_name_is_a_token(string name) => Assert.That(() => new SipHeaderName(name), Throws.ArgumentException);

    [Test]
    public void A_name_has_an_end() => Assert.That(() => new SipHeaderName(new string('x', 129)), Throws.ArgumentException);
}
