using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Receiving;

/// <summary>Sessions and connections: how they find each other, and how they end.</summary>
public sealed class SessionBindingTests
{
    private const string Second = "msrp://alice.example.com:7777/a2;tcp";

    [Test]
    [Description("Edge 45")]
    public async Task A_SEND_for_a_session_that_is_not_started_waits_for_it()
    {
        await using var wire = new MsrpWire();
        var session = wire.CreateSession();
        var peer = wire.Connect();
        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", null, "Hello"));
        wire.Clock.Advance(TimeSpan.FromSeconds(9));

        await session.StartAsync(MsrpWire.RemoteBob).AsTask().WaitAsync(MsrpWire.Patience);

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello"));
    }

    [Test]
    [Description("MSRP-32, Edge 45")]
    public async Task A_SEND_for_a_session_that_is_never_started_gets_481()
    {
        await using var wire = new MsrpWire();
        wire.CreateSession();
        var peer = wire.Connect();
        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", null, "Hello"));

        wire.Clock.Advance(TimeSpan.FromSeconds(10));

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 481));
    }

    [Test]
    [Description("MSRP-33, Edge 45")]
    public async Task A_second_connection_for_a_session_gets_506()
    {
        await using var wire = new MsrpWire();
        var (session, first) = await wire.BindAsync();
        var second = wire.Connect();

        await second.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", null, "Hello"));
        await second.ExpectAsync(MsrpWirePeer.Response("tid1", 506));

        await first.SendAsync(MsrpWirePeer.Send("tid2", "mmmm", null, "World"));
        await first.ExpectAsync(MsrpWirePeer.Response("tid2", 200));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("World"));
    }

    [Test]
    [Description("MSRP-35")]
    public async Task The_passive_end_sends_nothing_before_it_is_bound()
    {
        await using var wire = new MsrpWire();
        var session = wire.CreateSession();
        var peer = wire.Connect();
        var start = session.StartAsync(MsrpWire.RemoteBob);
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "Hello"u8.ToArray()) with { MessageId = "mmmm", FailureReport = FailureReportMode.No });
        await peer.ExpectNothingAsync();

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "first", null, "", headers: "Failure-Report: no\n"));

        await start.AsTask().WaitAsync(MsrpWire.Patience);
        Assert.That(await peer.ReadAsync("MSRP t000000000000001 SEND".Length), Is.EqualTo("MSRP t000000000000001 SEND"));
        Assert.That((await sending.AsTask().WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.Sent));
    }

    [Test]
    [Description("MSRP-43")]
    public async Task A_connection_stays_as_long_as_it_has_a_session()
    {
        await using var wire = new MsrpWire();
        var (one, peer) = await wire.BindAsync();
        var (two, _) = await wire.BindAsync(null, peer, Second);
        await one.CloseAsync();
        Assert.That(await one.Completion, Is.EqualTo(MsrpSessionEnd.Closed));

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", null, "Hello") + MsrpWirePeer.Send("tid2", "mmmm", null, "Hello").Replace("/a1;", "/a2;", StringComparison.Ordinal));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 481) + MsrpWirePeer.Response("tid2", 200).Replace("/a1;", "/a2;", StringComparison.Ordinal));
        wire.Clock.Advance(TimeSpan.FromHours(1));
        await peer.ExpectNothingAsync();

        await two.CloseAsync();
        await peer.ExpectEndAsync(isBroken: false);
    }

    [TestCase(true)]
    [TestCase(false)]
    [Description("MSRP-44, Edge 48")]
    public async Task A_connection_that_ends_within_a_message_fails_its_reader(bool isBroken)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        await peer.SendAsync(MsrpWirePeer.Send("tid1", "one1", "1-*/20", "Hello", '+'));
        await peer.SendPartAsync(MsrpWirePeer.Send("tid2", "two2", "1-*/20", "Hello")[..^3]);
        var one = await MsrpWire.ReceiveAsync(session);
        var two = await MsrpWire.ReceiveAsync(session);

        if (isBroken)
        {
            peer.Break();
        }
        else
        {
            peer.Close();
        }

        Assert.That(() => MsrpWire.ReadAsync(one), Throws.InstanceOf<MsrpException>());
        Assert.That(() => MsrpWire.ReadAsync(two), Throws.InstanceOf<MsrpException>());
        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.ConnectionLost));
        await peer.Served.WaitAsync(MsrpWire.Patience);
        Assert.That(wire.Endpoint.Counts, Is.EqualTo(default(MsrpEndpointCounts)));
    }

    [Test]
    [Description("Edge 48")]
    public async Task A_far_end_that_closes_between_frames_ends_the_session_and_the_messages_that_were_open()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        await peer.SendAsync(MsrpWirePeer.Send("tid1", "one1", "1-*/20", "Hello", '+') + MsrpWirePeer.Send("tid2", "two2", null, "Hello"));
        var one = await MsrpWire.ReceiveAsync(session);
        var two = await MsrpWire.ReceiveAsync(session);

        peer.Close();

        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.ClosedByPeer));
        Assert.That(() => MsrpWire.ReadAsync(one), Throws.InstanceOf<MsrpException>());
        Assert.That(await MsrpWire.ReadAsync(two), Is.EqualTo("Hello"));
        await peer.Served.WaitAsync(MsrpWire.Patience);
        Assert.That(wire.Endpoint.Counts, Is.EqualTo(default(MsrpEndpointCounts)));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_session_that_is_ended_within_a_message_fails_its_reader(bool hasOther)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        if (hasOther)
        {
            await wire.BindAsync(null, peer, Second);
        }

        await peer.SendPartAsync(MsrpWirePeer.Send("tid1", "mmmm", "1-*/20", "Hello")[..^14]);
        var message = await MsrpWire.ReceiveAsync(session);

        await session.DisposeAsync();

        if (hasOther)
        {
            // The rest is thrown away.
            await peer.SendPartAsync("more\n-------tid1+\n");
            await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 481));
        }
        else
        {
            await peer.ExpectEndAsync(isBroken: false);
        }

        Assert.That(() => MsrpWire.ReadAsync(message), Throws.InstanceOf<MsrpException>());
        Assert.That(wire.Endpoint.Counts.PartialMessages, Is.Zero);
    }
}
