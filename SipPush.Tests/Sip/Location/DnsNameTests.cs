using System.Text;
using SipPush.Sip.Location;

namespace SipPush.Tests.Sip.Location;

public sealed class DnsNameTests
{
    [TestCase("example.com", "07 'example' 03 'com' 00", "example.com")]
    [TestCase("Example.COM.", "07 'example' 03 'com' 00", "example.com")]
    [TestCase("_sip._udp.a-1", "04 '_sip' 04 '_udp' 03 'a-1' 00", "_sip._udp.a-1")]
    public void A_name_is_its_labels_in_lower_case(string text, string octets, string written)
    {
        Assert.That(DnsName.TryParse(Encoding.ASCII.GetBytes(text), out var name));

        Assert.That(name.Octets.ToArray(), Is.EqualTo(DnsOctets.Of(octets)));
        Assert.That(name.ToString(), Is.EqualTo(written));
    }

    [TestCase("")]
    [TestCase(".")]
    [TestCase("a..b")]
    [TestCase(".a")]
    public void Text_with_an_empty_label_is_no_name(string text) =>
        Assert.That(DnsName.TryParse(Encoding.ASCII.GetBytes(text), out _), Is.False);

    [Test]
    public void Labels_have_63_octets_at_most_and_names_255()
    {
        var label = new string('a', 63);

        Assert.That(DnsName.TryParse(Encoding.ASCII.GetBytes(label), out _));
        Assert.That(DnsName.TryParse(Encoding.ASCII.GetBytes(label + "a"), out _), Is.False);
        Assert.That(DnsName.TryParse(Encoding.ASCII.GetBytes($"{label}.{label}.{label}.{label[..61]}"), out var longest));
        Assert.That(longest.Octets.Length, Is.EqualTo(255));
        Assert.That(DnsName.TryParse(Encoding.ASCII.GetBytes($"{label}.{label}.{label}.{label[..62]}"), out _), Is.False);
        Assert.That(longest.TryPrepend("_sip._udp"u8, out _), Is.False);
    }

    [Test]
    public void A_service_stands_below_its_domain()
    {
        var domain = Parse("example.com");

        Assert.That(domain.TryPrepend("_sips._tcp"u8, out var service));
        Assert.That(service, Is.EqualTo(Parse("_sips._tcp.example.com")));
        Assert.That(service.LabelCount, Is.EqualTo(4));
        Assert.That(service.IsWithin(domain) && domain.IsWithin(domain) && !domain.IsWithin(service));
        Assert.That(Parse("badexample.com").IsWithin(domain), Is.False);
        Assert.That(domain.TryPrepend("_sips._tcp"u8, out domain));
        Assert.That(domain, Is.EqualTo(service));
    }

    [Test]
    public void The_names_of_RFC_1035_section_4_1_4_are_read_with_their_pointers()
    {
        // The four names of the figure, where it has them; what lies between is zero.
        var message = new byte[93];
        DnsOctets.Of("01 'F' 03 'ISI' 04 'ARPA' 00").CopyTo(message, 20);
        DnsOctets.Of("03 'FOO' C014").CopyTo(message, 40);
        DnsOctets.Of("C01A").CopyTo(message, 64);

        Assert.That(Read(message, 20), Is.EqualTo("f.isi.arpa until 32"));
        Assert.That(Read(message, 40), Is.EqualTo("foo.f.isi.arpa until 46"));
        Assert.That(Read(message, 64), Is.EqualTo("arpa until 66"));
        Assert.That(Read(message, 92), Is.EqualTo(". until 93"));
    }

    [TestCase("C00C", "Name", Description = "to itself")]
    [TestCase("01 'a' C00C", "Name", Description = "to the start of its own labels")]
    [TestCase("C00E 01 'a' 00", "Name", Description = "forward")]
    [TestCase("C000", "Name", Description = "into the header")]
    [TestCase("40 'a' 00", "Name", Description = "a label of an unknown kind")]
    [TestCase("80 'a' 00", "Name")]
    [TestCase("C0", "Cut")]
    [TestCase("02 'a'", "Cut")]
    [TestCase("01 'a'", "Cut")]
    [TestCase("", "Cut")]
    public void A_name_that_leads_nowhere_is_an_error(string octets, string error)
    {
        byte[] message = [.. new byte[12], .. DnsOctets.Of(octets)];

        Assert.That(Read(message, 12), Is.EqualTo(error));
    }

    [Test]
    public void Pointers_that_go_back_to_each_other_end_at_the_first()
    {
        byte[] message = [.. new byte[12], .. DnsOctets.Of("01 'a' C010 01 'b' C00C")];

        Assert.That(Read(message, 16), Is.EqualTo("Name"));
    }

    [Test]
    public void A_name_of_many_pointers_is_read_up_to_32_of_them()
    {
        // Each label points to the one before it.
        var message = new List<byte>(new byte[12]);
        message.AddRange(DnsOctets.Of("01 'a' 00"));
        var last = 12;
        for (var i = 0; i < 33; i++)
        {
            var here = message.Count;
            message.AddRange([1, (byte)'b', 0xC0, (byte)last]);
            last = here;
        }

        Assert.That(Read([.. message], last - 4), Does.StartWith("b.b."));
        Assert.That(Read([.. message], last), Is.EqualTo("Name"));
    }

    [Test]
    public void A_name_grows_to_255_octets_and_no_further_by_pointers()
    {
        var label = "3F '" + new string('a', 63) + "'";
        var tail = DnsOctets.Of($"{label} {label} {label} 00");
        byte[] fits = [.. new byte[12], .. tail, .. DnsOctets.Of("3D '" + new string('a', 61) + "' C00C")];
        byte[] over = [.. new byte[12], .. tail, .. DnsOctets.Of("3E '" + new string('a', 62) + "' C00C")];

        Assert.That(Read(fits, 12 + tail.Length), Does.EndWith($"until {fits.Length}"));
        Assert.That(Read(over, 12 + tail.Length), Is.EqualTo("Name"));
    }

    [Test]
    public void Octets_that_would_be_mistaken_are_written_as_numbers()
    {
        byte[] message = [.. new byte[12], .. DnsOctets.Of("05 'a.b' 00 FF 01 'c' 00")];

        Assert.That(Read(message, 12), Is.EqualTo("""a\046b\000\255.c until 21"""));
    }

    private static string Read(byte[] message, int position)
    {
        var error = DnsName.TryRead(message, ref position, out var name);
        return error == DnsReadError.None ? $"{name} until {position}" : error.ToString();
    }

    private static DnsName Parse(string text) => DnsName.TryParse(Encoding.ASCII.GetBytes(text), out var name) ? name : throw new FormatException(text);
}
