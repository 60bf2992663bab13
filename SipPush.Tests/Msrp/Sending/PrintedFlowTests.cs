using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Sending;

/// <summary>The flow of the sample, as literal text.</summary>
public sealed class PrintedFlowTests
{
    [Test, Description("MSRP-05 MSRP-10 MSRP-11 MSRP-14 MSRP-55 Edge 43")]
    public async Task Three_chunks_are_answered_one_by_one_and_reported_once()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = 2048, Pipelining = false });
        var body = Body.Text(4385);

        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("application/vnd.oma.push", Body.Octets(4385)) with { MessageId = "12339sdqwer", SuccessReport = true }).AsTask();

        await ExpectChunkAsync(peer, "t000000000000001", "1-2048/4385", body[..2048], '+');
        await peer.ExpectNothingAsync();
        await AnswerAsync(peer, "t000000000000001");
        await ExpectChunkAsync(peer, "t000000000000002", "2049-4096/4385", body[2048..4096], '+');
        await peer.ExpectNothingAsync();
        await AnswerAsync(peer, "t000000000000002");
        await ExpectChunkAsync(peer, "t000000000000003", "4097-4385/4385", body[4096..], '$');
        await AnswerAsync(peer, "t000000000000003");
        await peer.ExpectNothingAsync();
        Assert.That(sending.IsCompleted, Is.False);
        await peer.SendAsync($"""
            MSRP dkei38sd REPORT
            To-Path: {MsrpWire.Alice}
            From-Path: {MsrpWire.Bob}
            Message-ID: 12339sdqwer
            Byte-Range: 1-4385/4385
            Status: 000 200 OK
            -------dkei38sd$
            """);

        var result = await sending.WaitAsync(MsrpWire.Patience);
        Assert.That(result, Is.EqualTo(new MsrpSendResult(MsrpSendOutcome.Reported, "12339sdqwer", 200, new MsrpProgress(4385, 4385, 4385, 4385))));
        Assert.That(result.IsSuccess);
        await peer.ExpectNothingAsync();
    }

    [Test, Description("MSRP-06 MSRP-07 MSRP-11 MSRP-53 Edge 14")]
    public async Task An_empty_message_keeps_its_type_and_the_empty_line()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", default)).AsTask();

        await peer.ExpectAsync($"""
            MSRP t000000000000001 SEND
            To-Path: {MsrpWire.Bob}
            From-Path: {MsrpWire.Alice}
            Message-ID: msg1
            Byte-Range: 1-0/0
            Content-Type: text/plain


            -------t000000000000001$
            """);
        await AnswerAsync(peer, "t000000000000001");
        Assert.That(await sending.WaitAsync(MsrpWire.Patience), Is.EqualTo(new MsrpSendResult(MsrpSendOutcome.Acknowledged, "msg1", 200, new MsrpProgress(0, 0, 0, 0))));
    }

    [Test, Description("MSRP-05 MSRP-10 MSRP-22 MSRP-53")]
    public async Task All_chunks_have_the_same_headers_with_the_type_last()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = 2 });

        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain;charset=utf-8", Body.Octets("abc")) with
        {
            MessageId = "kept",
            FailureReport = FailureReportMode.Partial,
            SuccessReport = true,
            Headers = [new("Content-Disposition", "attachment"), new("X-Own", "v")],
        }).AsTask();

        foreach (var (id, range, text, flag) in new[] { (1, "1-2/3", "ab", '+'), (2, "3-3/3", "c", '$') })
        {
            await peer.ExpectAsync($"""
                MSRP t00000000000000{id} SEND
                To-Path: {MsrpWire.Bob}
                From-Path: {MsrpWire.Alice}
                Message-ID: kept
                Byte-Range: {range}
                Success-Report: yes
                Failure-Report: partial
                Content-Disposition: attachment
                X-Own: v
                Content-Type: text/plain;charset=utf-8

                {text}
                -------t00000000000000{id}{flag}
                """);
        }

        wire.Clock.Advance(TimeSpan.FromSeconds(120));
        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.ReportMissing));
    }

    private static Task ExpectChunkAsync(MsrpWirePeer peer, string id, string range, string body, char flag) => peer.ExpectAsync($"""
        MSRP {id} SEND
        To-Path: {MsrpWire.Bob}
        From-Path: {MsrpWire.Alice}
        Message-ID: 12339sdqwer
        Byte-Range: {range}
        Success-Report: yes
        Content-Type: application/vnd.oma.push

        {body}
        -------{id}{flag}
        """);

    private static Task AnswerAsync(MsrpWirePeer peer, string id) => peer.SendAsync($"""
        MSRP {id} 200 OK
        To-Path: {MsrpWire.Alice}
        From-Path: {MsrpWire.Bob}
        -------{id}$
        """);
}
