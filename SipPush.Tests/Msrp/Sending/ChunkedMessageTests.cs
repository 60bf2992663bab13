using System.IO.Pipelines;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Sending;

/// <summary>How a body of any size, from any source, is cut into chunks.</summary>
public sealed class ChunkedMessageTests
{
    public enum From
    {
        Memory,
        Stream,
        StreamOfUnknownLength,
        Pipe,
        PipeOfUnknownLength,
        SingleOctets,
        File,
    }

    [Test, Pairwise, Description("MSRP-10 MSRP-11 MSRP-12 MSRP-14 Edge 43")]
    public async Task A_body_of_any_size_from_any_source_arrives_in_chunks_of_the_right_size(
        [Values(0, 1, 2047, 2048, 2049, 4095, 4096, 4097, 6000)] int length, [Values] From from, [Values(2047, 2048, 2049, 65536)] int chunkSize)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = chunkSize });
        var file = from == From.File ? Path.GetTempFileName() : null;
        var sending = session.SendAsync(await MessageAsync(from, Body.Octets(length), file)).AsTask();

        var chunks = await WireFrame.ReadMessageAsync(peer);

        Assert.That(await sending.WaitAsync(MsrpWire.Patience), Is.EqualTo(new MsrpSendResult(MsrpSendOutcome.Acknowledged, "msg1", 200, new MsrpProgress(length, length, 0, length))));
        Assert.That(WireFrame.Join(chunks), Is.EqualTo(Body.Text(length)));
        Assert.That(chunks[..^1].Select(chunk => chunk.Body!.Length), Has.All.InRange(Math.Min(2048, chunkSize), chunkSize));
        Assert.That(chunks[^1].Flag, Is.EqualTo('$'));
        if (length > 0)
        {
            Assert.That(chunks[^1].Body, Is.Not.Empty);
        }

        foreach (var chunk in chunks)
        {
            // Above 2,048 octets never with the end of the range, which is right where there is one.
            var end = chunk.Range.Split('-')[1].Split('/')[0];
            Assert.That(end, chunk.Body!.Length > 2048 ? Is.EqualTo("*") : Is.EqualTo("*").Or.EqualTo($"{chunk.Offset + chunk.Body.Length}"));
            Assert.That(chunk.Range.Split('/')[1], Is.EqualTo($"{length}").Or.EqualTo("*"));
        }

        if (file is not null)
        {
            File.Delete(file);
        }
    }

    [TestCase(2048, ExpectedResult = "1-2048/2048 2048 $")]
    [TestCase(2049, ExpectedResult = "1-*/2049 2049 $")]
    [Description("MSRP-12 Edge 42")]
    public async Task<string> Up_to_2048_octets_name_their_end_and_more_can_be_interrupted(int length)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(length))).AsTask();

        var chunk = await WireFrame.ReadAsync(peer);

        await chunk.AnswerAsync(peer);
        await sending.WaitAsync(MsrpWire.Patience);
        return chunk.Summary;
    }

    [Test, Description("MSRP-14")]
    public async Task A_source_that_drips_does_not_make_small_chunks_and_holds_nobody_up()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var pipe = new Pipe();
        var slow = session.SendAsync(OutgoingMsrpMessage.FromPipe("text/plain", pipe.Reader)).AsTask();

        await pipe.Writer.WriteAsync(Body.Octets(1000));
        var quick = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("quick"))).AsTask();
        var first = await WireFrame.ReadAsync(peer);
        Assert.That(first.Body, Is.EqualTo("quick"));
        await first.AnswerAsync(peer);
        await quick.WaitAsync(MsrpWire.Patience);

        await pipe.Writer.WriteAsync(Body.Octets(3000).AsMemory(1000));
        var second = await WireFrame.ReadAsync(peer);
        Assert.That(second.Summary, Is.EqualTo("1-*/* 2999 +"), "one octet is kept back for the last chunk");
        await second.AnswerAsync(peer);
        await pipe.Writer.CompleteAsync();
        var last = await WireFrame.ReadAsync(peer);
        Assert.That(last.Summary, Is.EqualTo("3000-3000/3000 1 $"));
        await last.AnswerAsync(peer);

        Assert.That((await slow.WaitAsync(MsrpWire.Patience)).Progress, Is.EqualTo(new MsrpProgress(3000, 3000, 0, 3000)));
        Assert.That(WireFrame.Join([second, last]), Is.EqualTo(Body.Text(3000)));
    }

    [Test]
    public async Task A_source_with_more_than_its_length_gives_exactly_that()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        using var stream = new MemoryStream(Body.Octets(100));

        var sending = session.SendAsync(OutgoingMsrpMessage.FromStream("text/plain", stream, 60)).AsTask();
        var chunk = await WireFrame.ReadAsync(peer);
        await chunk.AnswerAsync(peer);

        await sending.WaitAsync(MsrpWire.Patience);
        Assert.That(chunk.Summary, Is.EqualTo("1-60/60 60 $"));
        Assert.That(stream.Position, Is.EqualTo(60));
    }

    [Test]
    public async Task A_source_that_ends_too_soon_aborts_its_message()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var pipe = new Pipe();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromPipe("text/plain", pipe.Reader, 10_000) with { MessageId = "again" }).AsTask();

        await pipe.Writer.WriteAsync(Body.Octets(5000));
        Assert.That((await WireFrame.ReadAsync(peer)).Summary, Is.EqualTo("1-*/10000 5000 +"));
        await pipe.Writer.CompleteAsync();

        Assert.That((await WireFrame.ReadAsync(peer)).Summary, Is.EqualTo("5001-*/10000 0 #"));
        Assert.ThrowsAsync<EndOfStreamException>(() => sending.WaitAsync(MsrpWire.Patience));

        // It is over, and the id is free again (RFC 4975 §5.4).
        var again = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("x")) with { MessageId = "again" }).AsTask();
        var chunk = await WireFrame.ReadAsync(peer);
        await chunk.AnswerAsync(peer);
        Assert.That((await again.WaitAsync(MsrpWire.Patience)).MessageId, Is.EqualTo("again"));
    }

    [Test]
    public async Task A_source_that_fails_aborts_its_message_and_no_other([Values(0, 100, 5000)] int before)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var pipe = new Pipe();
        var failing = session.SendAsync(OutgoingMsrpMessage.FromPipe("text/plain", pipe.Reader)).AsTask();
        await pipe.Writer.WriteAsync(Body.Octets(before));
        if (before == 5000)
        {
            Assert.That((await WireFrame.ReadAsync(peer)).Summary, Is.EqualTo("1-*/* 4999 +"));
        }

        await pipe.Writer.CompleteAsync(new InvalidOperationException("broken"));

        var failure = Assert.ThrowsAsync<IOException>(() => failing.WaitAsync(MsrpWire.Patience));
        Assert.That(failure!.InnerException, Is.TypeOf<InvalidOperationException>());
        if (before == 5000)
        {
            Assert.That((await WireFrame.ReadAsync(peer)).Summary, Is.EqualTo("5000-*/* 0 #"));
        }

        await SendsAsync(session, peer);
    }

    [Test]
    public async Task What_is_larger_than_the_far_end_takes_is_not_sent()
    {
        await using var wire = new MsrpWire();
        var session = wire.CreateSession();
        var peer = wire.Connect();
        var early = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(3001))).AsTask();
        var start = session.StartAsync(MsrpWire.RemoteBob with { MaxSize = 3000 });
        await peer.SendAsync($"""
            MSRP bind SEND
            To-Path: {MsrpWire.Alice}
            From-Path: {MsrpWire.Bob}
            Message-ID: bind
            -------bind$
            """);
        await peer.ExpectAsync(MsrpWirePeer.Response("bind", 200));
        await start;

        Assert.That((await early.WaitAsync(MsrpWire.Patience)).StatusCode, Is.EqualTo(413));
        var known = await session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(3001)));
        Assert.That(known, Is.EqualTo(new MsrpSendResult(MsrpSendOutcome.Refused, "msg2", 413, new MsrpProgress(0, 0, 0, 3001))));

        // Of an unknown length: stopped as soon as it is seen.
        var pipe = new Pipe();
        var unknown = session.SendAsync(OutgoingMsrpMessage.FromPipe("text/plain", pipe.Reader)).AsTask();
        await pipe.Writer.WriteAsync(Body.Octets(2500));
        Assert.That((await WireFrame.ReadAsync(peer)).Summary, Is.EqualTo("1-*/* 2499 +"));
        await pipe.Writer.WriteAsync(Body.Octets(501));
        await pipe.Writer.CompleteAsync();
        Assert.That((await WireFrame.ReadAsync(peer)).Flag, Is.EqualTo('#'));
        Assert.That((await unknown.WaitAsync(MsrpWire.Patience)).StatusCode, Is.EqualTo(413));

        var whole = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(3000))).AsTask();
        await (await WireFrame.ReadAsync(peer)).AnswerAsync(peer);
        Assert.That((await whole.WaitAsync(MsrpWire.Patience)).IsSuccess);
    }

    [Test]
    public async Task A_body_that_is_not_sent_is_given_back_all_the_same()
    {
        await using var wire = new MsrpWire();
        var (session, _) = await wire.BindAsync();
        await session.CloseAsync();
        var pipe = new Pipe();

        var result = await session.SendAsync(OutgoingMsrpMessage.FromPipe("text/plain", pipe.Reader));

        Assert.That(result.Outcome, Is.EqualTo(MsrpSendOutcome.SessionEnded));
        Assert.That((await pipe.Writer.FlushAsync()).IsCompleted, "the reader is completed");
    }

    [Test]
    public async Task Two_messages_of_one_id_do_not_run_at_once()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var first = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("x")) with { MessageId = "same" }).AsTask();
        var chunk = await WireFrame.ReadAsync(peer);

        Assert.ThrowsAsync<ArgumentException>(async () => await session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("y")) with { MessageId = "same" }));

        await chunk.AnswerAsync(peer);
        Assert.That((await first.WaitAsync(MsrpWire.Patience)).IsSuccess);
    }

    /// <summary>A message goes through as if nothing had been.</summary>
    internal static async Task SendsAsync(MsrpSession session, MsrpWirePeer peer)
    {
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("other"))).AsTask();
        var chunk = await WireFrame.ReadAsync(peer);
        Assert.That(chunk.Body, Is.EqualTo("other"));
        await chunk.AnswerAsync(peer);
        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).IsSuccess);
    }

    private static async Task<OutgoingMsrpMessage> MessageAsync(From from, byte[] body, string? file)
    {
        const string Type = "text/plain";
        switch (from)
        {
            case From.Stream:
                return OutgoingMsrpMessage.FromStream(Type, new MemoryStream(body), body.Length);

            case From.StreamOfUnknownLength:
                return OutgoingMsrpMessage.FromStream(Type, new MemoryStream(body));

            case From.Pipe:
                return OutgoingMsrpMessage.FromPipe(Type, PipeReader.Create(new MemoryStream(body), new StreamPipeReaderOptions(bufferSize: 16)), body.Length);

            case From.PipeOfUnknownLength:
                return OutgoingMsrpMessage.FromPipe(Type, PipeReader.Create(new MemoryStream(body), new StreamPipeReaderOptions(bufferSize: 700)));

            case From.SingleOctets:
                return OutgoingMsrpMessage.FromStream(Type, new DrippingStream(body));

            case From.File:
                await File.WriteAllBytesAsync(file!, body);
                return OutgoingMsrpMessage.FromFile(Type, file!);

            default:
                return OutgoingMsrpMessage.FromMemory(Type, body);
        }
    }

    private sealed class DrippingStream(byte[] body) : MemoryStream(body)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            return await base.ReadAsync(buffer[..Math.Min(1, buffer.Length)], cancellationToken);
        }
    }
}
