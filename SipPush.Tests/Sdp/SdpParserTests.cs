using System.Text;
using SipPush.Sdp;

namespace SipPush.Tests.Sdp;

public sealed class SdpParserTests
{
    private const string Full =
        """
        v=0
        o=jdoe 3724394400 3724394405 IN IP6 2001:db8::1
        s=SDP Seminar
        i=A Seminar on the session description protocol
        u=http://www.jdoe.example.com/sdp.ps
        e=Jane Doe <jane@jdoe.example.com>
        e=j.doe@example.com (Jane Doe)
        p=+1 617 555-6011
        c=IN IP4 233.252.0.1/127
        b=AS:128
        b=X-YZ:1
        t=3724394400 3724398000
        r=604800 3600 0 90000
        r=7d 1h 0 25h
        z=3730928400 -1h 3749680800 0
        t=3724484400 3724488000
        k=prompt
        a=recvonly
        a=tool:x y
        m=audio 49170/2 RTP/AVP 0 96
        i=Speech
        c=IN IP4 233.252.0.2/127
        c=IN IP4 233.252.0.3/127
        b=AS:64
        k=clear:secret
        a=rtpmap:96 L8/8000
        a=sendonly
        m=video 51372 RTP/AVP 99
        m=message 7394 TCP/TLS/MSRP *
        a=setup:active

        """;

    [Test]
    [Description("SDP-01")]
    public void Every_line_of_the_grammar_is_read_and_written_in_its_place()
    {
        var text = Full.ReplaceLineEndings("\r\n");

        var description = Strict(text);

        Assert.That(description.ToString(), Is.EqualTo(text));
        Assert.That(description.Origin, Is.EqualTo(new Origin("jdoe", "3724394400", "3724394405", "2001:db8::1")));
        Assert.That(description.Emails, Has.Count.EqualTo(2));
        Assert.That(description.Connection!.Host, Is.EqualTo("233.252.0.1"));
        Assert.That(description.Times[0].Repeats, Is.EqualTo(["604800 3600 0 90000", "7d 1h 0 25h"]));
        Assert.That(description.Times[0].Zones, Is.EqualTo("3730928400 -1h 3749680800 0"));
        Assert.That(description.Media.Select(media => media.Port), Is.EqualTo([49170, 51372, 7394]));
        Assert.That(description.Media[0].PortCount, Is.EqualTo(2));
        Assert.That(description.Media[0].Formats, Is.EqualTo(["0", "96"]));
        Assert.That(description.DirectionOf(description.Media[0]), Is.EqualTo(MediaDirection.SendOnly));
        Assert.That(description.DirectionOf(description.Media[1]), Is.EqualTo(MediaDirection.ReceiveOnly));
        Assert.That(description.ConnectionOf(description.Media[0])!.Host, Is.EqualTo("233.252.0.2"));
        Assert.That(description.Attribute("tool"), Is.EqualTo("x y"));
        Assert.That(description.Media[2].Attribute("setup"), Is.EqualTo("active"));
        Assert.That(description.Media[2].Protocol, Is.EqualTo("TCP/TLS/MSRP"));
    }

    [Test]
    [Description("SDP-01")]
    public void A_bare_LF_ends_a_line_and_CRLF_is_written()
    {
        var description = Strict("v=0\no=- 1 1 IN IP4 a.example.com\ns=-\nt=0 0\n");

        Assert.That(description.ToString(), Is.EqualTo("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=0 0\r\n"));
    }

    [Test]
    public void Octets_of_another_encoding_come_back_as_they_were()
    {
        byte[] octets = [.. "v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=Caf"u8, 0xE9, .. " für"u8, 0xC3, .. "\r\nt=0 0\r\na=charset:ISO-8859-1\r\n"u8];

        var isRead = SessionDescription.TryParse(octets, out var description, out _, SdpProfile.Strict);

        Assert.That(isRead);
        Assert.That(description!.Name, Does.StartWith("Caf").And.Contain(" für"));
        Assert.That(description.ToOctets(), Is.EqualTo(octets));
    }

    [TestCase("", "Missing v= at line 1")]
    [TestCase("o=- 1 1 IN IP4 a\r\n", "Missing v= at line 1")]
    [TestCase("v=1\r\n", "BadValue v= at line 1")]
    [TestCase("v=0\r\nv=0\r\n", "Repeated v= at line 2")]
    [TestCase("v=0\r\ns=-\r\nt=0 0\r\n", "Missing o= at line 4")]
    [TestCase("v=0\r\no=- 1 1 IN IP4\r\n", "BadValue o= at line 2")]
    [TestCase("v=0\r\no=a b 1 1 IN IP4 a.example.com\r\n", "BadValue o= at line 2")]
    [TestCase("v=0\r\no=- x 1 IN IP4 a.example.com\r\n", "BadValue o= at line 2")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\no=- 1 1 IN IP4 a.example.com\r\n", "Repeated o= at line 3")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nc=IN IP4\r\n", "BadValue c= at line 4")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nc=IN IP4 /127\r\n", "BadValue c= at line 4")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=now 0\r\n", "BadValue t= at line 4")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=0 0\r\nm=message\r\n", "BadValue m= at line 5")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=0 0\r\nm=message 65536 TCP/MSRP *\r\n", "BadValue m= at line 5")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=0 0\r\nm=message 99999999999999999999 TCP/MSRP *\r\n", "BadValue m= at line 5")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=0 0\r\nm=message -1 TCP/MSRP *\r\n", "BadValue m= at line 5")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=0 0\r\nm=message 1/0 TCP/MSRP *\r\n", "BadValue m= at line 5")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=0 0\r\nm=message 1 TCP//MSRP *\r\n", "BadValue m= at line 5")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=0 0\r\nm=message 1 TCP/MSRP\r\n", "BadValue m= at line 5")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=a\0b\r\n", "ControlCharacter s= at line 3")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=a\rb\r\n", "ControlCharacter s= at line 3")]
    [TestCase("v=0\r\n==0\r\n", "NotALine == at line 2")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nhello\r\n", "NotALine h= at line 4")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=0 0\r\nm=audio 1 RTP/AVP 0\r\nt=0 0\r\n", "OutOfOrder t= at line 6")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nr=1 1 1\r\nt=0 0\r\n", "OutOfOrder r= at line 4")]
    public void What_can_mean_nothing_is_refused_with_its_line(string text, string error)
    {
        var isRead = SessionDescription.TryParse(Encoding.UTF8.GetBytes(text), out _, out var lenient);

        Assert.That(isRead, Is.False);
        Assert.That(lenient.ToString(), Is.EqualTo(error));
        Assert.That(SessionDescription.TryParse(Encoding.UTF8.GetBytes(text), out _, out _, SdpProfile.Strict), Is.False);
    }

    [Description("SDP-02, SDP-03, SDP-04, D52, D54, D55, D59, D66, D67")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a\r\nt=0 0\r\n", "Missing s= at line 4", "s=-\r\n")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a\r\ns=\r\nt=0 0\r\n", "BadValue s= at line 3", "s=-\r\n")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\n", "Missing t= at line 4", "t=0 0\r\n")]
    [TestCase("v=0\r\n\r\no=- 1 1 IN IP4 a\r\ns=-\r\nt=0 0\r\n", "NotALine at line 2", "v=0\r\no=- 1 1 IN IP4 a\r\n")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nt=0 0\r\n\r\n", "NotALine at line 5", "t=0 0\r\n")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nt=0 0", "NotTerminated t= at line 4", "t=0 0\r\n")]
    [TestCase("v=0\r\no=-  1 1 IN IP4 a \r\ns=-\r\nt=0 0\r\n", "BadValue o= at line 2", "o=- 1 1 IN IP4 a\r\n")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\na=x\r\nt=0 0\r\n", "OutOfOrder t= at line 5", "t=0 0\r\na=x\r\n")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nt=0 0\r\na=x:\r\n", "BadValue a= at line 5", "a=x\r\n")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\ni=\r\ne=\r\nt=0 0\r\nz=0 -1h\r\n", "BadValue i= at line 4", "s=-\r\nt=0 0\r\n")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nt=0 0\r\na=x:hash:\r\n  \t1\r\n", "Folded at line 6", "a=x:hash:1\r\n")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nt=0 0\r\nm=message 9 TCP/MSRP *\r\n", "Missing c= at line 6", "m=message 9 TCP/MSRP *\r\n")]
    [TestCase("v=0\r\no=- 1 1 IN IP4 a\r\ns=-\r\nt=0 0\r\na=x:1\r\n 2\r\n", "Folded at line 6", "a=x:1 2\r\n")]
    public void What_can_only_mean_one_thing_is_refused_strictly_and_repaired_leniently(string text, string error, string repaired)
    {
        var octets = Encoding.UTF8.GetBytes(text);

        var isStrict = SessionDescription.TryParse(octets, out _, out var strict, SdpProfile.Strict);
        var isLenient = SessionDescription.TryParse(octets, out var description, out _, SdpProfile.Lenient);

        Assert.That(isStrict, Is.False);
        Assert.That(strict.ToString(), Is.EqualTo(error));
        Assert.That(isLenient);
        Assert.That(description!.ToString(), Does.Contain(repaired));
    }

    [Test]
    public void An_unknown_line_is_kept_where_it_stood()
    {
        const string lines =
            "v=0\r\no=- 1 1 IN IP4 a.example.com\r\nx=first\r\ns=-\r\nt=0 0\r\na=one\r\ny=second\r\na=two\r\nm=message 9 TCP/MSRP *\r\nw=third\r\na=three\r\nq=\r\n";

        var isRead = SessionDescription.TryParse(Encoding.UTF8.GetBytes(lines), out var description, out _);
        var isStrict = SessionDescription.TryParse(Encoding.UTF8.GetBytes(lines), out _, out var error, SdpProfile.Strict);

        Assert.That(isRead);
        Assert.That(description!.ToString(), Is.EqualTo(lines));
        Assert.That(isStrict, Is.False);
        Assert.That(error.ToString(), Is.EqualTo("UnknownType x= at line 3"));
    }

    [Test]
    public void An_attribute_that_can_not_be_understood_is_ignored_and_kept()
    {
        const string text = "v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=0 0\r\na=one\r\na=sp ace:x\r\na=two\r\n";

        var isRead = SessionDescription.TryParse(Encoding.UTF8.GetBytes(text), out var description, out _);

        Assert.That(isRead);
        Assert.That(description!.Attributes.Select(attribute => attribute.Name), Is.EqualTo(["one", "two"]));
        Assert.That(description.ToString(), Is.EqualTo(text));
    }

    [Test]
    public void Limits_come_before_anything_else()
    {
        const string head = "v=0\r\no=- 1 1 IN IP4 a.example.com\r\ns=-\r\nt=0 0\r\n";
        var media = string.Concat(Enumerable.Repeat("m=message 9 TCP/MSRP *\r\n", 65));
        var lines = string.Concat(Enumerable.Repeat("a=x\r\n", 2_000));

        Assert.That(ErrorOf(head + media), Is.EqualTo(new SdpParseError(SdpFault.TooManyMedia, 69, 'm')));
        Assert.That(ErrorOf(head + lines).Fault, Is.EqualTo(SdpFault.TooManyLines));
        Assert.That(ErrorOf(head + "a=" + new string('x', 65_536) + "\r\n").Fault, Is.EqualTo(SdpFault.TooLong));
        Assert.That(ErrorOf(head, new SdpLimits { MaxLength = 10 }).Fault, Is.EqualTo(SdpFault.TooLong));

        static SdpParseError ErrorOf(string text, SdpLimits? limits = null)
        {
            _ = SessionDescription.TryParse(Encoding.UTF8.GetBytes(text), out _, out var error, limits: limits);
            return error;
        }
    }

    [Test]
    [Description("SDP-03")]
    public void What_is_made_in_code_can_break_no_line()
    {
        Assert.That(() => new SdpAttribute("x", "a\r\nb"), Throws.ArgumentException);
        Assert.That(() => new SdpAttribute("x y"), Throws.ArgumentException);
        Assert.That(() => new Origin("a b", "1", "1", "host.example.com"), Throws.ArgumentException);
        Assert.That(() => new ConnectionData("host\r\n"), Throws.ArgumentException);
        Assert.That(() => new SessionDescription { Origin = new Origin("-", "1", "1", "host.example.com"), Name = "" }, Throws.ArgumentException);
        Assert.That(() => new MediaDescription { Media = "message", Port = 70_000, Protocol = "TCP/MSRP", Formats = ["*"] }, Throws.InstanceOf<ArgumentException>());
        Assert.That(new SdpAttribute("setup", " passive ").ToString(), Is.EqualTo("setup:passive"));
    }

    [Test]
    [Description("SDP-08")]
    public void A_version_of_any_length_grows_by_one()
    {
        Assert.That(new Origin("-", "1", "9", "a.example.com").Next().SessionVersion, Is.EqualTo("10"));
        Assert.That(new Origin("-", "1", "18446744073709551615", "a.example.com").Next().SessionVersion, Is.EqualTo("18446744073709551616"));
        Assert.That(new Origin("-", "1", "1", "a.example.com").Next().IsSameSession(new Origin("-", "1", "7", "a.example.com")));
    }

    private static SessionDescription Strict(string text) => SessionDescription.Parse(text);
}
