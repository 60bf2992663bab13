using System.Diagnostics.Metrics;
using SipPush.Msrp;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>Whatever ends a session, both agents see a defined end, and nothing is left.</summary>
public sealed class SessionEndTests
{
    private SessionPair _pair = null!;

    [TearDown]
    public async Task Stop() => await _pair.DisposeAsync();

    [Test]
    [Description("PUSH-23, PUSH-25")]
    public async Task A_push_in_a_session_ends_with_the_BYE_of_its_sender()
    {
        _pair = await SessionPair.StartAsync();

        var sending = _pair.Sender.PushAsync(SessionPair.Bob, PushContent.FromText("hello"), new PushOptions { SuccessReport = true }).AsTask();
        await using var push = await _pair.TakeAsync();
        Assert.That(await SessionPair.ReadAsync(push), Is.EqualTo("hello"));
        await push.CompleteAsync();
        var result = await sending.WaitAsync(SessionPair.Patience);

        Assert.That((result.Outcome, result.StatusCode, result.IsDelivered, result.Delivery!.Outcome), Is.EqualTo((PushOutcome.Delivered, (int?)200, true, MsrpSendOutcome.Reported)));
        Assert.That(_pair.Sip, Is.EqualTo(new[] { "INVITE", "200 INVITE", "ACK", "BYE", "200 BYE" }));
    }

    [Test]
    [Description("PUSH-26")]
    public async Task A_receiver_that_is_disposed_in_the_middle_says_BYE_and_both_ends_of_the_message_fail()
    {
        _pair = await SessionPair.StartAsync();
        await using var session = await _pair.OpenAsync();
        var sending = session.SendAsync(Endless()).AsTask();
        await using var push = await _pair.TakeAsync();
        await push.Content.ReadExactlyAsync(new byte[1]);

        await _pair.Receiver.DisposeAsync().AsTask().WaitAsync(SessionPair.Patience);

        // The far end closes its connection when its BYE is answered.
        Assert.That((await sending.WaitAsync(SessionPair.Patience)).Outcome, Is.AnyOf(MsrpSendOutcome.SessionEnded, MsrpSendOutcome.ConnectionLost));
        Assert.That(await session.Completion.WaitAsync(SessionPair.Patience), Is.EqualTo(PushSessionEnd.EndedByPeer));
        Assert.That(async () => await SessionPair.ReadAsync(push), Throws.InstanceOf<IOException>());
    }

    [TestCase(false)]
    [TestCase(true)]
    [Description("PUSH-26")]
    public async Task A_sender_that_leaves_in_the_middle_fails_both_ends_of_the_message(bool wholeAgent)
    {
        _pair = await SessionPair.StartAsync();
        var session = await _pair.OpenAsync();
        var sending = session.SendAsync(Endless()).AsTask();
        await using var push = await _pair.TakeAsync();

        await (wholeAgent ? _pair.Sender.DisposeAsync() : session.DisposeAsync()).AsTask().WaitAsync(SessionPair.Patience);

        Assert.That((await sending.WaitAsync(SessionPair.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.SessionEnded));
        Assert.That(await session.Completion.WaitAsync(SessionPair.Patience), Is.EqualTo(PushSessionEnd.Ended));
        Assert.That(async () => await SessionPair.ReadAsync(push), Throws.InstanceOf<IOException>());
        if (wholeAgent)
        {
            Assert.That(async () => await _pair.Sender.OpenSessionAsync(SessionPair.Bob), Throws.InstanceOf<ObjectDisposedException>());
        }
    }

    [Test]
    [Description("PUSH-26")]
    public async Task A_connection_that_is_lost_ends_the_dialog_with_BYE()
    {
        _pair = await SessionPair.StartAsync();
        await using var session = await _pair.OpenAsync();
        var sending = session.SendAsync(Endless()).AsTask();
        await using var push = await _pair.TakeAsync();

        await _pair.NearMedia.DisposeAsync();

        Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.False);
        Assert.That(await session.Completion.WaitAsync(SessionPair.Patience), Is.EqualTo(PushSessionEnd.MediaLost));
        Assert.That(async () => await SessionPair.ReadAsync(push), Throws.InstanceOf<IOException>());
        Assert.That(_pair.Sip, Does.Contain("BYE"));
    }

    [Test]
    public async Task A_dialog_that_is_lost_ends_the_media()
    {
        _pair = await SessionPair.StartAsync(timer: new SessionTimerOptions { Interval = TimeSpan.FromSeconds(90) });
        var session = await _pair.OpenAsync();

        _pair.Fate = _ => MemoryFate.Drop;
        for (var seconds = 0; seconds < 300 && !session.Completion.IsCompleted; seconds++)
        {
            _pair.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(3), TimeProvider.System);
        }

        Assert.That(session.Completion.IsCompleted, Is.True, $"{session.Call.Completion.Status} {session.Media.Completion.Status} {string.Join(' ', _pair.Sip)}");
        // Whoever notices first closes the connection, and the other end may see that before its own timer.
        Assert.That(await session.Completion, Is.AnyOf(PushSessionEnd.DialogLost, PushSessionEnd.MediaLost));
        Assert.That(session.Media.Completion.IsCompleted, Is.True);
    }

    [Test]
    public async Task A_session_timer_is_refreshed_and_nothing_else_changes()
    {
        _pair = await SessionPair.StartAsync(timer: new SessionTimerOptions { Interval = TimeSpan.FromSeconds(90) });
        await using var session = await _pair.OpenAsync();
        var media = session.Media;

        await _pair.PassTimeAsync(Task.Delay(TimeSpan.FromSeconds(110), _pair.Clock));

        var sending = session.SendAsync(PushContent.FromText("still here")).AsTask();
        await using (var push = await _pair.TakeAsync())
        {
            Assert.That(await SessionPair.ReadAsync(push), Is.EqualTo("still here"));
        }

        Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        Assert.That(session.Media, Is.SameAs(media));
        Assert.That(_pair.Sip.Count(line => line is "UPDATE" or "INVITE"), Is.GreaterThan(2));
        await session.EndAsync();
    }

    [TestCase("200 INVITE")]
    [TestCase("ACK")]
    public async Task What_is_lost_on_the_way_is_said_again(string lost)
    {
        _pair = await SessionPair.StartAsync();
        var left = 2;
        _pair.Fate = line => line == lost && left-- > 0 ? MemoryFate.Drop : MemoryFate.Deliver;

        var session = await _pair.PassTimeAsync(_pair.Sender.OpenSessionAsync(SessionPair.Bob).AsTask());
        var sending = session.SendAsync(PushContent.FromText("hello")).AsTask();
        await using var push = await _pair.TakeAsync();
        Assert.That(await SessionPair.ReadAsync(push), Is.EqualTo("hello"));
        Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        await _pair.PassTimeAsync(session.EndAsync().AsTask());

        Assert.That(await session.Completion, Is.EqualTo(PushSessionEnd.Ended));
    }

    [Test]
    public async Task Without_an_ACK_the_receiver_says_BYE_in_the_end()
    {
        _pair = await SessionPair.StartAsync();
        _pair.Fate = line => line == "ACK" ? MemoryFate.Drop : MemoryFate.Deliver;

        await using var session = await _pair.OpenAsync();

        Assert.That(await _pair.PassTimeAsync(session.Completion), Is.EqualTo(PushSessionEnd.EndedByPeer));
    }

    [Test]
    public async Task A_message_that_overtakes_the_200_is_not_lost()
    {
        _pair = await SessionPair.StartAsync();

        // The ACK comes late, and with it the word that the session has begun.
        _pair.Fate = line => line == "ACK" ? MemoryFate.Late(TimeSpan.FromSeconds(3)) : MemoryFate.Deliver;
        await using var session = await _pair.OpenAsync();
        var report = session.SendAsync(PushContent.FromText("early")).AsTask();
        await using var push = await _pair.TakeAsync();

        Assert.That(await SessionPair.ReadAsync(push), Is.EqualTo("early"));
        Assert.That((await report.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        await _pair.PassTimeAsync(session.EndAsync().AsTask());
    }

    [Test]
    public async Task A_BYE_that_nobody_answers_is_waited_for_and_the_session_is_over_all_the_same()
    {
        _pair = await SessionPair.StartAsync();
        var session = await _pair.OpenAsync();
        _pair.Fate = line => line.EndsWith("BYE", StringComparison.Ordinal) ? MemoryFate.Drop : MemoryFate.Deliver;

        var began = _pair.Clock.Elapsed;
        await _pair.PassTimeAsync(session.EndAsync().AsTask());

        Assert.That(await session.Completion, Is.EqualTo(PushSessionEnd.Ended));
        Assert.That((_pair.Clock.Elapsed - began).TotalSeconds, Is.InRange(31, 36));
    }

    [Test]
    public async Task A_message_without_octets_does_not_hold_up_the_next()
    {
        _pair = await SessionPair.StartAsync();
        await using var session = await _pair.OpenAsync();
        using var giveUp = new CancellationTokenSource();
        var stalled = session.SendAsync(PushContent.FromStream(new Source(0), "text/plain"), new PushOptions { Envelope = true }, giveUp.Token).AsTask();

        var sending = session.SendAsync(PushContent.FromText("second")).AsTask();
        var texts = new List<string>();
        for (var i = 0; i < 2 && !texts.Contains("second"); i++)
        {
            var push = await _pair.TakeAsync();
            if (push.Length == 6)
            {
                texts.Add(await SessionPair.ReadAsync(push));
            }
        }

        Assert.That(texts, Is.EqualTo(new[] { "second" }));
        Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        await giveUp.CancelAsync();
        Assert.That(async () => await stalled.WaitAsync(SessionPair.Patience), Throws.InstanceOf<OperationCanceledException>());
        await session.EndAsync();
    }

    [Test]
    public async Task A_stack_that_stops_ends_its_sessions_and_the_far_end_hears_BYE()
    {
        _pair = await SessionPair.StartAsync();
        await using var session = await _pair.OpenAsync();
        var sending = session.SendAsync(Endless()).AsTask();
        await using var push = await _pair.TakeAsync();

        await _pair.StopSenderAsync().AsTask().WaitAsync(SessionPair.Patience);

        Assert.That(await session.Completion.WaitAsync(SessionPair.Patience), Is.EqualTo(PushSessionEnd.Stopped));
        Assert.That((await sending.WaitAsync(SessionPair.Patience)).Outcome, Is.AnyOf(MsrpSendOutcome.SessionEnded, MsrpSendOutcome.ConnectionLost));
        Assert.That(async () => await SessionPair.ReadAsync(push), Throws.InstanceOf<IOException>());
        Assert.That(_pair.Sip, Does.Contain("BYE"));
    }

    [Test]
    [Description("PUSH-30")]
    public async Task A_sender_that_is_disposed_ends_the_files_that_it_sends()
    {
        _pair = await SessionPair.StartAsync(new PushReceiverOptions { MaxSize = 64 << 20 });
        var sending = _pair.Sender.SendFilesAsync(SessionPair.Bob, [PushFile.FromBytes("long.bin", new byte[32 << 20], "application/octet-stream")]).AsTask();
        await using var push = await _pair.TakeAsync();

        await _pair.Sender.DisposeAsync().AsTask().WaitAsync(SessionPair.Patience);

        Assert.That(async () => await sending.WaitAsync(SessionPair.Patience), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(async () => await SessionPair.ReadAsync(push), Throws.InstanceOf<IOException>());
        Assert.That(_pair.Sip, Does.Contain("BYE"));
        Assert.That(async () => await _pair.Sender.SendFilesAsync(SessionPair.Bob, [PushFile.FromBytes("a", new byte[1], "text/plain")]), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task What_is_measured_of_sessions_and_connections_goes_back_when_they_have_ended()
    {
        // The instruments are the process's: what others have left is on its way out, so less may be there in the end, and never more.
        using var held = new Held("msrp.sessions", "msrp.connections", "msrp.messages.partial");
        _pair = await SessionPair.StartAsync();
        await using var session = await _pair.OpenAsync();
        var sending = session.SendAsync(Endless()).AsTask();
        await using var push = await _pair.TakeAsync();
        Assert.That(held.Most, Is.GreaterThanOrEqualTo(4));

        await session.DisposeAsync();
        await sending.WaitAsync(SessionPair.Patience);
        await _pair.NothingIsLeftAsync();

        Assert.That(held.Sum, Is.LessThanOrEqualTo(0));
    }

    private static PushContent Endless() => PushContent.FromStream(new Source(4096), "text/plain");

    /// <summary>What has been added to some up-down counters.</summary>
    private sealed class Held : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly Lock _gate = new();

        public Held(params string[] names)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (names.Contains(instrument.Name))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<int>((_, count, _, _) => Add(count));
            _listener.Start();
        }

        public int Sum { get; private set; }

        public int Most { get; private set; }

        public void Dispose() => _listener.Dispose();

        private void Add(int count)
        {
            lock (_gate)
            {
                Sum += count;
                Most = Math.Max(Most, Sum);
            }
        }
    }

    /// <summary>Gives so many octets, and then no more, but does not end.</summary>
    internal sealed class Source(int octets) : Stream
    {
        private int _left = octets;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left == 0)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }

            var count = Math.Min(_left, buffer.Length);
            buffer.Span[..count].Fill((byte)'x');
            _left -= count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
