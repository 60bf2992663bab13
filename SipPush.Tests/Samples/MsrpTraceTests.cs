using System.Net;
using System.Text;
using SipPush.Msrp;
using SipPush.Samples;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Samples;

public sealed class MsrpTraceTests
{
    private const string Paths = "To-Path: msrp://192.0.2.2:7654/b;tcp\r\nFrom-Path: msrp://192.0.2.1:2855/a;tcp\r\n";

    private const string Wire =
        "MSRP t1 SEND\r\n" + Paths + "Message-ID: m1\r\nByte-Range: 1-0/0\r\n-------t1$\r\n"
        + "MSRP t2 SEND\r\n" + Paths + "Message-ID: m2\r\nByte-Range: 1-*/9\r\nContent-Type: text/plain\r\n\r\n\r\n-----\r\n-------t2+\r\n"
        + "MSRP t3 200 OK\r\n" + Paths + "-------t3$\r\n"
        + "MSRP t4 SEND\r\n" + Paths + "Message-ID: m2\r\nByte-Range: 8-9/9\r\nContent-Type: text/plain\r\n\r\nab\r\n-------t4$\r\n"
        + "MSRP t5 REPORT\r\n" + Paths + "Message-ID: m2\r\nByte-Range: 1-9/9\r\nStatus: 000 200 OK\r\n-------t5$\r\n"
        + "MSRP t6 SEND\r\n" + Paths + "Message-ID: m3\r\nByte-Range: 1-*/*\r\nContent-Type: text/plain\r\n\r\n\r\n-------t6#\r\n"
        + "MSRP t7 413 Too large\r\n" + Paths + "-------t7$\r\n";

    private static readonly string[] Lines =
        ["SEND 1-0/0 $", "SEND 1-7/9 +", "200 OK", "SEND 8-9/9 $", "REPORT 1-9/9 200 OK", "SEND 1-0/* #", "413 Too large"];

    [Test]
    public void Frames_are_summed_up_wherever_they_are_cut([Values(1, 2, 3, 5, 7, 11, 64, 4096)] int piece)
    {
        var lines = new List<string>();
        var trace = new MsrpTrace((_, line) => lines.Add(line));

        foreach (var octets in Encoding.ASCII.GetBytes(Wire).Chunk(piece))
        {
            trace.Read(octets);
        }

        Assert.That(lines, Is.EqualTo(Lines));
    }

    [Test]
    public void Two_pieces_may_meet_anywhere()
    {
        var octets = Encoding.ASCII.GetBytes(Wire);
        for (var at = 0; at <= octets.Length; at++)
        {
            var lines = new List<string>();
            var trace = new MsrpTrace((_, line) => lines.Add(line));

            trace.Read(octets.AsSpan(0, at));
            trace.Read(octets.AsSpan(at));

            Assert.That(lines, Is.EqualTo(Lines), $"cut at {at}");
        }
    }

    [TestCase("GET / HTTP/1.1\r\n")]
    [TestCase("MSRP\r\n")]
    public void What_is_no_MSRP_is_left_alone(string wire)
    {
        var lines = new List<string>();
        var trace = new MsrpTrace((_, line) => lines.Add(line));

        trace.Read(Encoding.ASCII.GetBytes(wire + Wire));

        Assert.That(lines, Is.Empty);
    }

    [Test]
    public void A_head_without_end_is_given_up()
    {
        var lines = new List<string>();
        var trace = new MsrpTrace((_, line) => lines.Add(line));

        trace.Read(Encoding.ASCII.GetBytes("MSRP t1 SEND\r\nTo-Path: " + new string('x', 20_000)));
        trace.Read(Encoding.ASCII.GetBytes("\r\n-------t1$\r\n" + Wire));

        Assert.That(lines, Is.Empty);
    }

    [Test]
    public void The_ladder_draws_frames_once_and_leaves_out_what_is_too_much()
    {
        var output = new StringWriter { NewLine = "\n" };
        var ladder = new Ladder(output, new ManualTimeProvider());
        var (near, far) = (IPEndPoint.Parse("192.0.2.1:2855"), IPEndPoint.Parse("192.0.2.2:7654"));
        MsrpTap psa = new MsrpLadderTap(ladder, "psa", "others", mostChunks: 1), bob = new MsrpLadderTap(ladder, "bob", "others", mostChunks: 1);
        var there = new MsrpFlow(near, far, isSecure: false);
        var back = new MsrpFlow(far, near, isSecure: false);
        ladder.AddColumn("psa");
        ladder.AddColumn("bob");
        ladder.Name(SipProtocol.Tcp, 7654, "bob");

        foreach (var (id, range, flag) in new[] { ("t1", "1-3/9", '+'), ("t2", "4-6/9", '+'), ("t3", "7-9/9", '$') })
        {
            var send = Encoding.ASCII.GetBytes($"MSRP {id} SEND\r\n{Paths}Byte-Range: {range}\r\nContent-Type: text/plain\r\n\r\nabc\r\n-------{id}{flag}\r\n");
            var response = Encoding.ASCII.GetBytes($"MSRP {id} 200 OK\r\n{Paths}-------{id}$\r\n");
            psa.Sending(there, send);
            bob.Received(back, send);
            bob.Sending(back, response);
            psa.Received(there, response);
        }

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..];
        Assert.That(lines, Has.Length.EqualTo(4));
        Assert.That(lines[0], Does.Contain("─ SEND 1-3/9 + ─").And.Contain("─▶│"));
        Assert.That(lines[1], Does.Contain("│◀─").And.Contain("─ 200 OK ─"));
        Assert.That(lines[2], Does.Contain("─ SEND 7-9/9 $ (1 not drawn) ─"));
        Assert.That(lines[3], Does.Contain("─ 200 OK ─"));
    }

    [Test]
    public void A_far_end_without_a_name_has_the_column_of_all_of_them()
    {
        var output = new StringWriter { NewLine = "\n" };
        var tap = new MsrpLadderTap(new Ladder(output, new ManualTimeProvider()), "bob", "sender");

        tap.Received(new MsrpFlow(IPEndPoint.Parse("192.0.2.2:7654"), IPEndPoint.Parse("192.0.2.1:40001"), isSecure: false), Encoding.ASCII.GetBytes(Wire));

        Assert.That(output.ToString().Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(["sender", "bob"]));
    }
}
