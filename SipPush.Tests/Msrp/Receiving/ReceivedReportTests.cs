using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Receiving;

/// <summary>The REPORTs on messages that have come in.</summary>
public sealed class ReceivedReportTests
{
    private const string Wanted = "Success-Report: yes\n";

    [Test]
    [Description("MSRP-24, MSRP-25, Edge 36")]
    public async Task Success_is_reported_when_asked_for_by_the_whole_path_behind_the_answer()
    {
        await using var wire = new MsrpWire();
        var (_, peer) = await wire.BindAsync();

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mute", "1-5/5", "Hello", headers: "Success-Report: no\n")
            + MsrpWirePeer.Send("tid2", "mmmm", "1-*/*", "Hello", headers: Wanted).Replace("From-Path: ", "From-Path: msrp://relay.example.com:2855/r1;tcp ", StringComparison.Ordinal));

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200) + """
            MSRP tid2 200 OK
            To-Path: msrp://relay.example.com:2855/r1;tcp
            From-Path: msrp://alice.example.com:7777/a1;tcp
            -------tid2$
            MSRP t000000000000001 REPORT
            To-Path: msrp://relay.example.com:2855/r1;tcp msrp://bob.example.com:8888/b1;tcp
            From-Path: msrp://alice.example.com:7777/a1;tcp
            Message-ID: mmmm
            Byte-Range: 1-5/5
            Status: 000 200 OK
            -------t000000000000001$
            """);
        await peer.ExpectNothingAsync();
    }

    [TestCase("no")]
    [TestCase("partial")]
    [Description("MSRP-24")]
    public async Task Success_is_reported_whatever_Failure_Report_says(string mode)
    {
        await using var wire = new MsrpWire();
        var (_, peer) = await wire.BindAsync();

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", null, "Hello", headers: $"{Wanted}Failure-Report: {mode}\n"));

        await peer.ExpectAsync(Report(1, "1-5/5"));
    }

    [Test]
    [Description("MSRP-24")]
    public async Task Progress_is_reported_within_one_endless_chunk()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ReportEvery = 1000 });
        var chunk = MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", "", headers: Wanted);

        await peer.SendPartAsync(chunk[..^"\n-------tid1$\n".Length]);
        for (var i = 0; i < 5; i++)
        {
            await peer.SendPartAsync(new string('x', 500));
        }

        await peer.ExpectAsync(Report(1, "1-1000/*") + Report(2, "1-2000/*"));
        await peer.SendPartAsync("\n-------tid1$\n");
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200) + Report(3, "1-2500/2500"));
        Assert.That((await MsrpWire.ReadNextAsync(session)).Length, Is.EqualTo(2500));
    }

    [Test]
    [Description("MSRP-24")]
    public async Task The_application_can_report_once()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ReportTiming = MsrpReportTiming.ByApplication });

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", "1-*/*", "Hel", '+', Wanted));
        await using var message = await MsrpWire.ReceiveAsync(session);
        message.Report();
        await peer.SendAsync(MsrpWirePeer.Send("tid2", "mmmm", "4-*/*", "lo", headers: Wanted));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200) + MsrpWirePeer.Response("tid2", 200));
        await peer.ExpectNothingAsync();

        message.Report();
        message.Report();
        message.Report(MsrpStatus.Forbidden);

        await peer.ExpectAsync(Report(1, "1-5/5"));
        await peer.ExpectNothingAsync();
    }

    [Test]
    [Description("MSRP-26")]
    public async Task A_failure_that_the_application_reports_has_the_true_range()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", "1-99/99", "Hello") + MsrpWirePeer.Send("tid2", "mute", null, "Hello", headers: "Failure-Report: no\n"));
        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 200));
        (await MsrpWire.ReceiveAsync(session)).Report(MsrpStatus.Forbidden);
        (await MsrpWire.ReceiveAsync(session)).Report(MsrpStatus.Forbidden);

        await peer.ExpectAsync(Report(1, "1-5/5", "403 Forbidden"));
        await peer.ExpectNothingAsync();
    }

    private static string Report(int number, string range, string status = "200 OK") => $"""
        MSRP t{number:D15} REPORT
        To-Path: msrp://bob.example.com:8888/b1;tcp
        From-Path: msrp://alice.example.com:7777/a1;tcp
        Message-ID: mmmm
        Byte-Range: {range}
        Status: 000 {status}
        -------t{number:D15}$

        """;
}
