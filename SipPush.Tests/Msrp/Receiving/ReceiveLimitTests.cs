using SipPush.Msrp;
using SipPush.Msrp.Diagnostics;

namespace SipPush.Tests.Msrp.Receiving;

/// <summary>Each limit of <see cref="MsrpLimits"/>, and what comes of passing it. Buffers are counted for the whole process, so nothing else runs meanwhile.</summary>
[NonParallelizable]
public sealed class ReceiveLimitTests
{
    [TestCase("MSRP tid1 SEND\nTo-Path: msrp://a:1/", 8192)]
    [TestCase("MSRP tid1 SEND\n", 200)]
    [Description("Edge 19")]
    public async Task A_head_that_is_too_large_ends_the_connection(string start, int length)
    {
        await using var wire = new MsrpWire(new MsrpLimits { Head = length });
        var (session, peer) = await wire.BindAsync();

        await peer.SendPartAsync(start);
        await peer.SendPartAsync(new string('x', length));

        await peer.ExpectEndAsync(isBroken: false);
        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.ConnectionLost));
        Assert.That(MsrpMetrics.RentedBuffers, Is.Zero);
    }

    [Test]
    [Description("Edge 19")]
    public async Task Too_many_headers_end_the_connection()
    {
        await using var wire = new MsrpWire();
        var (_, peer) = await wire.BindAsync();

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", null, "Hello", headers: string.Concat(Enumerable.Repeat("X: y\n", 64))));

        await peer.ExpectEndAsync(isBroken: false);
    }

    [TestCase("1-*/101", "Hello", TestName = "An_announced_size_is_checked_at_once")]
    [TestCase("200-*/*", "Hello", TestName = "A_start_beyond_the_size_is_checked_at_once")]
    [Description("MSRP-21, Edge 32")]
    public async Task A_message_that_announces_too_much_gets_413_before_its_body(string range, string body)
    {
        await using var wire = new MsrpWire();
        var (_, peer) = await wire.BindAsync(new MsrpSessionOptions { MaxSize = 100 });
        var frame = MsrpWirePeer.Send("tid1", "mmmm", range, body);
        var head = frame[..frame.IndexOf(body, StringComparison.Ordinal)];

        await peer.SendPartAsync(head);
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 413));

        await peer.SendAsync(frame[head.Length..] + MsrpWirePeer.Send("tid2", "mmmm", "6-10/10", "World") + MsrpWirePeer.Send("tid3", "next", null, "x"));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid2", 413) + MsrpWirePeer.Response("tid3", 200));
        Assert.That(wire.Endpoint.Counts.PartialMessages, Is.Zero);
    }

    [Test]
    [Description("MSRP-37, Edge 39")]
    public async Task A_message_that_becomes_too_large_gets_413_at_once_and_its_rest_is_thrown_away()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { MaxSize = 100 });
        var frame = MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", "");

        await peer.SendPartAsync(frame[..^"\n-------tid1$\n".Length]);
        await peer.SendPartAsync(new string('x', 60));
        await peer.SendPartAsync(new string('x', 60));

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 413));
        var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(() => MsrpWire.ReadAsync(message), Throws.InstanceOf<MsrpException>());
        await peer.SendPartAsync(new string('x', 60));
        await peer.SendAsync("\n-------tid1#\n" + MsrpWirePeer.Send("tid2", "next", null, "Hello"));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid2", 200));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello"));
    }

    [Test]
    [Description("Edge 32")]
    public async Task The_end_of_a_message_beyond_the_size_gets_413()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { MaxSize = 100 });

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", "Hello", '+') + MsrpWirePeer.Send("tid2", "mmmm", "200-*/*", ""));

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200) + MsrpWirePeer.Response("tid2", 413));
        var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(() => message.Completion, Throws.InstanceOf<MsrpException>());
    }

    [TestCase(2, 100)]
    [TestCase(100, 2)]
    [Description("Edge 32")]
    public async Task One_partial_message_too_many_gets_413(int ofSession, int inAll)
    {
        await using var wire = new MsrpWire(new MsrpLimits { PartialMessagesPerSession = ofSession, PartialMessages = inAll });
        var (session, peer) = await wire.BindAsync();
        string Begin(string id) => MsrpWirePeer.Send(id, id, "1-*/*", "Hello", '+');

        await peer.SendAsync(Begin("tid1") + Begin("tid2") + Begin("tid3"));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200) + MsrpWirePeer.Response("tid2", 200) + MsrpWirePeer.Response("tid3", 413));
        Assert.That(wire.Endpoint.Counts.PartialMessages, Is.EqualTo(2));

        // What follows of the third must not begin it in the middle, though there is room again.
        await peer.SendAsync(MsrpWirePeer.Send("tid4", "tid1", "6-*/*", "!") + MsrpWirePeer.Send("tid5", "tid3", "6-*/*", "!") + Begin("tid6"));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid4", 200) + MsrpWirePeer.Response("tid5", 413) + MsrpWirePeer.Response("tid6", 200));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello!"));
    }

    [TestCase(2, 1_000_000)]
    [TestCase(64, 11)]
    [Description("Edge 32")]
    public async Task Too_much_before_its_turn_gets_413(int ranges, int octets)
    {
        await using var wire = new MsrpWire(new MsrpLimits { RangesPerMessage = ranges, GapBuffer = octets });
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", "10-*/*", "Hello", '+') + MsrpWirePeer.Send("tid2", "mmmm", "20-*/*", "Hello", '+'));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200) + MsrpWirePeer.Response("tid2", 200));
        Assert.That(MsrpMetrics.RentedBuffers, Is.Positive);
        await peer.SendAsync(MsrpWirePeer.Send("tid3", "mmmm", "30-*/*", "Hello", '+'));

        await peer.ExpectAsync(MsrpWirePeer.Response("tid3", 413));
        var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(() => message.Completion, Throws.InstanceOf<MsrpException>());
        await wire.Endpoint.DisposeAsync();
        Assert.That(MsrpMetrics.RentedBuffers, Is.Zero);
    }

    [Test]
    [Description("Edge 30, Edge 32")]
    public async Task A_chunk_far_away_costs_nothing()
    {
        await using var wire = new MsrpWire();
        var (_, peer) = await wire.BindAsync(new MsrpSessionOptions { MaxSize = long.MaxValue });
        var before = GC.GetTotalAllocatedBytes(precise: true);

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", "8000000000000-*/9000000000000", "Hello", '+'));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200));

        Assert.That(GC.GetTotalAllocatedBytes(precise: true) - before, Is.LessThan(10_000_000));
    }

    [Test]
    [Description("Edge 32")]
    public async Task A_message_without_further_chunks_is_dropped()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", "Hello", '+') + MsrpWirePeer.Send("tid2", "mmmm", "100-*/*", "World", '+'));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200) + MsrpWirePeer.Response("tid2", 200));
        var message = await MsrpWire.ReceiveAsync(session);
        wire.Clock.Advance(TimeSpan.FromMinutes(4));
        Assert.That(message.Completion.IsCompleted, Is.False);

        wire.Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.That(() => MsrpWire.ReadAsync(message), Throws.InstanceOf<MsrpException>().With.Property("StatusCode").EqualTo(408));
        Assert.That(wire.Endpoint.Counts.PartialMessages, Is.Zero);
        await peer.SendAsync(MsrpWirePeer.Send("tid3", "mmmm", "6-*/*", "!"));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid3", 413));
    }

    [Test]
    public async Task A_connection_without_a_session_is_given_up()
    {
        await using var wire = new MsrpWire();
        var peer = wire.Connect();
        wire.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.That(wire.Endpoint.Counts.Connections, Is.EqualTo(1));

        wire.Clock.Advance(TimeSpan.FromSeconds(1));

        await peer.ExpectEndAsync(isBroken: true);
    }

    [Test]
    public async Task A_stranger_who_does_not_read_is_not_read_for_long()
    {
        await using var wire = new MsrpWire();
        var peer = wire.Connect(window: 4096);

        var sending = peer.SendAsync(string.Concat(Enumerable.Repeat(MsrpWirePeer.Send("tid1", "mmmm", null, "Hello"), 2500)), split: 1000);
        wire.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.That(sending.IsCompleted, Is.False);

        wire.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(() => sending.WaitAsync(MsrpWire.Patience), Throws.InstanceOf<IOException>());
        await peer.Served.WaitAsync(MsrpWire.Patience);
    }

    [Test]
    public async Task A_head_that_takes_too_long_ends_the_connection()
    {
        await using var wire = new MsrpWire();
        var (_, peer) = await wire.BindAsync();
        for (var i = 0; i < 14; i++)
        {
            await peer.SendPartAsync("MSRP tid1 SEND\n".Substring(i, 1));
            wire.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(wire.Endpoint.Counts.Connections, Is.EqualTo(1));
        wire.Clock.Advance(TimeSpan.FromSeconds(1));

        await peer.ExpectEndAsync(isBroken: true);
    }

    [Test]
    public async Task A_body_that_comes_too_slowly_ends_the_connection()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        await peer.SendPartAsync(MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", "")[..^"\n-------tid1$\n".Length]);
        var message = await MsrpWire.ReceiveAsync(session);
        for (var i = 0; i < 40; i++)
        {
            await peer.SendPartAsync(new string('x', 240));
            wire.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(wire.Endpoint.Counts.Connections, Is.EqualTo(1));
        for (var i = 0; i < 20; i++)
        {
            await peer.SendPartAsync(new string('x', 200));
            wire.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        await peer.ExpectEndAsync(isBroken: true);
        Assert.That(() => MsrpWire.ReadAsync(message), Throws.InstanceOf<MsrpException>());
    }

    [Test]
    public async Task A_far_end_that_takes_nothing_is_given_up()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", new byte[1 << 20]));
        await peer.ReadAsync(1);

        wire.Clock.Advance(TimeSpan.FromSeconds(61));

        Assert.That((await sending.AsTask().WaitAsync(MsrpWire.Patience)).Outcome, Is.AnyOf(MsrpSendOutcome.ConnectionLost, MsrpSendOutcome.TimedOut));
    }

    [Test]
    public async Task A_connection_is_not_read_while_messages_wait_for_the_application()
    {
        await using var wire = new MsrpWire(new MsrpLimits { WaitingMessages = 2 });
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(string.Concat(Enumerable.Range(1, 5).Select(i => MsrpWirePeer.Send($"tid{i}", $"mmm{i}", null, $"{i}"))));

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200) + MsrpWirePeer.Response("tid2", 200));
        Assert.That(wire.Endpoint.Counts.PartialMessages, Is.EqualTo(1));
        for (var i = 1; i <= 5; i++)
        {
            Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo($"{i}"));
        }

        await peer.ExpectAsync(string.Concat(Enumerable.Range(3, 3).Select(i => MsrpWirePeer.Response($"tid{i}", 200))));
    }

    [Test]
    [Description("Edge 44")]
    public async Task A_slow_reader_slows_the_sender_and_is_ended_with_413_when_too_slow()
    {
        await using var wire = new MsrpWire(new MsrpLimits { ReadAhead = 32 * 1024, MinimumReaderRate = 1024 });
        var (session, _) = await wire.BindAsync();
        var slow = wire.Connect(window: 4096);
        var (other, _) = await wire.BindAsync(null, slow, "msrp://alice.example.com:7777/a2;tcp");
        var frame = MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", new string('x', 100_000)).Replace("/a1;", "/a2;", StringComparison.Ordinal);

        var sending = slow.SendAsync(frame, split: 1000);
        var message = await MsrpWire.ReceiveAsync(other);
        await MsrpWire.UntilAsync(() => wire.Clock.ActiveTimers > 0, "the reader is watched");
        Assert.That(sending.IsCompleted, Is.False);
        wire.Clock.Advance(TimeSpan.FromSeconds(16));

        await slow.ExpectAsync(MsrpWirePeer.Response("tid1", 413).Replace("/a1;", "/a2;", StringComparison.Ordinal));
        await sending.WaitAsync(MsrpWire.Patience);
        Assert.That(() => MsrpWire.ReadAsync(message), Throws.InstanceOf<MsrpException>());
        await slow.SendAsync(MsrpWirePeer.Send("tid2", "next", null, "Hello").Replace("/a1;", "/a2;", StringComparison.Ordinal));
        Assert.That(await MsrpWire.ReadNextAsync(other), Is.EqualTo("Hello"));
        Assert.That(session.Completion.IsCompleted, Is.False);
    }

    [Test]
    [Description("Edge 44")]
    public async Task What_the_application_took_to_take_a_message_is_not_its_readers_time()
    {
        await using var wire = new MsrpWire(new MsrpLimits { WaitingMessages = 1, ReadAhead = 1024, MinimumReaderRate = 16 });
        var (session, peer) = await wire.BindAsync();
        var body = new string('x', 2000);
        var waits = MsrpWirePeer.Send("tid1", "one1", null, "Hello") + $"MSRP tid2 SEND\nTo-Path: {MsrpWire.Alice}\nFrom-Path: {MsrpWire.Bob}\nMessage-ID: two2\nByte-Range: 1-*/*\nContent-Type: text/plain\n\n{body}";
        await peer.SendPartAsync(waits);
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200));
        wire.Clock.Advance(TimeSpan.FromSeconds(40));

        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello"));
        await using var message = await MsrpWire.ReceiveAsync(session);
        await MsrpWire.UntilAsync(() => wire.Clock.ActiveTimers > 0, "the reader is watched");
        wire.Clock.Advance(TimeSpan.FromSeconds(31));

        await peer.SendAsync("\n-------tid2$");
        Assert.That(await MsrpWire.ReadAsync(message), Is.EqualTo(body));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid2", 200));
    }

    [Test]
    [Description("Edge 44")]
    public async Task A_message_is_not_dropped_for_chunks_that_this_end_does_not_read()
    {
        await using var wire = new MsrpWire(new MsrpLimits { ReadAhead = 1024, MinimumReaderRate = 0 });
        var (session, peer) = await wire.BindAsync();
        var body = new string('x', 2000);
        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", body, '+'));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200));
        await using var message = await MsrpWire.ReceiveAsync(session);
        await peer.SendAsync(MsrpWirePeer.Send("tid2", "mmmm", "2001-*/*", "end"));

        wire.Clock.Advance(TimeSpan.FromMinutes(6));

        Assert.That(await MsrpWire.ReadAsync(message), Is.EqualTo(body + "end"));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid2", 200));
    }

    [Test]
    [Description("Edge 44")]
    public async Task A_reader_that_is_too_slow_between_two_chunks_does_not_hold_up_the_connection()
    {
        await using var wire = new MsrpWire(new MsrpLimits { ReadAhead = 1024, MinimumReaderRate = 1024 });
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", new string('x', 2000), '+'));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200));
        var message = await MsrpWire.ReceiveAsync(session);
        wire.Clock.Advance(TimeSpan.FromSeconds(1));

        await peer.SendAsync(MsrpWirePeer.Send("tid2", "mmmm", "2001-*/*", "x") + MsrpWirePeer.Send("tid3", "next", null, "Hello"));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid2", 413) + MsrpWirePeer.Response("tid3", 200));
        Assert.That(() => MsrpWire.ReadAsync(message), Throws.InstanceOf<MsrpException>());
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello"));
    }

    [TestCase(true)]
    [TestCase(false)]
    [Description("Edge 44, Edge 48")]
    public async Task A_connection_that_is_given_up_waits_for_no_reader(bool isReading)
    {
        await using var wire = new MsrpWire(new MsrpLimits { WaitingMessages = 1, ReadAhead = 1024, MinimumReaderRate = 0 });
        var (session, peer) = await wire.BindAsync();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", new byte[1 << 20]));
        await peer.ReadAsync(1);
        await peer.SendAsync(isReading
            ? MsrpWirePeer.Send("tid1", "one1", "1-*/*", new string('x', 5000), '+')
            : MsrpWirePeer.Send("tid1", "one1", "1-*/*", "x") + MsrpWirePeer.Send("tid2", "two2", null, "x") + MsrpWirePeer.Send("tid3", "tri3", null, "x"));
        Assert.That(wire.Endpoint.Counts.PartialMessages, Is.EqualTo(1));
        wire.Clock.Advance(TimeSpan.FromSeconds(61));

        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.ConnectionLost));
        await sending.AsTask().WaitAsync(MsrpWire.Patience);
        await peer.Served.WaitAsync(MsrpWire.Patience);
        Assert.That(wire.Endpoint.Counts, Is.EqualTo(default(MsrpEndpointCounts)));
    }

    [Test]
    [Description("MSRP-15, Edge 44")]
    public async Task What_has_been_read_is_visible_though_another_reader_is_slow()
    {
        await using var wire = new MsrpWire(new MsrpLimits { ReadAhead = 1024 });
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "slow", "1-*/*", new string('x', 5000), '+') + MsrpWirePeer.Send("tid2", "fast", "1-*/*", "Hello", '+'));

        await MsrpWire.ReceiveAsync(session);
        var fast = await MsrpWire.ReceiveAsync(session);
        Assert.That((await fast.Body.ReadAsync().AsTask().WaitAsync(MsrpWire.Patience)).Buffer.Length, Is.EqualTo(5));
    }

    [Test]
    public async Task The_application_can_stop_a_message()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        await peer.SendPartAsync(MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", "Hello")[..^14]);
        await (await MsrpWire.ReceiveAsync(session)).DisposeAsync();

        await peer.SendPartAsync("more");

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 413));
        await peer.SendAsync("\n-------tid1#\n" + MsrpWirePeer.Send("tid2", "mmmm", "10-*/*", "x") + MsrpWirePeer.Send("tid3", "next", null, "Hello"));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid2", 413) + MsrpWirePeer.Response("tid3", 200));
    }

    [Test]
    public async Task A_message_that_is_refused_before_its_last_end_line_is_not_answered_200()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        await peer.SendPartAsync(MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", "Hello")[..^13]);
        await (await MsrpWire.ReceiveAsync(session)).DisposeAsync();

        await peer.SendPartAsync("-------tid1$\n");

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 413));
    }

    [TestCase("whole")]
    [TestCase("aborted")]
    [TestCase("refused")]
    [TestCase("lost")]
    [TestCase("unframeable")]
    [TestCase("gap")]
    public async Task Whatever_ends_it_nothing_is_left(string end)
    {
        var wire = new MsrpWire(new MsrpLimits { GapBuffer = 30_000 });
        var (session, peer) = await wire.BindAsync();
        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", "20001-*/*", new string('x', 20_000), '+'), split: 7);
        switch (end)
        {
            case "whole":
                await peer.SendAsync(MsrpWirePeer.Send("tid2", "mmmm", "40001-*/*", "") + MsrpWirePeer.Send("tid3", "mmmm", "1-*/*", new string('x', 20_000)), split: 7);
                break;
            case "aborted":
                await peer.SendAsync(MsrpWirePeer.Send("tid2", "mmmm", "1-*/*", "xx", '#'), split: 7);
                break;
            case "refused":
                (await MsrpWire.ReceiveAsync(session)).Refuse();
                break;
            case "lost":
                await peer.SendPartAsync(MsrpWirePeer.Send("tid2", "mmmm", "1-*/*", "xx")[..50]);
                peer.Break();
                break;
            case "unframeable":
                await peer.SendAsync("GET / HTTP/1.1\n\n", split: 7);
                break;
            default:
                await peer.SendAsync(MsrpWirePeer.Send("tid2", "mmmm", "60001-*/*", new string('x', 20_000), '+'), split: 7);
                break;
        }

        if (end == "whole")
        {
            Assert.That((await MsrpWire.ReadNextAsync(session)).Length, Is.EqualTo(40_000));
        }

        await MsrpWire.UntilAsync(() => wire.Endpoint.Counts.PartialMessages == 0, "no message is partial");
        await wire.DisposeAsync();
        Assert.That(MsrpMetrics.RentedBuffers, Is.Zero);
    }
}
