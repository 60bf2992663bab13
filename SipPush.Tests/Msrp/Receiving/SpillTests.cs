using SipPush.Msrp;
using SipPush.Msrp.Diagnostics;

namespace SipPush.Tests.Msrp.Receiving;

/// <summary>Messages whose reader is too slow, with a file for what waits. Buffers are counted for the whole process, so nothing else runs meanwhile.</summary>
[NonParallelizable]
public sealed class SpillTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sippush").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder);

    [Test]
    [Description("Edge 44")]
    public async Task The_sender_goes_on_and_the_reader_gets_everything_in_order()
    {
        var wire = NewWire();
        var (session, peer, sending, body) = await BeginAsync(wire, 200_000, 1L << 20);
        await sending.WaitAsync(MsrpWire.Patience);
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1));
        await peer.SendAsync(MsrpWirePeer.Send("tid2", "next", null, "Hello"));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid2", 200));

        await using var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(await MsrpWire.ReadAsync(message), Is.EqualTo(body));
        Assert.That(await message.Completion, Is.EqualTo(200_000));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello"));

        await MsrpWire.UntilAsync(() => Directory.GetFiles(_folder).Length == 0, "the file is removed");
        await wire.DisposeAsync();
        Assert.That(MsrpMetrics.RentedBuffers, Is.Zero);
    }

    [Test]
    public async Task More_than_the_file_may_hold_gets_413()
    {
        var wire = NewWire();
        var (session, peer, sending, _) = await BeginAsync(wire, 200_000, 50_000);

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 413));
        await sending.WaitAsync(MsrpWire.Patience);
        var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(() => MsrpWire.ReadAsync(message), Throws.InstanceOf<MsrpException>());

        await wire.DisposeAsync();
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
        Assert.That(MsrpMetrics.RentedBuffers, Is.Zero);
    }

    [Test]
    public async Task A_folder_that_does_not_exist_gets_413()
    {
        await using var wire = NewWire();
        var (_, peer, sending, _) = await BeginAsync(wire, 200_000, 1L << 20, Path.Combine(_folder, "none"));

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 413));
        await sending.WaitAsync(MsrpWire.Patience);
    }

    [TestCase("disposed")]
    [TestCase("lost")]
    [TestCase("session")]
    [TestCase("endpoint")]
    public async Task Whatever_ends_it_the_file_is_removed(string how)
    {
        var wire = NewWire();
        var (session, peer, sending, _) = await BeginAsync(wire, how == "endpoint" ? 200_000 : -200_000, 1L << 20);
        await sending.WaitAsync(MsrpWire.Patience);
        await MsrpWire.UntilAsync(() => Directory.GetFiles(_folder).Length == 1, "it is spilled");
        var message = await MsrpWire.ReceiveAsync(session);

        switch (how)
        {
            case "disposed":
                await message.DisposeAsync();
                await peer.SendPartAsync("x");
                await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 413));
                break;
            case "lost":
                peer.Break();
                break;
            case "session":
                await session.DisposeAsync();
                break;
            default:
                await wire.DisposeAsync();
                break;
        }

        await MsrpWire.UntilAsync(() => Directory.GetFiles(_folder).Length == 0, "the file is removed");
        if (how != "disposed")
        {
            Assert.That(() => MsrpWire.ReadAsync(message), Throws.InstanceOf<MsrpException>());
        }

        await wire.DisposeAsync();
        Assert.That(MsrpMetrics.RentedBuffers, Is.Zero);
    }

    private static MsrpWire NewWire() => new(new MsrpLimits { ReadAhead = 32 * 1024, MinimumReaderRate = 1024 });

    // A message that nobody reads until its reader has been too slow for the limit; below zero, its end-line does not come.
    private async Task<(MsrpSession Session, MsrpWirePeer Peer, Task Sending, string Body)> BeginAsync(MsrpWire wire, int length, long limit, string? folder = null)
    {
        var body = string.Concat(Enumerable.Range(0, Math.Abs(length) / 5).Select(i => $"{i:D5}"));
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { Spill = new MsrpSpillOptions { Folder = folder ?? _folder, Limit = limit } }, wire.Connect(window: 4096));
        var frame = MsrpWirePeer.Octets(MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", body));
        var sending = peer.SendAsync(length < 0 ? frame.AsMemory(0, frame.Length - 20) : frame, split: 1000);
        await MsrpWire.UntilAsync(() => wire.Clock.ActiveTimers > 0, "the reader is watched");
        Assert.That(sending.IsCompleted, Is.False);
        wire.Clock.Advance(TimeSpan.FromSeconds(16));
        return (session, peer, sending, body);
    }
}
