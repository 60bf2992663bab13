using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SipPush.Tests.Interop;

/// <summary>That the peers and the tools work here, before anything of this project takes part.</summary>
[TestFixture, Category("Interop"), Parallelizable]
public sealed class HarnessTests
{
    [Test]
    public async Task The_core_answers_OPTIONS()
    {
        await using var core = await KamailioCore.StartAsync(new KamailioOptions());
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var options = $"""
            OPTIONS sip:{core.Gm} SIP/2.0
            Via: SIP/2.0/UDP {socket.Client.LocalEndPoint};branch=z9hG4bKharness
            Max-Forwards: 70
            From: <sip:test@ims.example>;tag=1
            To: <sip:{core.Gm}>
            Call-ID: harness
            CSeq: 1 OPTIONS
            Content-Length: 0


            """.ReplaceLineEndings("\r\n");

        await socket.SendAsync(Encoding.ASCII.GetBytes(options), core.Gm);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        var answer = await socket.ReceiveAsync(limit.Token);

        Assert.That(Encoding.ASCII.GetString(answer.Buffer), Does.StartWith("SIP/2.0 200 "));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_registered_user_is_told_to_the_PSA_and_shows_in_the_location_table(bool authentication)
    {
        await using var psa = await Sipp.StartAsync("register_uas_third_party", new SippOptions());
        var options = new KamailioOptions { Authentication = authentication, PsaAddress = $"127.0.0.1:{psa.Port}" };
        await using var core = await KamailioCore.StartAsync(options);

        var registered = await Sipp.RunAsync("register_uac", new SippOptions
        {
            Target = core.Gm.ToString(),
            Keys = new Dictionary<string, string> { ["expires"] = "600", ["port"] = "5070" },
        });
        var told = await psa.WaitAsync();
        var table = await core.RpcAsync("ul.dump");

        Assert.That(registered.ExitCode, Is.Zero, () => registered.Output);
        Assert.That(told.ExitCode, Is.Zero, () => told.Output);
        Assert.That(told.Log, Does.Contain("Expires 600"));
        Assert.That(table, Does.Contain("+sip.instance").Or.Contain("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
    }

    [TestCase("message_uas", false)]
    [TestCase("message_uas", true)]
    [TestCase("message_uas_third", false)]
    [TestCase("message_uas_late", false)]
    [TestCase("message_uas_twice", false)]
    public async Task A_MESSAGE_from_sipp_to_sipp_arrives(string receiver, bool tcp)
    {
        // Without retransmissions a receiver sees each request it gets; see message_uas_third.xml.
        await using var uas = await Sipp.StartAsync(receiver, new SippOptions { Tcp = tcp, Retransmissions = receiver != "message_uas_third" });
        var sent = await Sipp.RunAsync("message_uac", new SippOptions { Tcp = tcp, Target = $"127.0.0.1:{uas.Port}" });
        var received = await uas.WaitAsync();

        Assert.That(sent.ExitCode, Is.Zero, () => sent.Output);
        Assert.That(received.ExitCode, Is.Zero, () => received.Output);
        Assert.That(received.Received.Last(), Is.EqualTo(sent.Sent.Last()));
    }

    [TestCase("message_uas_202", "SIP/2.0 202 Accepted\r\n")]
    [TestCase("message_uas_480", "\r\nRetry-After: 30\r\n")]
    public async Task A_receiver_gives_its_other_answers(string receiver, string text)
    {
        var keys = new Dictionary<string, string> { ["retry_after"] = "30" };
        await using var uas = await Sipp.StartAsync(receiver, new SippOptions { Keys = keys });
        var sent = await Sipp.RunAsync("message_uac", new SippOptions { Target = $"127.0.0.1:{uas.Port}" });

        Assert.That(sent.Received.Distinct().Single(), Does.Contain(text));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_capture_shows_the_MESSAGE_and_its_answer_and_nothing_malformed(bool tcp)
    {
        await using var uas = await Sipp.StartAsync("message_uas", new SippOptions { Tcp = tcp });
        await using var capture = await Capture.StartAsync(uas.Port);

        await Sipp.RunAsync("message_uac", new SippOptions { Tcp = tcp, Target = $"127.0.0.1:{uas.Port}" });
        var messages = await capture.ReadAsync();

        Assert.That(messages.Select(message => message.Method ?? $"{message.StatusCode}"), Is.EqualTo(["MESSAGE", "200"]));
        Assert.That(messages.Where(message => message.Malformed || message.Warnings.Count > 0), Is.Empty);
        Assert.That(messages[0].RequestUri, Is.EqualTo($"sip:bob@127.0.0.1:{uas.Port}"));
        Assert.That(messages[1].CSeq, Is.EqualTo("1 MESSAGE"));
        Assert.That(messages[0].HeaderFields, Does.Contain("To: <sip:bob@ims.example>"));
    }

    [Test]
    public async Task A_capture_shows_what_is_wrong_with_a_message()
    {
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)socket.Client.LocalEndPoint!).Port;
        await using var capture = await Capture.StartAsync(port);
        var broken = "MESSAGE sip:bob@127.0.0.1 SIP/2.0\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\na line of nobody\r\n\r\n";

        await socket.SendAsync(Encoding.ASCII.GetBytes(broken), new IPEndPoint(IPAddress.Loopback, port));
        var messages = await capture.ReadAsync();

        Assert.That(messages.Single().Warnings, Does.Contain("Header has no colon after the name"));
    }
}
