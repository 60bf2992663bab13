using SipPush.Sdp;

namespace SipPush.Tests.Sdp;

public sealed class MessageMediaTests
{
    [Test]
    [Description("SDP-09, SDP-11, SDP-12")]
    public void A_media_description_says_what_an_MSRP_session_is()
    {
        var session = SessionDescription.Parse(SdpSamples.FileOffer);

        Assert.That(MessageMedia.TryRead(session, session.Media[0], out var media, out _));

        Assert.That(media!.Host, Is.EqualTo("host.atlanta.example.com"));
        Assert.That(media.Port, Is.EqualTo(7654));
        Assert.That(media.IsSecure, Is.False);
        Assert.That(media.Path.Select(uri => (uri.Host, uri.Port)), Is.EqualTo([("atlanta.example.com", (int?)7654)]));
        Assert.That(media.AcceptTypes!.Entries, Is.EqualTo(["message/cpim"]));
        Assert.That(media.AcceptWrappedTypes!.Entries, Is.EqualTo(["*"]));
        Assert.That(media.Direction, Is.EqualTo(MediaDirection.SendOnly));
        Assert.That(media.Setup, Is.Null);
        Assert.That(media.Information, Is.EqualTo("This is my latest picture"));
        Assert.That(media.File!.TransferId, Is.EqualTo("vBnG916bdberum2fFEABR1FR3ExZMUrd"));
        Assert.That(media.File.Disposition, Is.EqualTo("attachment"));
        Assert.That(media.File.Date!.Creation, Is.EqualTo(new DateTimeOffset(2006, 5, 15, 15, 1, 31, TimeSpan.FromHours(3))));
        Assert.That(media.File.Range, Is.EqualTo(new FileRange(1, 32349)));
    }

    [Test]
    [Description("SDP-36")]
    public void The_icon_of_a_file_is_named_by_its_content_id()
    {
        var session = SessionDescription.Parse(SdpSamples.FileOffer);

        Assert.That(MessageMedia.TryRead(session, session.Media[0], out var media, out _));

        Assert.That(media!.File!.Icon, Is.EqualTo("id2@alicepc.example.com"));
        Assert.That(media.ToMedia().Attribute("file-icon"), Is.EqualTo("cid:id2@alicepc.example.com"));
    }

    [TestCase("audio 7777 TCP/MSRP *", null, null, MessageMediaFault.NotMsrp, Description = "SDP-09")]
    [TestCase("message 7777 UDP/MSRP *", null, null, MessageMediaFault.NotMsrp, Description = "SDP-09")]
    [TestCase("message 7777 TCP/MSRP text", null, null, MessageMediaFault.NotMsrp, Description = "SDP-09")]
    [TestCase("message 7777 TCP/MSRP *", "http://a:1/b;tcp", null, MessageMediaFault.BadPath)]
    [TestCase("message 7777 TCP/MSRP *", "msrp://a/b;tcp", null, MessageMediaFault.BadPath, Description = "SDP-12: no port")]
    [TestCase("message 7777 TCP/MSRP *", "msrp://a:1/b", null, MessageMediaFault.BadPath)]
    [TestCase("message 7777 TCP/MSRP *", "msrp://a:99999/b;tcp", null, MessageMediaFault.BadPath)]
    [TestCase("message 7777 TCP/MSRP *", "msrps://a:1/b;tcp", null, MessageMediaFault.OtherProtection)]
    [TestCase("message 7777 TCP/TLS/MSRP *", "msrp://a:1/b;tcp", null, MessageMediaFault.OtherProtection)]
    [TestCase("message 7777 TCP/MSRP *", null, "nothing", MessageMediaFault.BadAcceptTypes)]
    public void What_MSRP_can_not_be_spoken_by_is_told(string line, string? path, string? types, MessageMediaFault fault)
    {
        var session = SdpSamples.Offer("", line, path ?? "msrp://192.0.2.1:7777/a;tcp", types ?? "*");

        Assert.That(MessageMedia.TryRead(session, session.Media[0], out _, out var actual), Is.False);
        Assert.That(actual, Is.EqualTo(fault));
    }

    [Test]
    [Description("SDP-11")]
    public void Path_and_types_must_be_there_unless_the_port_is_0()
    {
        const string head = "v=0\r\no=al 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";

        Assert.That(FaultOf(head + "m=message 7777 TCP/MSRP *\r\na=accept-types:*\r\n"), Is.EqualTo(MessageMediaFault.NoPath));
        Assert.That(FaultOf(head + "m=message 7777 TCP/MSRP *\r\na=path:msrp://a:1/b;tcp\r\n"), Is.EqualTo(MessageMediaFault.NoAcceptTypes));
        Assert.That(FaultOf(head + "m=message 0 TCP/MSRP *\r\n"), Is.EqualTo(MessageMediaFault.None));
        Assert.That(() => new MessageMedia { Port = 1 }.ToMedia(), Throws.InvalidOperationException);
    }

    [Test]
    [Description("SDP-13")]
    public void A_path_over_relays_is_kept_whole_and_its_first_URI_is_the_next_hop()
    {
        var session = SdpSamples.Offer("", path: "msrp://relay.example.com:9000/r1;tcp msrp://192.0.2.1:7777/P33r;tcp");

        Assert.That(MessageMedia.TryRead(session, session.Media[0], out var media, out _));

        Assert.That(media!.UsesRelay);
        Assert.That(media.Path.Select(uri => uri.Text), Is.EqualTo(["msrp://relay.example.com:9000/r1;tcp", "msrp://192.0.2.1:7777/P33r;tcp"]));
        Assert.That(media.Path[0].Host, Is.EqualTo("relay.example.com"));
    }

    [Description("SDP-17, SDP-18")]
    [TestCase("a=setup:active\r\n", SetupRole.Active)]
    [TestCase("a=setup:passive\r\n", SetupRole.Passive)]
    [TestCase("a=setup:actpass\r\n", SetupRole.ActPass)]
    [TestCase("a=setup:holdconn\r\n", null)]
    [TestCase("a=setup:whatever\r\n", null)]
    [TestCase("", null)]
    public void The_role_holdconn_counts_as_none(string attribute, SetupRole? setup)
    {
        var session = SdpSamples.Offer(attribute);

        Assert.That(MessageMedia.TryRead(session, session.Media[0], out var media, out _));
        Assert.That(media!.Setup, Is.EqualTo(setup));
    }

    [TestCase("a=max-size:20000\r\n", 20_000L)]
    [TestCase("a=max-size:99999999999999999999\r\n", long.MaxValue)]
    [TestCase("a=max-size:many\r\n", null)]
    [TestCase("", null)]
    public void A_size_is_a_hint_that_may_be_lost(string attribute, long? size)
    {
        var session = SdpSamples.Offer(attribute);

        Assert.That(MessageMedia.TryRead(session, session.Media[0], out var media, out _));
        Assert.That(media!.MaxSize, Is.EqualTo(size));
    }

    [Test]
    [Description("SDP-25")]
    public void Fingerprints_of_the_media_go_before_those_of_the_session_and_MD5_does_not_count()
    {
        var fingerprint = Fingerprint.Of("certificate"u8);
        var other = Fingerprint.Of("other"u8);
        var secure = SdpSamples.Offer($"a=fingerprint:{fingerprint}\r\n", "message 7777 TCP/TLS/MSRP *", "msrps://192.0.2.1:7777/a;tcp") with
        {
            Attributes = [new SdpAttribute("fingerprint", other.ToString())],
        };

        Assert.That(MessageMedia.TryRead(secure, secure.Media[0], out var media, out _));
        Assert.That(media!.Fingerprints, Is.EqualTo([fingerprint]));

        var fromSession = secure with { Media = [secure.Media[0] with { Attributes = [.. secure.Media[0].Attributes.Where(attribute => attribute.Name != "fingerprint")] }] };
        Assert.That(MessageMedia.TryRead(fromSession, fromSession.Media[0], out media, out _));
        Assert.That(media!.Fingerprints, Is.EqualTo([other]));

        foreach (var weak in (string[])["md5 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B", "md2 00", "sha-256 AA", "sha-1 72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E", "nonsense"])
        {
            var session = SdpSamples.Offer($"a=fingerprint:{weak}\r\n", "message 7777 TCP/TLS/MSRP *", "msrps://192.0.2.1:7777/a;tcp");
            Assert.That(MessageMedia.TryRead(session, session.Media[0], out _, out var fault), Is.False, weak);
            Assert.That(fault, Is.EqualTo(MessageMediaFault.NoUsableFingerprint), weak);
        }
    }

    [Test]
    [Description("SDP-25, SDP-26")]
    public void A_certificate_is_known_by_the_strongest_hash_that_was_announced()
    {
        var certificate = "a certificate"u8;
        Assert.That(Fingerprint.TryParse($"SHA-512 {ColonHex(System.Security.Cryptography.SHA512.HashData(certificate)).ToLowerInvariant()}", out var strong));
        Assert.That(Fingerprint.TryParse($"sha-512 {ColonHex(System.Security.Cryptography.SHA512.HashData("another"u8))}", out var strongOfAnother));
        var usual = Fingerprint.Of(certificate);

        Assert.That(usual.ToString(), Does.Match("^sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$"));
        Assert.That(Fingerprint.Matches([usual], certificate));
        Assert.That(Fingerprint.Matches([Fingerprint.Of("x"u8), usual], certificate));
        Assert.That(Fingerprint.Matches([usual, strong!], certificate));
        Assert.That(Fingerprint.Matches([usual, strongOfAnother!], certificate), Is.False);
        Assert.That(Fingerprint.Matches([Fingerprint.Of("x"u8)], certificate), Is.False);
        Assert.That(Fingerprint.Matches([], certificate), Is.False);
    }

    [TestCase("msrp://user@host.example.com:2855/s1=+/x;tcp", "host.example.com", 2855)]
    [TestCase("MSRPS://[2001:db8::1]:9/abc;TCP;more=1", "2001:db8::1", 9)]
    [TestCase("msrp://relay.example.com:9000;tcp", "relay.example.com", 9000)]
    public void A_URI_is_read_as_far_as_it_is_needed(string text, string host, int port)
    {
        Assert.That(PathUri.TryParse(text, out var uri));
        Assert.That((uri!.Host, uri.Port, uri.Text), Is.EqualTo((host, (int?)port, text)));
        Assert.That(uri.WithPort(443).Text, Is.EqualTo(text.Replace($":{port}", ":443", StringComparison.Ordinal)));
    }

    [TestCase("msrp://:1/a;tcp")]
    [TestCase("msrp://[::1:1/a;tcp")]
    [TestCase("msrp://[::1]x:1/a;tcp")]
    [TestCase("msrp://a:/b;tcp")]
    [TestCase("msrp://a:0/b;tcp")]
    [TestCase("msrp://a:1/b;")]
    [TestCase("msrp:a:1/b;tcp")]
    [TestCase("sip:a@b")]
    [TestCase("msrp://")]
    [TestCase("msrp://;tcp")]
    [TestCase("msrp://@:1;tcp")]
    public void Anything_else_is_no_URI_of_a_path(string text) => Assert.That(PathUri.TryParse(text, out _), Is.False);

    private static MessageMediaFault FaultOf(string text)
    {
        var session = SessionDescription.Parse(text);
        MessageMedia.TryRead(session, session.Media[0], out _, out var fault);
        return fault;
    }

    private static string ColonHex(byte[] octets) => string.Join(':', octets.Select(octet => octet.ToString("X2", System.Globalization.CultureInfo.InvariantCulture)));
}
