using System.Net;
using System.Text;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Samples.PushReceiver;
using SipPush.Samples.PushSender;
using SipPush.Sip;
using SipPush.Tests.Samples;

namespace SipPush.Tests.Interop;

/// <summary>That tshark, which shares no code with this project, reads what the recorder writes.</summary>
[TestFixture, Category("Interop"), Parallelizable]
public sealed class WireRecorderInteropTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Test]
    public async Task SIP_and_MSRP_are_found_over_every_protocol_and_family()
    {
        var tshark = Peer.Require("tshark");
        using var folder = new RunDirectory();
        using (var recorder = WireRecorder.Create(folder.File("capture.pcapng")))
        {
            var options = Octets("""
                OPTIONS sip:bob@example.com SIP/2.0
                Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1
                Max-Forwards: 70
                From: <sip:psa@example.com>;tag=1
                To: <sip:bob@example.com>
                Call-ID: 1
                CSeq: 1 OPTIONS
                Content-Length: 0


                """);
            var send = MsrpSend("a786hjs2", "abc");
            foreach (var (protocol, port) in new[] { ("udp", 5060), ("tcp", 5060), ("tls", 5062) })
            {
                foreach (var (near, far) in new[] { ("192.0.2.1", "192.0.2.2"), ("[2001:db8::1]", "[2001:db8::2]") })
                {
                    recorder.Sip.Sending(new SipFlow(null!, SipEndPoint.Parse($"{protocol}:{near}:{port}"), SipEndPoint.Parse($"{protocol}:{far}:{port}")), options);
                }
            }

            foreach (var (near, far) in new[] { ("192.0.2.1:2855", "192.0.2.2:7654"), ("[2001:db8::1]:2855", "[2001:db8::2]:7654") })
            {
                var flow = new MsrpFlow(IPEndPoint.Parse(near), IPEndPoint.Parse(far), isSecure: false);
                recorder.Msrp.Sending(flow, send.AsSpan(0, 30));
                recorder.Msrp.Sending(flow, send.AsSpan(30));
                recorder.Msrp.Closed(flow);
            }
        }

        var frames = await DissectAsync(tshark, folder, "capture.pcapng");

        Assert.That(frames.Count(frame => frame.Protocols.EndsWith(":sip", StringComparison.Ordinal)), Is.EqualTo(6));
        Assert.That(frames.Count(frame => frame.Protocols.Contains(":msrp", StringComparison.Ordinal)), Is.EqualTo(2));
        Assert.That(frames.Count(frame => frame.Comment == "It went over TLS and is shown in clear"), Is.EqualTo(8), "handshakes and messages of two connections");
        AssertSound(frames);
    }

    [Test]
    public async Task Every_message_of_MSRP_is_found_however_its_octets_come()
    {
        var tshark = Peer.Require("tshark");
        using var folder = new RunDirectory();
        using (var recorder = WireRecorder.Create(folder.File("capture.pcapng")))
        {
            var flow = new MsrpFlow(IPEndPoint.Parse("192.0.2.1:2855"), IPEndPoint.Parse("192.0.2.2:7654"), isSecure: false);
            var small = MsrpSend("a786hjs2", "abc");
            var large = MsrpSend("d93kswow", new string('x', 300_000));
            recorder.Msrp.Sending(flow, [.. small, .. large.AsSpan(0, 65_500)]);
            recorder.Msrp.Received(flow, MsrpBodiless("a786hjs2", "200 OK"));
            recorder.Msrp.Sending(flow, large.AsSpan(65_500..^10));
            recorder.Msrp.Sending(flow, [.. large[^10..], .. small, .. small]);
            recorder.Msrp.Received(flow, [.. MsrpBodiless("d93kswow", "200 OK"), .. MsrpBodiless("a786hjs2", "200 OK"), .. MsrpBodiless("a786hjs2", "200 OK"), .. MsrpBodiless("dkei38sd", "REPORT")]);
            recorder.Msrp.Closed(flow);
        }

        var frames = await DissectAsync(tshark, folder, "capture.pcapng");

        Assert.That(frames.Select(frame => frame.Msrp + frame.MsrpStatus).Where(message => message.Length > 0), Is.EqualTo(
            ["SEND", "200", "SEND", "SEND", "SEND", "200", "200", "200", "REPORT"]));
        AssertSound(frames);
    }

    [Test]
    public async Task A_capture_of_a_sample_is_read_whole()
    {
        var tshark = Peer.Require("tshark");
        using var folder = new RunDirectory();
        var file = folder.File("content.bin");
        await File.WriteAllBytesAsync(file, new byte[300_000]);
        var port = FreePort.Next();
        await using (var receiver = SampleRun.Start(
            ReceiverProgram.RunAsync,
            "--aor", "sip:bob@example.com", "--listen", $"127.0.0.1:{port}", "--app", "mms.ua", "--no-register", "--count", "1", "--json", "--pcap", folder.File("receiver.pcapng")))
        {
            await receiver.EventAsync("listening");
            await using var sender = SampleRun.Start(
                SenderProgram.RunAsync,
                "--aor", "sip:psa@example.com", "--direct", $"127.0.0.1:{port};transport=tcp", "--listen", "127.0.0.1:0",
                "--to", "sip:bob@example.com", "--app", "mms.ua", "--file", file, "--report", "--json", "--pcap", folder.File("sender.pcapng"));
            Assert.That(await sender.ExitAsync(), Is.Zero);
            Assert.That(await receiver.ExitAsync(), Is.Zero);
        }

        foreach (var capture in new[] { "sender.pcapng", "receiver.pcapng" })
        {
            var frames = await DissectAsync(tshark, folder, capture);

            Assert.That(frames.Select(frame => frame.Sip), Has.Some.EqualTo("INVITE").And.Some.EqualTo("BYE"), capture);
            Assert.That(frames.Select(frame => frame.Msrp), Has.Some.EqualTo("SEND").And.One.EqualTo("REPORT"), capture);
            Assert.That(frames.Count(frame => frame.MsrpStatus == "200"), Is.EqualTo(frames.Count(frame => frame.Msrp == "SEND")), capture);
            AssertSound(frames);
        }
    }

    private static void AssertSound(List<Frame> frames) => Assert.Multiple(() =>
    {
        Assert.That(frames.Where(frame => frame.Malformed.Length > 0), Is.Empty);
        Assert.That(frames.Where(frame => frame.Analysis.Length > 0), Is.Empty, "sequence numbers");
        Assert.That(frames.SelectMany(frame => frame.ChecksumStatus.Split(',')), Is.All.EqualTo("1"), "1 is good");
    });

    private static async Task<List<Frame>> DissectAsync(string tshark, RunDirectory folder, string capture)
    {
        // Through a file: a PeerProcess keeps only so many lines.
        string[] arguments =
        [
            "-c", "exec \"$0\" \"$@\" > fields", tshark, "-r", folder.File(capture), "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
            "-d", "tcp.port==5062,sip", "-T", "fields",
            "-e", "frame.protocols", "-e", "sip.Method", "-e", "msrp.method", "-e", "msrp.status.code", "-e", "_ws.malformed", "-e", "tcp.analysis.flags", "-e", "tcp.checksum.status", "-e", "udp.checksum.status", "-e", "frame.comment",
        ];
        await using var process = PeerProcess.Start("/bin/sh", folder.Path, arguments);
        Assert.That(await process.WaitAsync(Limit), Is.Zero, () => process.Output);
        return
        [
            .. folder.Read("fields").Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Split('\t'))
                .Select(fields => new Frame(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6] + fields[7], fields[8])),
        ];
    }

    private static byte[] MsrpSend(string transactionId, string body) => Octets($"""
        MSRP {transactionId} SEND
        To-Path: msrp://192.0.2.2:7654/b;tcp
        From-Path: msrp://192.0.2.1:2855/a;tcp
        Message-ID: 87652491
        Byte-Range: 1-{body.Length}/{body.Length}
        Content-Type: text/plain

        {body}
        -------{transactionId}$

        """);

    private static byte[] MsrpBodiless(string transactionId, string method) => Octets($"""
        MSRP {transactionId} {method}
        To-Path: msrp://192.0.2.1:2855/a;tcp
        From-Path: msrp://192.0.2.2:7654/b;tcp
        -------{transactionId}$

        """);

    private static byte[] Octets(string text) => Encoding.ASCII.GetBytes(text.ReplaceLineEndings("\r\n"));

    private sealed record Frame(string Protocols, string Sip, string Msrp, string MsrpStatus, string Malformed, string Analysis, string ChecksumStatus, string Comment);
}
