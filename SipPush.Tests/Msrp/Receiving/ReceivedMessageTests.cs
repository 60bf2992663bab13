using System.Text;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Receiving;

/// <summary>What comes in on a session that is bound: messages whole and in chunks, and what is answered.</summary>
public sealed class ReceivedMessageTests
{
    [Test]
    [Description("MSRP-22, MSRP-30, MSRP-31")]
    public async Task A_message_is_delivered_and_answered_to_the_neighbour()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync("""
            MSRP d93kswow SEND
            To-Path: msrp://alice.example.com:7777/a1;tcp
            From-Path: msrp://relay.example.com:2855/r1;tcp msrp://bob.example.com:8888/b1;tcp
            Message-ID: 12339sdqwer
            Byte-Range: 1-16/16
            Content-Type: text/plain

            Hi, I'm Alice!
            
            -------d93kswow$
            """);

        await peer.ExpectAsync("""
            MSRP d93kswow 200 OK
            To-Path: msrp://relay.example.com:2855/r1;tcp
            From-Path: msrp://alice.example.com:7777/a1;tcp
            -------d93kswow$
            """);
        await using var message = await MsrpWire.ReceiveAsync(session);
        Assert.Multiple(() =>
        {
            Assert.That(message.MessageId, Is.EqualTo("12339sdqwer"));
            Assert.That(message.ContentType, Is.EqualTo("text/plain"));
            Assert.That(message.AnnouncedLength, Is.EqualTo(16));
        });
        Assert.That(await MsrpWire.ReadAsync(message), Is.EqualTo("Hi, I'm Alice!\r\n"));
        Assert.That(await message.Completion, Is.EqualTo(16));
    }

    [Test]
    [Description("MSRP-01, Edge 1")]
    public async Task Any_split_of_a_stream_gives_the_same()
    {
        const string Stream = """
            MSRP tid1 SEND
            To-Path: msrp://alice.example.com:7777/a1;tcp
            From-Path: msrp://bob.example.com:8888/b1;tcp
            Message-ID: first
            Byte-Range: 1-*/*
            Success-Report: yes
            Content-Type: text/plain

            Hello
            -------tid1+
            MSRP tid2 SEND
            To-Path: msrp://alice.example.com:7777/a1;tcp
            From-Path: msrp://bob.example.com:8888/b1;tcp
            Message-ID: second
            Content-Type: text/plain

            -------tid1$
            -------tid2$
            MSRP tid3 SEND
            To-Path: msrp://alice.example.com:7777/a1;tcp
            From-Path: msrp://bob.example.com:8888/b1;tcp
            Message-ID: first
            Byte-Range: 6-12/12
            Success-Report: yes
            Content-Type: text/plain

            , world
            -------tid3$
            """;
        var octets = MsrpWirePeer.Octets(Stream);
        for (var cut = 0; cut < octets.Length; cut++)
        {
            await using var wire = new MsrpWire();
            var (session, peer) = await wire.BindAsync();

            await peer.SendAsync(octets.AsMemory(0, cut));
            await peer.SendAsync(octets.AsMemory(cut));

            Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello, world"), $"cut at {cut}");
            Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("-------tid1$"), $"cut at {cut}");
            await peer.ExpectAsync(Ok("tid1") + Ok("tid2") + Ok("tid3") + """
                MSRP t000000000000001 REPORT
                To-Path: msrp://bob.example.com:8888/b1;tcp
                From-Path: msrp://alice.example.com:7777/a1;tcp
                Message-ID: first
                Byte-Range: 1-12/12
                Status: 000 200 OK
                -------t000000000000001$
                """);
        }
    }

    [Test]
    [Description("MSRP-17, Edge 31")]
    public async Task Chunks_come_in_any_order_and_the_later_octets_win()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(Send("tid1", "mmmm", "9-12/12", "IIII") + Send("tid2", "mmmm", "3-8/12", "cdefgh", '+') + Send("tid3", "mmmm", "5-10/12", "EFGHJK", '+') + Send("tid4", "mmmm", "1-2/12", "ab", '+'));

        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("abcdEFGHJKII"));
        await peer.ExpectAsync(Ok("tid1") + Ok("tid2") + Ok("tid3") + Ok("tid4"));
    }

    [TestCase("1-5/5", TestName = "The_announced_end_does_not_count")]
    [TestCase("1-99/99")]
    [TestCase("1-*/*")]
    [TestCase("1-*/5000")]
    [TestCase("1-5/12")]
    [TestCase(null)]
    [Description("MSRP-18, MSRP-19, Edge 26, Edge 27, Edge 28, Edge 29")]
    public async Task The_end_line_gives_the_length(string? range)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(Send("tid1", "mmmm", range, "Hello, world"));

        await using var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(await MsrpWire.ReadAsync(message), Is.EqualTo("Hello, world"));
        Assert.That(await message.Completion, Is.EqualTo(12));
        await peer.ExpectAsync(Ok("tid1"));
    }

    [Test]
    [Description("Edge 29")]
    public async Task A_chunk_without_Byte_Range_begins_at_the_first_octet()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(Send("tid1", "mmmm", null, "Hello", '+') + Send("tid2", "mmmm", "6-*/*", ", world"));

        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello, world"));
    }

    [Test]
    [Description("MSRP-20, Edge 34")]
    public async Task An_aborted_message_fails_its_reader_and_its_later_chunks_start_nothing()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(Send("tid1", "mmmm", "1-*/20", "Hello", '+') + Send("tid2", "mmmm", "6-*/20", ", wo", '#'));
        await peer.ExpectAsync(Ok("tid1") + Ok("tid2"));
        var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(() => MsrpWire.ReadAsync(message), Throws.InstanceOf<MsrpException>());
        Assert.That(() => message.Completion, Throws.InstanceOf<MsrpException>());

        await peer.SendAsync(Send("tid3", "mmmm", "10-20/20", "rld, again!", '+') + Send("tid4", "next", null, "sound"));
        await peer.ExpectAsync(Ok("tid3") + Ok("tid4"));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("sound"));
        Assert.That(wire.Endpoint.Counts.PartialMessages, Is.Zero);
    }

    [Test]
    [Description("Edge 34")]
    public async Task A_message_can_be_aborted_by_a_chunk_without_a_body()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(Bodiless("tid1", "mmmm", '#') + Send("tid2", "mmmm", "1-*/20", "Hello", '+') + Bodiless("tid3", "mmmm", '#'));

        await peer.ExpectAsync(Ok("tid1") + Ok("tid2") + Ok("tid3"));
        var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(() => MsrpWire.ReadAsync(message), Throws.InstanceOf<MsrpException>());
        Assert.That(wire.Endpoint.Counts.PartialMessages, Is.Zero);
    }

    [Test]
    [Description("Edge 49")]
    public async Task A_SEND_without_a_body_is_no_message_and_ends_none()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync("\r\n\r\n" + Send("tid1", "mmmm", "1-*/*", "Hello", '+') + Bodiless("tid2", "mmmm", '$') + "\r\n" + Bodiless("tid3", "keep", '$') + Send("tid4", "mmmm", "6-*/*", "!"));

        await peer.ExpectAsync(Ok("tid1") + Ok("tid2") + Ok("tid3") + Ok("tid4"));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello!"));
        await peer.SendAsync(Send("tid5", "last", null, "x"));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("x"));
    }

    [Test]
    [Description("MSRP-07, Edge 14")]
    public async Task An_empty_body_is_an_empty_message()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(Send("tid1", "mmmm", "1-0/0", ""));

        await using var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(await MsrpWire.ReadAsync(message), Is.Empty);
        Assert.That(await message.Completion, Is.Zero);
    }

    [Test]
    [Description("MSRP-45")]
    public async Task A_message_that_comes_again_is_acknowledged_and_not_delivered()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var first = Send("tid1", "mmmm", "1-5/5", "Hello", headers: "Success-Report: yes\n");

        await peer.SendAsync(first + first.Replace("tid1", "tid2", StringComparison.Ordinal) + Send("tid3", "next", null, "x"));

        await peer.ExpectAsync(Ok("tid1") + Report("mmmm", "1-5/5") + Ok("tid2") + Report("mmmm", "1-5/5", 2) + Ok("tid3"));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello"));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("x"));
    }

    [Test]
    [Description("MSRP-24, MSRP-45, RFC 4975 §5.4")]
    public async Task A_part_of_a_message_that_comes_again_is_reported_as_far_as_it_went()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        const string Wanted = "Success-Report: yes\nFailure-Report: no\n";

        await peer.SendAsync(Send("tid1", "mmmm", "1-5/5", "Hello", headers: Wanted) + Send("tid2", "mmmm", "3-*/5", "ll", '+', headers: Wanted)
            + Send("tid3", "gone", "1-*/9", "Hello", '#', headers: Wanted) + Send("tid4", "gone", "6-*/9", "Hello", '+', headers: Wanted));

        await peer.ExpectAsync(Report("mmmm", "1-5/5") + Report("mmmm", "3-4/5", 2));
        await peer.ExpectNothingAsync();
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello"));
    }

    [Test]
    [Description("MSRP-15, Edge 33")]
    public async Task The_same_Message_ID_in_two_sessions_is_two_messages()
    {
        await using var wire = new MsrpWire();
        var (one, peer) = await wire.BindAsync();
        var (two, _) = await wire.BindAsync(null, peer, "msrp://alice.example.com:7777/a2;tcp");
        string ToTwo(string frame) => frame.Replace("/a1;", "/a2;", StringComparison.Ordinal);

        await peer.SendAsync(Send("tid1", "mmmm", "1-*/*", "One", '+') + ToTwo(Send("tid2", "mmmm", "1-*/*", "Two", '+')) + Send("tid3", "other", "1-*/*", "Th", '+')
            + ToTwo(Send("tid4", "mmmm", "4-*/*", "!")) + Send("tid5", "mmmm", "4-*/*", "?") + Send("tid6", "other", "3-*/*", "ree"));

        await peer.ExpectAsync(Ok("tid1") + ToTwo(Ok("tid2")) + Ok("tid3") + ToTwo(Ok("tid4")) + Ok("tid5") + Ok("tid6"));
        Assert.That(await MsrpWire.ReadNextAsync(one), Is.EqualTo("One?"));
        Assert.That(await MsrpWire.ReadNextAsync(one), Is.EqualTo("Three"));
        Assert.That(await MsrpWire.ReadNextAsync(two), Is.EqualTo("Two!"));
    }

    [Test]
    [Description("MSRP-08, Edge 25")]
    public async Task A_body_of_any_octets_is_kept_as_it_is()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var body = Enumerable.Range(0, 1024).Select(i => (byte)(i * 7)).ToArray();
        byte[] frame = [.. MsrpWirePeer.Octets(Send("tid1", "mmmm", "1-*/*", "|").Split('|')[0]), .. body, .. "\r\n-------tid1$\r\n"u8];

        await peer.SendAsync(frame, split: 1);

        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo(Encoding.Latin1.GetString(body)));
    }

    [TestCase(1)]
    [TestCase(1000)]
    [TestCase(2047)]
    [TestCase(2048)]
    [TestCase(2049)]
    [TestCase(65_536)]
    [TestCase(200_000)]
    [Description("MSRP-54")]
    public async Task Chunks_of_any_size_are_taken(int size)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var body = string.Concat(Enumerable.Range(0, size == 1 ? 100 : 40_000).Select(i => $"{i % 90_000:D5}"));
        var reading = MsrpWire.ReadNextAsync(session);

        for (var at = 0; at < body.Length; at += size)
        {
            var length = Math.Min(size, body.Length - at);
            await peer.SendAsync(Send($"tid{at}", "mmmm", $"{at + 1}-*/{body.Length}", body.Substring(at, length), at + length == body.Length ? '$' : '+'));
            await peer.ExpectAsync(Ok($"tid{at}"));
        }

        Assert.That(await reading, Is.EqualTo(body));
    }

    [Test]
    [Description("MSRP-55")]
    public async Task The_sample_passes_in_its_corrected_form_of_three_chunks()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await BindSampleAsync(wire);
        var push = Push();

        await peer.SendAsync(SampleChunk("d93kswow", "1-2048/4385", push[..2048], '+'));
        await peer.ExpectAsync(SampleOk("d93kswow"));
        await peer.SendAsync(SampleChunk("op2nc9a", "2049-4096/4385", push[2048..4096], '+'));
        await peer.ExpectAsync(SampleOk("op2nc9a"));
        await peer.SendAsync(SampleChunk("dkei38sd", "4097-4385/4385", push[4096..], '$'));
        await peer.ExpectAsync(SampleOk("dkei38sd") + SampleReport);

        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo(push));
        await peer.ExpectNothingAsync();
    }

    [Test]
    [Description("MSRP-55")]
    public async Task The_sample_passes_in_its_printed_form_of_two_chunks()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await BindSampleAsync(wire);
        var push = Push();

        await peer.SendAsync(SampleChunk("d93kswow", "1-2048/4385", push[..2048], '+'));
        await peer.ExpectAsync(SampleOk("d93kswow"));
        await peer.SendAsync(SampleChunk("op2nc9a", "2049-*/4385", push[2048..], '$'));
        await peer.ExpectAsync(SampleOk("op2nc9a") + SampleReport);

        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo(push));
    }

    private const string SampleReport = """
        MSRP t000000000000001 REPORT
        To-Path: msrp://psa.domain.com:7654/a3cd20b8ae7f;tcp
        From-Path: msrp://userpc.domain.com:8888/9di4ea;tcp
        Message-ID: 12339sdqwer
        Byte-Range: 1-4385/4385
        Status: 000 200 OK
        -------t000000000000001$

        """;

    private static string Push() => string.Concat(Enumerable.Range(0, 877).Select(i => $"{i:D5}"));

    private static async Task<(MsrpSession Session, MsrpWirePeer Peer)> BindSampleAsync(MsrpWire wire)
    {
        var session = wire.CreateSession(new MsrpSessionOptions { AcceptTypes = ["application/vnd.oma.push"] }, "msrp://userpc.domain.com:8888/9di4ea;tcp");
        var peer = wire.Connect();
        var start = session.StartAsync(new MsrpRemote { Path = MsrpWire.PathOf("msrp://psa.domain.com:7654/a3cd20b8ae7f;tcp"), Role = MsrpRole.Passive });
        await peer.SendAsync("""
            MSRP a1b2 SEND
            To-Path: msrp://userpc.domain.com:8888/9di4ea;tcp
            From-Path: msrp://psa.domain.com:7654/a3cd20b8ae7f;tcp
            Message-ID: begin
            -------a1b2$
            """);
        await peer.ExpectAsync(SampleOk("a1b2"));
        await start.AsTask().WaitAsync(MsrpWire.Patience);
        return (session, peer);
    }

    private static string SampleChunk(string id, string range, string body, char flag) => $"""
        MSRP {id} SEND
        To-Path: msrp://userpc.domain.com:8888/9di4ea;tcp
        From-Path: msrp://psa.domain.com:7654/a3cd20b8ae7f;tcp
        Message-ID: 12339sdqwer
        Byte-Range: {range}
        Success-Report: yes
        Content-Type: application/vnd.oma.push

        {body}
        -------{id}{flag}
        """;

    private static string SampleOk(string id) => $"""
        MSRP {id} 200 OK
        To-Path: msrp://psa.domain.com:7654/a3cd20b8ae7f;tcp
        From-Path: msrp://userpc.domain.com:8888/9di4ea;tcp
        -------{id}$

        """;

    private static string Bodiless(string id, string messageId, char flag) => $"""
        MSRP {id} SEND
        To-Path: msrp://alice.example.com:7777/a1;tcp
        From-Path: msrp://bob.example.com:8888/b1;tcp
        Message-ID: {messageId}
        -------{id}{flag}

        """;

    private static string Report(string messageId, string range, int number = 1) => $"""
        MSRP t{number:D15} REPORT
        To-Path: msrp://bob.example.com:8888/b1;tcp
        From-Path: msrp://alice.example.com:7777/a1;tcp
        Message-ID: {messageId}
        Byte-Range: {range}
        Status: 000 200 OK
        -------t{number:D15}$

        """;

    private static string Send(string id, string messageId, string? range, string body, char flag = '$', string headers = "") => MsrpWirePeer.Send(id, messageId, range, body, flag, headers);

    private static string Ok(string id) => MsrpWirePeer.Response(id, 200);
}
