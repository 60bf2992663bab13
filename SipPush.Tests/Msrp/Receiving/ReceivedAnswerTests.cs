using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Receiving;

/// <summary>What is answered to requests, and what is not.</summary>
public sealed class ReceivedAnswerTests
{
    [TestCase("", 200, ExpectedResult = true)]
    [TestCase("Failure-Report: yes\n", 200, ExpectedResult = true)]
    [TestCase("Failure-Report: partial\n", 200, ExpectedResult = false)]
    [TestCase("Failure-Report: no\n", 200, ExpectedResult = false)]
    [TestCase("", 415, ExpectedResult = true)]
    [TestCase("Failure-Report: yes\n", 415, ExpectedResult = true)]
    [TestCase("Failure-Report: partial\n", 415, ExpectedResult = true)]
    [TestCase("Failure-Report: no\n", 415, ExpectedResult = false)]
    [TestCase("Failure-Report: partial\n", 413, ExpectedResult = true)]
    [TestCase("Failure-Report: no\n", 413, ExpectedResult = false)]
    [TestCase("Failure-Report: no\n", 481, ExpectedResult = false)]
    [TestCase("Failure-Report: partial\n", 481, ExpectedResult = true)]
    [TestCase("Failure-Report: no\n", 400, ExpectedResult = false)]
    [TestCase("Failure-Report: partial\n", 400, ExpectedResult = true)]
    [Description("MSRP-22, Edge 38")]
    public async Task<bool> Failure_Report_says_what_is_answered(string header, int status)
    {
        await using var wire = new MsrpWire();
        var (_, peer) = await wire.BindAsync(new MsrpSessionOptions { AcceptTypes = [status == 415 ? "image/*" : "text/plain"], MaxSize = 10 });
        var frame = MsrpWirePeer.Send("tid1", "mmmm", status == 400 ? "0-4/5" : null, status == 413 ? "Hello, world" : "Hello", headers: header);
        frame = status == 481 ? frame.Replace("/a1;", "/zz;", StringComparison.Ordinal) : frame;

        await peer.SendAsync(frame);

        var answer = MsrpWirePeer.Response("tid1", status);
        answer = status == 481 ? answer.Replace("/a1;", "/zz;", StringComparison.Ordinal) : answer;
        var isAnswered = header.Length == 0 || header.Contains("yes", StringComparison.Ordinal) || (header.Contains("partial", StringComparison.Ordinal) && status != 200);
        if (isAnswered)
        {
            await peer.ExpectAsync(answer);
        }

        await peer.ExpectNothingAsync();
        return isAnswered;
    }

    [TestCase("NICKNAME")]
    [TestCase("AUTH")]
    [Description("MSRP-39, Edge 16, Edge 37")]
    public async Task Other_methods_get_501_by_the_whole_path_and_the_next_frame_is_intact(string method)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync($"""
            MSRP tid1 {method}
            To-Path: msrp://alice.example.com:7777/a1;tcp
            From-Path: msrp://relay.example.com:2855/r1;tcp msrp://bob.example.com:8888/b1;tcp
            Content-Type: text/plain

            MSRP
            -------tid1$
            MSRP tid2 {method}
            To-Path: msrp://alice.example.com:7777/a1;tcp
            From-Path: msrp://bob.example.com:8888/b1;tcp
            Failure-Report: no
            -------tid2$

            """ + MsrpWirePeer.Send("tid3", "mmmm", null, "Hello"));

        await peer.ExpectAsync("""
            MSRP tid1 501 Unknown Method
            To-Path: msrp://relay.example.com:2855/r1;tcp msrp://bob.example.com:8888/b1;tcp
            From-Path: msrp://alice.example.com:7777/a1;tcp
            -------tid1$

            """ + MsrpWirePeer.Response("tid3", 200));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello"));
    }

    [TestCase("Byte-Range: 1-5/5\nStatus: 000 200 OK\n")]
    [TestCase("Byte-Range: 1-5/5\nStatus: 000 413\n")]
    [TestCase("Status: 999 nonsense\n")]
    [TestCase("Failure-Report: yes\nSuccess-Report: yes\nByte-Range: 1-5/5\nStatus: 000 200 OK\n")]
    [Description("MSRP-27, MSRP-28, Edge 36")]
    public async Task A_REPORT_is_never_answered(string headers)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync($"MSRP tid1 REPORT\nTo-Path: {MsrpWire.Alice}\nFrom-Path: {MsrpWire.Bob}\nMessage-ID: unknown\n{headers}-------tid1$\n"
            + $"MSRP tid2 REPORT\nTo-Path: msrp://nobody.example.com:1/x;tcp\nFrom-Path: {MsrpWire.Bob}\nMessage-ID: unknown\n{headers}-------tid2$\n");

        await peer.ExpectNothingAsync();
        Assert.That(session.Completion.IsCompleted, Is.False);
    }

    [TestCase("text/plain", ExpectedResult = true)]
    [TestCase("TEXT/Plain; charset=utf-8", ExpectedResult = true)]
    [TestCase("image/png", ExpectedResult = true)]
    [TestCase("multipart/mixed; boundary=x", ExpectedResult = true)]
    [TestCase("multipart/alternative; boundary=x", ExpectedResult = true)]
    [TestCase("multipart/related; boundary=x", ExpectedResult = false)]
    [TestCase("text/html", ExpectedResult = false)]
    [TestCase("text/plainer", ExpectedResult = false)]
    [Description("MSRP-36, Edge 40")]
    public async Task<bool> Types_that_are_not_taken_get_415(string type)
    {
        await using var wire = new MsrpWire();
        var (_, peer) = await wire.BindAsync(new MsrpSessionOptions { AcceptTypes = ["text/plain", "image/*"] });

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", null, "Hello").Replace("text/plain", type, StringComparison.Ordinal));

        var answer = await peer.ReadAsync("MSRP tid1 200".Length);
        Assert.That(answer, Is.AnyOf("MSRP tid1 200", "MSRP tid1 415"));
        return answer.EndsWith("200", StringComparison.Ordinal);
    }

    [TestCase("msrp://alice.example.com:7777/a1;tcp", ExpectedResult = 200)]
    [TestCase("MSRP://ALICE.example.com:7777/a1;TCP", ExpectedResult = 200)]
    [TestCase("msrp://somebody@alice.example.com:7777/a1;tcp", ExpectedResult = 200)]
    [TestCase("msrp://alice.example.com:7777/a1;tcp;user=1", ExpectedResult = 200)]
    [TestCase("msrps://alice.example.com:7777/a1;tcp", ExpectedResult = 481)]
    [TestCase("msrp://alice.example.com:7778/a1;tcp", ExpectedResult = 481)]
    [TestCase("msrp://alice.example.com/a1;tcp", ExpectedResult = 481)]
    [TestCase("msrp://alice.example.com:7777/A1;tcp", ExpectedResult = 481)]
    [TestCase("msrp://alice.example.com:7777;tcp", ExpectedResult = 481)]
    [TestCase("msrp://bob.example.com:7777/a1;tcp", ExpectedResult = 481)]
    [TestCase("msrp://alice.example.com:7777/a1;tcp msrp://next.example.com:7777/a1;tcp", ExpectedResult = 481)]
    [Description("MSRP-32, MSRP-40, Edge 46")]
    public async Task<int> The_To_Path_is_the_URI_of_the_session(string toPath)
    {
        await using var wire = new MsrpWire();
        var (_, peer) = await wire.BindAsync();

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", null, "Hello").Replace(MsrpWire.Alice, toPath, StringComparison.Ordinal));

        return int.Parse((await peer.ReadAsync("MSRP tid1 200".Length))[^3..], System.Globalization.CultureInfo.InvariantCulture);
    }

    [TestCase("msrp://10.0.0.1:9/a1;tcp", ExpectedResult = 200)]
    [TestCase("msrp://alice.example.com:7777/A1;tcp", ExpectedResult = 481)]
    [Description("Edge 46")]
    public async Task<int> The_session_id_alone_can_find_the_session(string toPath)
    {
        await using var wire = new MsrpWire();
        var (_, peer) = await wire.BindAsync(new MsrpSessionOptions { MatchSessionIdOnly = true });

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", null, "Hello").Replace(MsrpWire.Alice, toPath, StringComparison.Ordinal));

        return int.Parse((await peer.ReadAsync("MSRP tid1 200".Length))[^3..], System.Globalization.CultureInfo.InvariantCulture);
    }

    [TestCase("0-4/5")]
    [TestCase("5-3/5")]
    [TestCase("-1-5/5")]
    [TestCase("1-99999999999999999999/*")]
    [Description("Edge 29")]
    public async Task A_range_that_is_none_gets_400(string range)
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();

        await peer.SendAsync(MsrpWirePeer.Send("tid1", "mmmm", range, "Hello") + MsrpWirePeer.Send("tid2", "next", null, "Hello"));

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 400) + MsrpWirePeer.Response("tid2", 200));
        Assert.That((await MsrpWire.ReceiveAsync(session)).MessageId, Is.EqualTo("next"));
    }

    [Test]
    [Description("MSRP-47")]
    public async Task A_session_that_takes_nothing_still_sends_and_is_reported_to()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { AcceptTypes = [] });
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "Hello"u8.ToArray()) with { MessageId = "mmmm", SuccessReport = true });
        await peer.ExpectAsync("""
            MSRP t000000000000001 SEND
            To-Path: msrp://bob.example.com:8888/b1;tcp
            From-Path: msrp://alice.example.com:7777/a1;tcp
            Message-ID: mmmm
            Byte-Range: 1-5/5
            Success-Report: yes
            Content-Type: text/plain

            Hello
            -------t000000000000001$
            """);

        await peer.SendAsync("""
            MSRP t000000000000001 200 OK
            To-Path: msrp://alice.example.com:7777/a1;tcp
            From-Path: msrp://bob.example.com:8888/b1;tcp
            -------t000000000000001$
            MSRP tid1 REPORT
            To-Path: msrp://alice.example.com:7777/a1;tcp
            From-Path: msrp://bob.example.com:8888/b1;tcp
            Message-ID: mmmm
            Byte-Range: 1-5/5
            Status: 000 200 OK
            -------tid1$
            """);

        Assert.That((await sending.AsTask().WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.Reported));
    }
}
