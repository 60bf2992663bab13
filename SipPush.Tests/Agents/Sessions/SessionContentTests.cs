using System.Diagnostics.Metrics;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Tests.Agents;

/// <summary>Which way a content goes, and what becomes of one that the far end does not take.</summary>
public sealed class SessionContentTests
{
    private SessionPair _pair = null!;

    [TearDown]
    public async Task Stop() => await _pair.DisposeAsync();

    [Test]
    [Description("PUSH-12, RFC 3428 §8")]
    public async Task Up_to_1300_octets_it_is_a_MESSAGE_and_above_a_session()
    {
        _pair = await SessionPair.StartAsync();

        // Content-Length has as many digits a little above the limit as at it.
        var above = 999 - (await SizeOfAsync(999) - 1_300) + 10;
        var largest = above - (await SizeOfAsync(above) - 1_300);
        using var meter = new SentPushes();

        var message = await _pair.Sender.PushAsync(SessionPair.Bob, Text(largest)).AsTask().WaitAsync(SessionPair.Patience);
        Assert.That(_pair.Sip, Is.EqualTo(new[] { "MESSAGE", "200 MESSAGE" }));
        Assert.That((await _pair.Sender.SendAsync(SessionPair.Bob, Text(largest + 1))).Reason, Does.StartWith("1301 octets "));
        var session = await _pair.Sender.PushAsync(SessionPair.Bob, Text(largest + 1)).AsTask().WaitAsync(SessionPair.Patience);

        Assert.That((message.Outcome, message.Mode), Is.EqualTo((PushOutcome.Delivered, PushMode.Message)));
        Assert.That((session.Outcome, session.Mode), Is.EqualTo((PushOutcome.Delivered, PushMode.Session)));
        Assert.That(_pair.Sip[2..], Is.EqualTo(new[] { "INVITE", "200 INVITE", "ACK", "BYE", "200 BYE" }));
        Assert.That(meter.Ended, Is.EqualTo(new[] { "Delivered Message", "TooLarge Message", "Delivered Session" }), "a push is counted once");
        await (await _pair.TakeAsync()).DisposeAsync();
        await (await _pair.TakeAsync()).DisposeAsync();

        async Task<int> SizeOfAsync(int octets) =>
            int.Parse((await _pair.Sender.SendAsync(SessionPair.Bob, Text(octets))).Reason.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    [TestCase("report")]
    [TestCase("stream")]
    [Description("PUSH-12")]
    public async Task What_a_MESSAGE_can_not_do_goes_in_a_session(string why)
    {
        _pair = await SessionPair.StartAsync();

        var sending = _pair.Sender.PushAsync(
            SessionPair.Bob,
            why == "stream" ? PushContent.FromStream(new MemoryStream("x"u8.ToArray()), "text/plain") : PushContent.FromText("x"),
            new PushOptions { SuccessReport = why == "report" }).AsTask();
        await using var push = await _pair.TakeAsync();
        Assert.That(await SessionPair.ReadAsync(push), Is.EqualTo("x"));
        await push.CompleteAsync();

        Assert.That((await sending.WaitAsync(SessionPair.Patience)).Mode, Is.EqualTo(PushMode.Session));
        Assert.That(_pair.Sip, Does.Not.Contain("MESSAGE"));
    }

    [Test]
    [Description("SDP-16")]
    public async Task A_content_above_the_size_that_the_answer_names_is_not_sent()
    {
        _pair = await SessionPair.StartAsync(new PushReceiverOptions { MaxSize = 100_000 });
        await using var session = await _pair.OpenAsync();
        var bare = new PushOptions { Envelope = false };

        var tooLarge = await session.SendAsync(PushContent.FromBytes(new byte[100_001], "text/plain"), bare).AsTask().WaitAsync(SessionPair.Patience);
        var sending = session.SendAsync(PushContent.FromBytes(new byte[100_000], "text/plain"), bare).AsTask();
        await using var push = await _pair.TakeAsync();

        Assert.That((tooLarge.Outcome, tooLarge.StatusCode, tooLarge.Bytes), Is.EqualTo((MsrpSendOutcome.Refused, 413, 0L)));
        Assert.That(await SessionPair.ReadAsync(push), Has.Length.EqualTo(100_000));
        Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        await session.EndAsync();

        var result = await _pair.Sender.PushAsync(SessionPair.Bob, PushContent.FromBytes(new byte[100_001], "text/plain"), bare).AsTask().WaitAsync(SessionPair.Patience);
        Assert.That((result.Outcome, result.StatusCode, result.Delivery!.Bytes), Is.EqualTo((PushOutcome.Refused, (int?)413, 0L)));
    }

    [Test]
    [Description("SDP-16")]
    public async Task A_stream_that_grows_above_the_size_that_the_answer_names_is_broken_off()
    {
        _pair = await SessionPair.StartAsync(new PushReceiverOptions { MaxSize = 100_000 });
        await using var session = await _pair.OpenAsync();

        var report = await session.SendAsync(PushContent.FromStream(new SessionEndTests.Source(1_000_000), "text/plain"), new PushOptions { Envelope = false }).AsTask().WaitAsync(SessionPair.Patience);

        Assert.That((report.Outcome, report.StatusCode), Is.EqualTo((MsrpSendOutcome.Refused, 413)));
        Assert.That(report.Bytes, Is.LessThanOrEqualTo(100_000));
        await session.EndAsync();
    }

    [Test]
    public async Task A_receiver_that_refuses_in_the_middle_stops_the_message_and_the_session_goes_on()
    {
        _pair = await SessionPair.StartAsync();
        await using var session = await _pair.OpenAsync();
        var sending = session.SendAsync(PushContent.FromStream(new SessionEndTests.Source(64 << 20), "text/plain")).AsTask();
        var first = await _pair.TakeAsync();
        await first.Content.ReadExactlyAsync(new byte[1]);

        await first.DisposeAsync();

        var report = await sending.WaitAsync(SessionPair.Patience);
        Assert.That((report.Outcome, report.StatusCode), Is.EqualTo((MsrpSendOutcome.Refused, 413)));
        var next = session.SendAsync(PushContent.FromText("next")).AsTask();
        await using var second = await _pair.TakeAsync();
        Assert.That(await SessionPair.ReadAsync(second), Is.EqualTo("next"));
        Assert.That((await next.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        await session.EndAsync();
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_content_of_a_type_that_is_not_taken_is_refused_with_415(bool envelope)
    {
        _pair = await SessionPair.StartAsync(new PushReceiverOptions { AcceptTypes = ["image/png", PushMessage.MediaType] });

        var result = await _pair.Sender.PushAsync(SessionPair.Bob, PushContent.FromText("x"), new PushOptions { Envelope = envelope, SuccessReport = true }).AsTask().WaitAsync(SessionPair.Patience);

        Assert.That((result.Outcome, result.StatusCode, result.Mode), Is.EqualTo((PushOutcome.Refused, (int?)415, PushMode.Session)));
    }

    [TestCase("192.0.2.20", PushFlags.ContentTrusted | PushFlags.LastPushMessage)]
    [TestCase("192.0.2.99", PushFlags.LastPushMessage)]
    [TestCase(null, PushFlags.LastPushMessage)]
    [Description("PUSH-21")]
    public async Task Trust_flags_in_a_session_count_only_from_a_trusted_sender(string? trusted, PushFlags flags)
    {
        _pair = await SessionPair.StartAsync(trusted: trusted is null ? null : TrustDomain.Of(trusted));
        await using var session = await _pair.OpenAsync();

        var sending = session.SendAsync(PushContent.FromText("x"), new PushOptions { Flags = PushFlags.ContentTrusted | PushFlags.LastPushMessage }).AsTask();
        await using var push = await _pair.TakeAsync();

        Assert.That(push.Flags, Is.EqualTo(flags));
        Assert.That(push.Envelope!.Flags.HasFlag(PushFlags.ContentTrusted), Is.EqualTo(trusted is not null), "a sender that is not trusted does not write them");
        await push.Content.CopyToAsync(Stream.Null);
        await sending.WaitAsync(SessionPair.Patience);
        await session.EndAsync();
    }

    [Test]
    [Description("RFC 4975 §5.4")]
    public async Task What_was_lost_is_sent_again_under_its_own_id_in_a_new_session()
    {
        _pair = await SessionPair.StartAsync();
        var options = new PushOptions { MessageId = "12339sdqwer" };
        await using (var first = await _pair.OpenAsync())
        {
            var sending = first.SendAsync(PushContent.FromStream(new SessionEndTests.Source(4_096), "text/plain"), options).AsTask();
            await using var broken = await _pair.TakeAsync();
            await first.DisposeAsync();
            Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.False);
            Assert.That(async () => await SessionPair.ReadAsync(broken), Throws.InstanceOf<IOException>());
        }

        await using var second = await _pair.OpenAsync();
        var again = second.SendAsync(PushContent.FromText("whole"), options).AsTask();
        await using var push = await _pair.TakeAsync();

        Assert.That((push.MessageId, await SessionPair.ReadAsync(push)), Is.EqualTo(("12339sdqwer", "whole")));
        Assert.That((await again.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        await second.EndAsync();
    }

    [Test]
    [Description("PUSH-25")]
    public async Task A_report_that_never_comes_ends_in_no_answer_and_BYE()
    {
        _pair = await SessionPair.StartAsync();

        var acknowledged = new TaskCompletionSource();
        var progress = new Progress<PushProgress>(now =>
        {
            if (now.BytesAcknowledged == now.TotalBytes)
            {
                acknowledged.TrySetResult();
            }
        });

        var sending = _pair.Sender.PushAsync(SessionPair.Bob, PushContent.FromText("x"), new PushOptions { SuccessReport = true, Progress = progress }).AsTask();
        await using var push = await _pair.TakeAsync();
        Assert.That(await SessionPair.ReadAsync(push), Is.EqualTo("x"));
        await acknowledged.Task.WaitAsync(SessionPair.Patience);

        // Little by little: a write that has not returned yet must not look as if it had taken all the time.
        var result = await _pair.PassTimeAsync(sending);

        Assert.That((result.Outcome, result.Delivery!.Outcome), Is.EqualTo((PushOutcome.NoAnswer, MsrpSendOutcome.ReportMissing)));
        Assert.That(_pair.Sip[^2..], Is.EqualTo(new[] { "BYE", "200 BYE" }));
    }

    private static PushContent Text(int octets) => PushContent.FromText(new string('x', octets));

    /// <summary>Outcome and mode of the pushes that are measured.</summary>
    private sealed class SentPushes : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly List<string> _ended = [];

        public SentPushes()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "push.sent")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<double>((_, _, tags, _) => _ended.Add($"{tags[0].Value} {tags[1].Value}"));
            _listener.Start();
        }

        public IReadOnlyList<string> Ended => _ended;

        public void Dispose() => _listener.Dispose();
    }
}
