using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Sending;

/// <summary>What responses, reports and their absence do to a message.</summary>
public sealed class AnsweredMessageTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [TestCase(10_000, 4000, 4000)]
    [TestCase(10_000, 100_000, 5000, Description = "a chunk is at most half of the window")]
    [Description("MSRP-16")]
    public async Task No_more_than_the_window_is_unanswered(int window, int chunkSize, int expectedChunk)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { Window = window, ChunkSize = chunkSize });
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(30_000))).AsTask();

        var unanswered = new Queue<WireFrame>();
        for (var sent = 0; sent < 30_000;)
        {
            while (sent < 30_000 && unanswered.Sum(chunk => chunk.Body!.Length) + Math.Min(expectedChunk, 30_000 - sent) <= window)
            {
                var chunk = await WireFrame.ReadAsync(peer);
                Assert.That(chunk.Body!.Length, Is.EqualTo(Math.Min(expectedChunk, 30_000 - sent)));
                sent += chunk.Body.Length;
                unanswered.Enqueue(chunk);
            }

            await peer.ExpectNothingAsync();
            await unanswered.Dequeue().AnswerAsync(peer);
        }

        foreach (var chunk in unanswered)
        {
            await chunk.AnswerAsync(peer);
        }

        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.Acknowledged));
    }

    [Test, Description("MSRP-22 Edge 38")]
    public async Task Nothing_is_waited_for_when_no_answer_is_wanted([Values(FailureReportMode.No, FailureReportMode.Partial)] FailureReportMode mode)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = 2048, Pipelining = false });
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(5000)) with { FailureReport = mode }).AsTask();

        var chunks = await WireFrame.ReadMessageAsync(peer, answer: false);

        Assert.That(chunks.Select(chunk => chunk.Header("Failure-Report")), Has.All.EqualTo(mode == FailureReportMode.No ? "no" : "partial"));
        Assert.That(await sending.WaitAsync(MsrpWire.Patience), Is.EqualTo(new MsrpSendResult(MsrpSendOutcome.Sent, "msg1", 0, new MsrpProgress(5000, 0, 0, 5000))));
        wire.Clock.Advance(TimeSpan.FromHours(1));
        Assert.That(session.Completion.IsCompleted, Is.False);
    }

    [Test, Description("MSRP-22 Edge 39")]
    public async Task An_error_after_a_message_that_wants_only_errors_still_ends_the_session()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("x")) with { FailureReport = FailureReportMode.Partial }).AsTask();
        var chunk = await WireFrame.ReadAsync(peer);
        await sending.WaitAsync(MsrpWire.Patience);

        await chunk.AnswerAsync(peer, 481);

        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.Refused));
    }

    [Test, Description("MSRP-23 Edge 38")]
    public async Task Without_an_answer_the_message_has_probably_failed_after_30_seconds()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("x"))).AsTask();
        var chunk = await WireFrame.ReadAsync(peer);
        await peer.ExpectNothingAsync();

        wire.Clock.Advance(Timeout - Tick);
        await peer.ExpectNothingAsync();
        Assert.That(sending.IsCompleted, Is.False);
        wire.Clock.Advance(Tick);

        Assert.That(await sending.WaitAsync(MsrpWire.Patience), Is.EqualTo(new MsrpSendResult(MsrpSendOutcome.TimedOut, "msg1", 408, new MsrpProgress(1, 0, 0, 1))));
        await chunk.AnswerAsync(peer);
        await ChunkedMessageTests.SendsAsync(session, peer);
    }

    [Test, Description("MSRP-23")]
    public async Task The_30_seconds_begin_anew_when_the_chunk_before_is_answered()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = 2048 });
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(6000))).AsTask();
        var chunks = await WireFrame.ReadMessageAsync(peer, answer: false);
        await peer.ExpectNothingAsync();

        foreach (var chunk in chunks[..2])
        {
            wire.Clock.Advance(Timeout - Tick);
            await chunk.AnswerAsync(peer);
        }

        wire.Clock.Advance(Timeout - Tick);
        await peer.ExpectNothingAsync();
        Assert.That(sending.IsCompleted, Is.False);
        wire.Clock.Advance(Tick);
        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).Progress, Is.EqualTo(new MsrpProgress(6000, 4096, 0, 6000)));
    }

    [TestCase(400, MsrpSendOutcome.Refused)]
    [TestCase(403, MsrpSendOutcome.Refused)]
    [TestCase(408, MsrpSendOutcome.TimedOut)]
    [TestCase(413, MsrpSendOutcome.Refused)]
    [TestCase(415, MsrpSendOutcome.Refused)]
    [TestCase(501, MsrpSendOutcome.Refused)]
    [Description("MSRP-37 Edge 39")]
    public async Task A_refusal_in_the_middle_of_a_chunk_stops_it_and_nothing_else(int status, MsrpSendOutcome outcome)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/large", Body.Octets(1_000_000))).AsTask();
        var start = await peer.ReadAsync(1000);

        await peer.SendAsync(new WireFrame("t000000000000001", "SEND", $"\r\nTo-Path: {MsrpWire.Bob}\r\nFrom-Path: {MsrpWire.Alice}", null, '+').Response(status));
        var result = await sending.WaitAsync(MsrpWire.Patience);
        var text = start + await peer.ReadToAsync(WireFrame.EndLines("t000000000000001"));

        Assert.That((result.Outcome, result.StatusCode), Is.EqualTo((outcome, status)));
        Assert.That(text, Does.EndWith("#\r\n"));
        Assert.That(text.Length, Is.LessThan(3 * 64 * 1024));
        await ChunkedMessageTests.SendsAsync(session, peer);
    }

    [TestCase("response")]
    [TestCase("report")]
    [Description("MSRP-29 MSRP-37 Edge 39")]
    public async Task A_refusal_between_two_chunks_is_followed_by_an_empty_one(string how)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = 2048, Pipelining = false });
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(5000))).AsTask();
        var chunk = await WireFrame.ReadAsync(peer);

        await peer.SendAsync(how == "report" ? chunk.Report("1-2048/5000", "000 413 Stop") : chunk.Response(413));

        var last = await WireFrame.ReadAsync(peer);
        Assert.That(last.Summary, Is.EqualTo("2049-*/5000 0 #"));
        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).StatusCode, Is.EqualTo(413));
        if (how == "report")
        {
            await chunk.AnswerAsync(peer);
        }

        await last.AnswerAsync(peer);
        await ChunkedMessageTests.SendsAsync(session, peer);
    }

    [Test, Description("MSRP-38")]
    public async Task After_415_no_more_of_that_type_is_sent()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { Pipelining = false });
        var first = session.SendAsync(OutgoingMsrpMessage.FromMemory("image/tiff", Body.Octets("x"))).AsTask();
        var waiting = session.SendAsync(OutgoingMsrpMessage.FromMemory("Image/TIFF;a=b", Body.Octets("y"))).AsTask();

        await (await WireFrame.ReadAsync(peer)).AnswerAsync(peer, 415);

        Assert.That((await first.WaitAsync(MsrpWire.Patience)).StatusCode, Is.EqualTo(415));
        Assert.That((await waiting.WaitAsync(MsrpWire.Patience)).StatusCode, Is.EqualTo(415));
        Assert.That((await session.SendAsync(OutgoingMsrpMessage.FromMemory("image/tiff", Body.Octets("z")))).StatusCode, Is.EqualTo(415));
        await ChunkedMessageTests.SendsAsync(session, peer);
    }

    [TestCase(481)]
    [TestCase(506)]
    [Description("Edge 39")]
    public async Task A_far_end_without_the_session_ends_it(int status)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var first = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("x"))).AsTask();
        var second = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("y"))).AsTask();
        var chunks = new[] { await WireFrame.ReadAsync(peer), await WireFrame.ReadAsync(peer) };

        await chunks.Single(chunk => chunk.Body == "x").AnswerAsync(peer, status);

        Assert.That(await session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.Refused));
        Assert.That((await first.WaitAsync(MsrpWire.Patience)).StatusCode, Is.EqualTo(status));
        Assert.That((await second.WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.SessionEnded));
        await peer.ExpectEndAsync(isBroken: false);
    }

    [Test, Description("MSRP-28 Edge 35 Edge 36")]
    public async Task Reports_are_merged_however_relays_cut_them()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = 2048 });
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(5000)) with { SuccessReport = true }).AsTask();
        var chunks = await WireFrame.ReadMessageAsync(peer, answer: false);
        var last = chunks[^1];

        await peer.SendAsync(last.Report("4001-5000/5000"));
        await peer.SendAsync(last.Report("1-10/5000"));
        await peer.SendAsync(last.Report("1-10/5000"));
        await peer.SendAsync((last with { Head = last.Head.Replace("msg1", "none") }).Report("1-5000/5000"));
        await peer.SendAsync(last.Report("1-5000/5000", "001 200 other"));
        await peer.SendAsync(last.Report("5-3000/5000"));
        await peer.ExpectNothingAsync();
        Assert.That(sending.IsCompleted, Is.False);
        await peer.SendAsync(last.Report("3001-4000/5000"));

        // All has arrived, though not one 200 has come.
        Assert.That(await sending.WaitAsync(MsrpWire.Patience), Is.EqualTo(new MsrpSendResult(MsrpSendOutcome.Reported, "msg1", 200, new MsrpProgress(5000, 0, 5000, 5000))));
        foreach (var chunk in chunks)
        {
            await chunk.AnswerAsync(peer);
        }

        await peer.SendAsync(last.Report("1-5000/5000"));
        await ChunkedMessageTests.SendsAsync(session, peer);
    }

    [Test]
    public async Task A_missing_report_is_told_after_its_time_and_at_the_end_of_the_session()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var message = OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("x")) with { SuccessReport = true };
        var first = session.SendAsync(message with { ReportTimeout = TimeSpan.FromSeconds(5) }).AsTask();
        await WireFrame.ReadMessageAsync(peer);
        var second = session.SendAsync(message with { ReportTimeout = System.Threading.Timeout.InfiniteTimeSpan }).AsTask();
        await WireFrame.ReadMessageAsync(peer);
        var third = session.SendAsync(message with { ReportTimeout = TimeSpan.FromDays(400) }).AsTask();
        await WireFrame.ReadMessageAsync(peer);
        await peer.ExpectNothingAsync();

        wire.Clock.Advance(TimeSpan.FromSeconds(5) - Tick);
        await peer.ExpectNothingAsync();
        Assert.That(first.IsCompleted, Is.False);
        wire.Clock.Advance(Tick);
        Assert.That(await first.WaitAsync(MsrpWire.Patience), Is.EqualTo(new MsrpSendResult(MsrpSendOutcome.ReportMissing, "msg1", 200, new MsrpProgress(1, 1, 0, 1))));

        wire.Clock.Advance(TimeSpan.FromDays(399));
        await session.DisposeAsync();
        Assert.That((await second.WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.ReportMissing));
        Assert.That((await third.WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.ReportMissing));
    }

    [Test]
    public async Task An_answer_before_the_end_of_its_chunk_counts_for_all_of_it()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = 1 << 20 });
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(500_000))).AsTask();
        var start = await peer.ReadAsync(1000);
        await peer.SendAsync(new WireFrame("t000000000000001", "SEND", $"\r\nTo-Path: {MsrpWire.Bob}\r\nFrom-Path: {MsrpWire.Alice}", null, '+').Response(200));

        Assert.That(start + await peer.ReadToAsync(WireFrame.EndLines("t000000000000001")), Does.EndWith("$\r\n"));

        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).Progress, Is.EqualTo(new MsrpProgress(500_000, 500_000, 0, 500_000)));
    }

    [Test]
    public async Task Progress_grows_and_ends_where_the_message_does()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = 20_000 });
        var shown = new Shown();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(300_000)) with { Progress = shown, SuccessReport = true }).AsTask();

        var chunks = await WireFrame.ReadMessageAsync(peer);
        await peer.SendAsync(chunks[^1].Report("1-1000/300000"));
        await peer.SendAsync(chunks[^1].Report("1-300000/300000"));

        var result = await sending.WaitAsync(MsrpWire.Patience);
        Assert.That(shown.All[^1], Is.EqualTo(new MsrpProgress(300_000, 300_000, 300_000, 300_000)).And.EqualTo(result.Progress));
        Assert.That(shown.All.Select(progress => progress.Written), Is.Ordered);
        Assert.That(shown.All.Select(progress => progress.Acknowledged), Is.Ordered);
        Assert.That(shown.All.Select(progress => progress.Reported), Is.Ordered);
        Assert.That(shown.All, Has.All.Matches<MsrpProgress>(progress => progress.Acknowledged <= progress.Written));
    }

    private sealed class Shown : IProgress<MsrpProgress>
    {
        public List<MsrpProgress> All { get; } = [];

        public void Report(MsrpProgress value) => All.Add(value);
    }
}
