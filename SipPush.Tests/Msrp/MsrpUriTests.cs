using System.Text;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp;

public sealed class MsrpUriTests
{
    [TestCase("msrp://host.example.com:8493/asfd34;tcp", false, "host.example.com", 8493, "asfd34", "tcp")]
    [TestCase("MSRPS://Host:1/a;TCP", true, "Host", 1, "a", "TCP")]
    [TestCase("msrps://relay.example.com;tcp", true, "relay.example.com", null, null, "tcp")]
    [TestCase("msrp://alice@127.0.0.1:65535/a+b=c/d~e._-;tcp;p;q=r", false, "127.0.0.1", 65535, "a+b=c/d~e._-", "tcp")]
    [TestCase("msrp://a;b:c@host:1/s;tcp", false, "host", 1, "s", "tcp")]
    [TestCase("msrp://[::1]:2855/s;tcp", false, "::1", 2855, "s", "tcp")]
    [TestCase("msrp://[2001:DB8:0:0::1]/s;tcp", false, "2001:db8::1", null, "s", "tcp")]
    [TestCase("msrps://df7jal23ls0d.invalid:2855/98cjs;ws", true, "df7jal23ls0d.invalid", 2855, "98cjs", "ws")]
    [TestCase("msrp://h%6Fst:1/s;tcp", false, "host", 1, "s", "tcp")]
    [Description("Edge 46")]
    public void A_URI_is_read_and_keeps_its_text(string text, bool isSecure, string host, int? port, string? session, string transport)
    {
        Assert.That(MsrpUri.TryParse(Encoding.Latin1.GetBytes(text), out var uri), Is.True);

        Assert.That((uri!.IsSecure, uri.Host, uri.Port, uri.SessionId, uri.Transport), Is.EqualTo((isSecure, host, port, session, transport)));
        Assert.That(uri.ToString(), Is.EqualTo(text));
        Assert.That(MsrpUri.Parse(text).ToString(), Is.EqualTo(text));
    }

    [TestCase("")]
    [TestCase("msrp")]
    [TestCase("msrp://")]
    [TestCase("sip://host:1/s;tcp")]
    [TestCase("msrpx://host:1/s;tcp")]
    [TestCase("msrp:/host:1/s;tcp")]
    [TestCase("msrp://host:1/s")]
    [TestCase("msrp://host:1/s;")]
    [TestCase("msrp://host:1/s;t-p")]
    [TestCase("msrp://host:1/;tcp")]
    [TestCase("msrp://host:/s;tcp")]
    [TestCase("msrp://host:0/s;tcp")]
    [TestCase("msrp://host:65536/s;tcp")]
    [TestCase("msrp://host:99999999999/s;tcp")]
    [TestCase("msrp://host:1")]
    [TestCase("msrp://host:1a/s;tcp")]
    [TestCase("msrp://:1/s;tcp")]
    [TestCase("msrp://ho st:1/s;tcp")]
    [TestCase("msrp://host:1/s s;tcp")]
    [TestCase("msrp://host:1/s%41;tcp")]
    [TestCase("msrp://host:1/s;tcp;")]
    [TestCase("msrp://host:1/s;tcp;a=")]
    [TestCase("msrp://host:1/s;tcp;a=b=c")]
    [TestCase("msrp://host:1/s;tcp\r\n")]
    [TestCase("msrp://h%zzst:1/s;tcp")]
    [TestCase("msrp://host%2F:1/s;tcp")]
    [TestCase("msrp://host%4:1/s;tcp")]
    [TestCase("msrp://[::1:1/s;tcp")]
    [TestCase("msrp://[host]:1/s;tcp")]
    [TestCase("msrp://[127.0.0.1]:1/s;tcp")]
    [TestCase("msrp://[fe80::1%25eth0]:1/s;tcp")]
    [TestCase("msrp://a\"@host:1/s;tcp")]
    [TestCase("msrp://a@b@host:1/s;tcp")]
    [TestCase("msrp://h\u00F6st:1/s;tcp")]
    public void What_is_no_URI_is_refused(string text)
    {
        Assert.That(MsrpUri.TryParse(Encoding.UTF8.GetBytes(text), out _), Is.False);
        Assert.Throws<FormatException>(() => MsrpUri.Parse(text));
    }

    [TestCase(1024, true)]
    [TestCase(1025, false)]
    public void A_URI_has_at_most_1024_octets(int length, bool isUri)
    {
        var text = "msrp://host:1/".PadRight(length - 4, 's') + ";tcp";

        Assert.That(MsrpUri.TryParse(Encoding.Latin1.GetBytes(text), out _), Is.EqualTo(isUri));
    }

    [TestCase("MSRP://HOST.example.com:8493/asfd34;TCP")]
    [TestCase("msrp://alice@host.example.com:8493/asfd34;tcp")]
    [TestCase("msrp://host.example.com:8493/asfd34;tcp;p=q")]
    [TestCase("msrp://h%6Fst.example.com:8493/asfd34;tcp")]
    [TestCase("msrp://host.example.com:08493/asfd34;tcp")]
    [Description("MSRP-40, Edge 46")]
    public void Case_of_scheme_host_and_transport_userinfo_and_parameters_make_no_difference(string text)
    {
        var one = MsrpUri.Parse("msrp://host.example.com:8493/asfd34;tcp");
        var other = MsrpUri.Parse(text);

        Assert.That(other, Is.EqualTo(one));
        Assert.That(other.GetHashCode(), Is.EqualTo(one.GetHashCode()));
    }

    [Test]
    [Description("MSRP-40")]
    public void An_IPv6_address_is_compared_as_an_address()
    {
        Assert.That(MsrpUri.Parse("msrp://[0:0:0::1]:1/s;tcp"), Is.EqualTo(MsrpUri.Parse("msrp://[::1]:1/s;tcp")));
    }

    [TestCase("msrps://host.example.com:8493/asfd34;tcp")]
    [TestCase("msrp://host.example.org:8493/asfd34;tcp")]
    [TestCase("msrp://host.example.com:8494/asfd34;tcp")]
    [TestCase("msrp://host.example.com/asfd34;tcp")]
    [TestCase("msrp://host.example.com:8493/ASFD34;tcp")]
    [TestCase("msrp://host.example.com:8493/asfd34/;tcp")]
    [TestCase("msrp://host.example.com:8493;tcp")]
    [TestCase("msrp://host.example.com:8493/asfd34;ws")]
    [Description("MSRP-40, Edge 46")]
    public void Scheme_host_port_session_and_transport_make_a_difference(string text)
    {
        Assert.That(MsrpUri.Parse(text), Is.Not.EqualTo(MsrpUri.Parse("msrp://host.example.com:8493/asfd34;tcp")));
        Assert.That(MsrpUri.Parse(text).Equals(null), Is.False);
    }

    [Test]
    public void A_URI_is_made_of_its_parts()
    {
        Assert.That(new MsrpUri(false, "host", 2855, "abc").ToString(), Is.EqualTo("msrp://host:2855/abc;tcp"));
        Assert.That(new MsrpUri(true, "::1", null, null).ToString(), Is.EqualTo("msrps://[::1];tcp"));
        Assert.That(new MsrpUri(false, "host", 2855, "abc"), Is.EqualTo(MsrpUri.Parse("msrp://host:2855/abc;tcp")));
    }

    [TestCase("", 1, "s")]
    [TestCase("a/b", 1, "s")]
    [TestCase("a@b", 1, "s")]
    [TestCase("host", 0, "s")]
    [TestCase("host", 1, "")]
    [TestCase("host", 1, "s;t")]
    [TestCase("host", 1, "\r\n")]
    public void What_cannot_be_written_is_not_made(string host, int port, string session)
    {
        Assert.Throws<ArgumentException>(() => _ = new MsrpUri(false, host, port, session));
    }
}
