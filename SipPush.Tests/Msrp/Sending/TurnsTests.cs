using System.IO.Pipelines;
using System.Text;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Sending;

/// <summary>Who writes when: answers first, every message in its turn, and never the end-line of a chunk within it.</summary>
public sealed class TurnsTests
{
    // Octets that the link takes before the far end reads, and those of one write.
    private const int OnTheWay = 2 * 64 * 1024;

    [Test, Description("MSRP-13 Edge 42")]
    public async Task A_response_interrupts_a_large_chunk_within_one_write()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = 1 << 20 });
        const int Length = 600_000;
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(Length))).AsTask();
        var start = await peer.ReadAsync(1000);

        await peer.SendAsync("""
            MSRP ping PING
            To-Path: msrp://x:1/x;tcp
            From-Path: msrp://y:1/y;tcp
            -------ping$
            """);
        var text = start + await peer.ReadToAsync("-------ping$\r\n");

        Assert.That(text, Does.EndWith("\r\n-------t000000000000001+\r\nMSRP ping 501 Unknown Method\r\nTo-Path: msrp://y:1/y;tcp\r\nFrom-Path: msrp://x:1/x;tcp\r\n-------ping$\r\n"));
        Assert.That(text.Length, Is.LessThan(OnTheWay + 4096));
        var first = text[(text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..text.IndexOf("\r\n-------t000000000000001+", StringComparison.Ordinal)];
        Assert.That(first, Is.EqualTo(Body.Text(Length)[..first.Length]));
        await peer.SendAsync($"""
            MSRP t000000000000001 200 OK
            To-Path: {MsrpWire.Alice}
            From-Path: {MsrpWire.Bob}
            -------t000000000000001$
            """);
        var rest = await WireFrame.ReadMessageAsync(peer);
        Assert.That(rest[0].Range, Is.EqualTo($"{first.Length + 1}-*/{Length}"));
        Assert.That(first.Length + rest.Sum(chunk => chunk.Body!.Length), Is.EqualTo(Length));
        Assert.That(rest[^1].Body, Is.EqualTo(Body.Text(Length)[^rest[^1].Body!.Length..]));
        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).Progress, Is.EqualTo(new MsrpProgress(Length, Length, 0, Length)));
    }

    [Test]
    public async Task An_answer_is_written_by_the_thread_that_read_its_request_while_nothing_else_is_to_be_written()
    {
        await using var wire = new MsrpWire();
        var (_, peer) = await wire.BindAsync();
        for (var i = 0; i < 3; i++)
        {
            await peer.SendAsync(MsrpWirePeer.Send($"frame{i}", $"message{i}", null, "Hey"));

            var answer = peer.ExpectAsync(MsrpWirePeer.Response($"frame{i}", MsrpStatus.Ok));
            Assert.That(answer.IsCompleted, Is.True);
            await answer;
        }
    }

    [Test]
    public async Task A_message_whose_answers_and_requests_come_together_goes_on_behind_the_responses()
    {
        await using var wire = new MsrpWire();
        const int Length = 40_000;
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = 1000, Window = 2000 });
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(Length))).AsTask();
        var body = new StringBuilder();
        for (var last = '+'; last != '$';)
        {
            var chunk = await WireFrame.ReadAsync(peer);
            if (chunk.Body is null)
            {
                continue;
            }

            body.Append(chunk.Body);
            last = chunk.Flag;
            await peer.SendAsync($"MSRP {chunk.Id} 200 OK\nTo-Path: {MsrpWire.Alice}\nFrom-Path: {MsrpWire.Bob}\n-------{chunk.Id}$\n"
                + "MSRP ping PING\nTo-Path: msrp://x:1/x;tcp\nFrom-Path: msrp://y:1/y;tcp\n-------ping$");
        }

        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).IsSuccess, Is.True);
        Assert.That(body.ToString(), Is.EqualTo(Body.Text(Length)));
    }

    [Test, Description("MSRP-15 Edge 42")]
    public async Task Messages_of_one_and_of_several_sessions_take_turns()
    {
        await using var wire = new MsrpWire();
        var (first, peer) = await wire.BindAsync();
        var (second, _) = await wire.BindAsync(peer: peer, uri: "msrp://alice.example.com:7777/a2;tcp");
        const int Length = 400_000;
        var sending = new List<Task<MsrpSendResult>>();
        foreach (var session in new[] { first, first, first, second, second })
        {
            sending.Add(session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(Length)) with { FailureReport = FailureReportMode.No }).AsTask());
        }

        var chunks = new List<WireFrame>();
        while (chunks.Count(chunk => chunk.Flag == '$') < sending.Count)
        {
            chunks.Add(await WireFrame.ReadAsync(peer));
        }

        var results = await Task.WhenAll(sending).WaitAsync(MsrpWire.Patience);
        Assert.That(results.Select(result => result.Outcome), Has.All.EqualTo(MsrpSendOutcome.Sent));
        foreach (var id in results.Select(result => result.MessageId))
        {
            Assert.That(WireFrame.Join(chunks.Where(chunk => chunk.MessageId == id)), Is.EqualTo(Body.Text(Length)));
        }

        // Once all five have begun, nobody waits for longer than one turn of each of the others.
        var begun = results.Max(result => chunks.FindIndex(chunk => chunk.MessageId == result.MessageId));
        foreach (var id in results.Select(result => result.MessageId))
        {
            var waited = 0;
            foreach (var chunk in chunks[begun..(chunks.FindLastIndex(chunk => chunk.MessageId == id) + 1)])
            {
                waited = chunk.MessageId == id ? 0 : waited + chunk.Body!.Length;
                Assert.That(waited, Is.LessThanOrEqualTo(4 * 2 * 64 * 1024));
            }
        }
    }

    // The ids count, so the body can hold the end-line that is coming.
    [Test, Pairwise, Description("MSRP-04 Edge 41")]
    public async Task A_body_with_the_end_line_of_its_chunk_arrives_whole(
        [Values(0, 1, 100, 2000, 2047, 2048, 4095, 65_400, 65_536)] int offset, [Values('+', '$', '#')] char flag, [Values(0, 1, 7, 700)] int pieces)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var body = Body.Text(offset) + $"-------t000000000000001{flag}\r\n-------t000000000000002{flag}" + Body.Text(3000);
        await CheckAsync(session, peer, body, pieces);
    }

    [Test, Description("MSRP-04 Edge 41")]
    public async Task A_small_body_with_the_end_line_gets_another_id([Values(0, 1, 7)] int pieces)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var chunks = await CheckAsync(session, peer, "-------t000000000000001$", pieces);

        Assert.That(chunks.Select(chunk => $"{chunk.Id} {chunk.Summary}"), Is.EqualTo(["t000000000000002 1-24/24 24 $"]));
    }

    private static async Task<List<WireFrame>> CheckAsync(MsrpSession session, MsrpWirePeer peer, string body, int pieces)
    {
        var octets = Body.Octets(body);
        var message = pieces == 0
            ? OutgoingMsrpMessage.FromMemory("text/plain", octets)
            : OutgoingMsrpMessage.FromPipe("text/plain", PipeReader.Create(new MemoryStream(octets), new StreamPipeReaderOptions(bufferSize: 16, minimumReadSize: pieces)));
        var sending = session.SendAsync(message).AsTask();

        var chunks = await WireFrame.ReadMessageAsync(peer);

        Assert.That(WireFrame.Join(chunks), Is.EqualTo(body));
        foreach (var chunk in chunks)
        {
            Assert.That(chunk.Body, Does.Not.Contain($"-------{chunk.Id}+").And.Not.Contain($"-------{chunk.Id}$").And.Not.Contain($"-------{chunk.Id}#"));
        }

        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).Progress.Acknowledged, Is.EqualTo(body.Length));
        return chunks;
    }
}
