using SipPush.Sip.Location;

namespace SipPush.Tests.Sip.Location;

public sealed class DnsMessageTests
{
    // A response with every kind of record, names compressed in all the ways there are.
    private const string Full = """
        1234 8180 0001 0006 0001 0001
        04 '_sip' 04 '_udp' 07 'EXAMPLE' 03 'com' 00 0021 0001
        C00C 0005 0001 0000012C 0008 05 'alias' C016
        C033 0021 0001 0000003C 000A 0001 0002 13C4 01 'a' C016
        C04D 0001 0001 0000003C 0004 C0000201
        C04D 001C 0001 0000003C 0010 20010DB8000000000000000000000001
        C016 0023 0001 0000003C 001D 0032 0033 01 's' 08 'SIPS+D2T' 00 05 '_sips' 04 '_tcp' C01E
        C016 0010 0001 0000003C 0003 02 'hi'
        C016 0006 0001 00000384 001B 02 'ns' C016 C016 00000001 00000002 00000003 00000004 0000003D
        00 0029 04D0 01000000 0000
        """;

    private static readonly byte[] FullOctets = DnsOctets.Of(Full);

    [Test]
    public void A_query_asks_one_thing_and_offers_1232_octets()
    {
        Span<byte> octets = stackalloc byte[DnsMessage.MaximumQueryLength];

        var plain = octets[..DnsMessage.WriteQuery(octets, 0x1234, Name("_sip._udp.example.com"), DnsRecordType.Srv, extended: false)].ToArray();
        var extended = octets[..DnsMessage.WriteQuery(octets, 0x1234, Name("example.com"), DnsRecordType.Naptr, extended: true)].ToArray();

        Assert.That(plain, Is.EqualTo(DnsOctets.Of("1234 0100 0001 0000 0000 0000 04 '_sip' 04 '_udp' 07 'example' 03 'com' 00 0021 0001")));
        Assert.That(extended, Is.EqualTo(DnsOctets.Of("1234 0100 0001 0000 0000 0001 07 'example' 03 'com' 00 0023 0001 00 0029 04D0 00000000 0000")));
    }

    [Test]
    public void Every_kind_of_record_is_read()
    {
        Assert.That(DnsMessage.TryRead(FullOctets, out var message), Is.EqualTo(DnsReadError.None));

        Assert.That(message!.Id, Is.EqualTo(0x1234));
        Assert.That(message.Question, Is.EqualTo((Name("_sip._udp.example.com"), DnsRecordType.Srv)));
        Assert.That(message.IsTruncated, Is.False);
        Assert.That(message.Answers, Is.EqualTo(new DnsRecord[]
        {
            new DnsAliasRecord(Name("_sip._udp.example.com"), Seconds(300), Name("alias.example.com")),
            new DnsServiceRecord(Name("alias.example.com"), Seconds(60), 1, 2, 5060, Name("a.example.com")),
            new DnsAddressRecord(DnsRecordType.A, Name("a.example.com"), Seconds(60), System.Net.IPAddress.Parse("192.0.2.1")),
            new DnsAddressRecord(DnsRecordType.Aaaa, Name("a.example.com"), Seconds(60), System.Net.IPAddress.Parse("2001:db8::1")),
            new DnsNaptrRecord(Name("example.com"), Seconds(60), 50, 51, "s", "SIPS+D2T", "", Name("_sips._tcp.com")),
        }));
        Assert.That(message.Authority, Is.EqualTo(new DnsAuthorityRecord(Name("example.com"), Seconds(900), Seconds(61))));
    }

    [Test]
    public void The_OPT_record_adds_the_upper_bits_of_the_response_code()
    {
        DnsMessage.TryRead(FullOctets, out var message);

        Assert.That(message!.ResponseCode, Is.EqualTo(DnsResponseCode.BadVersion));
    }

    [Test]
    public void A_lifetime_with_the_highest_bit_is_none()
    {
        var octets = DnsOctets.Of("1234 8180 0000 0001 0000 0000 01 'a' 00 0001 0001 80000001 0004 C0000201");

        Assert.That(DnsMessage.TryRead(octets, out var message), Is.EqualTo(DnsReadError.None));

        Assert.That(message!.Answers[0].TimeToLive, Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Of_what_did_not_fit_only_the_question_is_read()
    {
        var octets = DnsOctets.Of("1234 8380 0001 0009 0000 0000 01 'a' 00 0001 0001 C00C 00");

        Assert.That(DnsMessage.TryRead(octets, out var message), Is.EqualTo(DnsReadError.None));

        Assert.That(message!.IsTruncated);
        Assert.That(message.Question!.Value.Name, Is.EqualTo(Name("a")));
        Assert.That(message.Answers, Is.Empty);
    }

    [TestCase("1234 0180 0000 0000 0000 0000", "NotAResponse", Description = "a query")]
    [TestCase("1234 A180 0000 0000 0000 0000", "NotAResponse", Description = "another opcode")]
    [TestCase("1234 8180 0002 0000 0000 0000 00 0001 0001 00 0001 0001", "Question", Description = "two questions")]
    [TestCase("1234 8180 0001 0000 0000 0000 00 0001 0003", "Question", Description = "of class CHAOS")]
    [TestCase("1234 8180 0000 0001 0000 0000 00 0001 0001 00000000 0003 C00002", "RecordData", Description = "A of three octets")]
    [TestCase("1234 8180 0000 0001 0000 0000 00 001C 0001 00000000 0004 C0000201", "RecordData", Description = "AAAA of four octets")]
    [TestCase("1234 8180 0000 0001 0000 0000 00 0005 0001 00000000 0002 00 00", "RecordData", Description = "CNAME and an octet more")]
    [TestCase("1234 8180 0000 0001 0000 0000 00 0005 0001 00000000 0002 01 'a' 00", "RecordData", Description = "a name that goes on behind its record")]
    [TestCase("1234 8180 0000 0001 0000 0000 00 0021 0001 00000000 0006 0001 0002 13C4", "RecordData", Description = "SRV without target")]
    [TestCase("1234 8180 0000 0001 0000 0000 00 0023 0001 00000000 0008 0001 0001 09 's' 00 00", "RecordData", Description = "NAPTR with a text too long")]
    [TestCase("1234 8180 0000 0001 0000 0000 00 0006 0001 00000000 0006 00 00 00000001", "RecordData", Description = "SOA cut short")]
    [TestCase("1234 8180 0000 FFFF FFFF FFFF 00 0001 0001 00000000 0004 C0000201", "Cut", Description = "more records announced than octets")]
    public void What_is_no_sound_response_is_an_error(string octets, string error)
    {
        Assert.That(DnsMessage.TryRead(DnsOctets.Of(octets), out var message).ToString(), Is.EqualTo(error));
        Assert.That(message, Is.Null);
    }

    [Test]
    public void Up_to_256_records_are_read()
    {
        byte[] Octets(int count) =>
        [
            .. DnsOctets.Of("1234 8180 0000"), (byte)(count >> 8), (byte)count, 0, 0, 0, 0,
            .. Enumerable.Repeat(DnsOctets.Of("00 0001 0001 00000000 0004 C0000201"), count).SelectMany(record => record),
        ];

        Assert.That(DnsMessage.TryRead(Octets(256), out _), Is.EqualTo(DnsReadError.None));
        Assert.That(DnsMessage.TryRead(Octets(257), out _), Is.EqualTo(DnsReadError.TooManyRecords));
    }

    [Test]
    public void A_response_cut_anywhere_is_an_error()
    {
        for (var length = 0; length < FullOctets.Length; length++)
        {
            Assert.That(DnsMessage.TryRead(FullOctets.AsSpan(0, length), out _), Is.Not.EqualTo(DnsReadError.None), $"cut at {length}");
        }
    }

    [Test]
    public void A_spoilt_response_is_read_without_an_exception()
    {
        var random = new Random(20021);
        var outcomes = new HashSet<DnsReadError>();

        for (var run = 0; run < 20_000; run++)
        {
            var octets = FullOctets.AsSpan(0, random.Next(10) == 0 ? random.Next(FullOctets.Length + 1) : FullOctets.Length).ToArray();
            for (var i = random.Next(1, 6); i > 0 && octets.Length > 0; i--)
            {
                octets[random.Next(octets.Length)] = random.Next(3) == 0 ? (byte)(0xC0 + random.Next(2)) : (byte)random.Next(256);
            }

            outcomes.Add(DnsMessage.TryRead(octets, out var message));
            _ = message?.Answers.Select(answer => answer.ToString()).ToList();
        }

        Assert.That(outcomes, Is.SupersetOf([DnsReadError.None, DnsReadError.Cut, DnsReadError.Name, DnsReadError.NotAResponse, DnsReadError.RecordData, DnsReadError.Question]));
    }

    private static DnsName Name(string text) => DnsName.TryParse(System.Text.Encoding.ASCII.GetBytes(text), out var name) ? name : throw new FormatException(text);

    private static TimeSpan Seconds(int number) => TimeSpan.FromSeconds(number);
}
