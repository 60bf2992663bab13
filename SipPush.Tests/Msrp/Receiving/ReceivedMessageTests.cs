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

    private static string Ok(string id) => MsrpWirePeer.Response(id, 200);
}
