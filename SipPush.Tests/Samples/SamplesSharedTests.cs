using System.Text;
using SipPush.Samples;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Samples;

public sealed class SamplesSharedTests
{
    [Test]
    public async Task The_ladder_draws_each_message_once_and_lets_no_octet_steer_the_terminal()
    {
        var output = new StringWriter { NewLine = "\n" };
        var ladder = new Ladder(output, new ManualTimeProvider());
        var network = new MemoryNetwork();
        await using var near = new MemoryTransport(network, SipEndPoint.Parse("192.0.2.1:5060"));
        await using var far = new MemoryTransport(network, SipEndPoint.Parse("192.0.2.2:5060"));
        await near.StartAsync(new Sip.Transport.RecordingReceiver(), CancellationToken.None);
        var there = await near.ConnectAsync(far.Local, CancellationToken.None);
        await far.StartAsync(new Sip.Transport.RecordingReceiver(), CancellationToken.None);
        var back = await far.ConnectAsync(near.Local, CancellationToken.None);
        SipTap psa = new LadderTap(ladder, "psa"), bob = new LadderTap(ladder, "bob");
        ladder.AddColumn("psa");
        ladder.AddColumn("bob");

        var message = Encoding.UTF8.GetBytes("MESSAGE sip:b\u001b[2Jb SIP/2.0\r\n\r\n");
        psa.Sending(there, message);
        bob.Received(back, message);
        bob.Sending(back, "SIP/2.0 200 OK\r\n\r\n"u8);
        psa.Received(there, "SIP/2.0 200 OK\r\n\r\n"u8);

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines, Has.Length.EqualTo(3));
        Assert.That(lines[1], Does.Contain("─ MESSAGE sip:b·[2Jb ─").And.Contain("─▶│"));
        Assert.That(lines[2], Does.Contain("│◀─").And.Contain("─ 200 OK ─"));
    }

    [Test]
    public void Ports_of_UDP_and_TCP_are_not_the_same_and_those_without_a_name_are_the_peer()
    {
        var output = new StringWriter { NewLine = "\n" };
        var ladder = new Ladder(output, new ManualTimeProvider());
        ladder.Name(SipProtocol.Udp, 5060, "bob");
        ladder.AddColumn("psa");

        foreach (var protocol in (string[])["udp", "tcp"])
        {
            ladder.Sending("psa", SipEndPoint.Parse($"{protocol}:192.0.2.1:5080"), SipEndPoint.Parse($"{protocol}:192.0.2.2:5060"), "OPTIONS", "core");
        }

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(["psa", "bob"]));
        Assert.That(lines[2].Split(' ', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(["psa", "bob", "core"]));
    }

    [Test]
    public void An_event_is_one_line_of_JSON()
    {
        var output = new MemoryStream();

        new JsonEvents(output).Write("registered", ("aor", "sip:b\nob@example.com"), ("pubGruu", null), ("expires", TimeSpan.FromSeconds(59.5)), ("applications", new[] { "mms.ua" }), ("stored", false));

        Assert.That(Encoding.UTF8.GetString(output.ToArray()), Is.EqualTo(
            """{"event":"registered","aor":"sip:b\nob@example.com","pubGruu":null,"expires":60,"applications":["mms.ua"],"stored":false}""" + "\n"));
    }
}
