using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using SipPush.Samples.Loopback;
using SipPush.Samples.PushReceiver;
using SipPush.Samples.PushSender;
using SipPush.Samples.SipCore;
using SipPush.Sip;

namespace SipPush.Tests.Samples;

/// <summary>The samples as people use them, inside the test process and over real sockets on free ports.</summary>
public sealed class SampleFlowTests
{
    private DirectoryInfo _inbox = null!;

    [SetUp]
    public void CreateInbox() => _inbox = Directory.CreateTempSubdirectory("sippush-");

    [TearDown]
    public void DeleteInbox() => _inbox.Delete(recursive: true);

    [Test]
    public async Task A_file_goes_through_the_core_into_the_inbox()
    {
        var file = new FileInfo(Path.Combine(_inbox.FullName, "sent.png"));
        var content = new byte[400];
        RandomNumberGenerator.Fill(content);
        await File.WriteAllBytesAsync(file.FullName, content);
        var inbox = Path.Combine(_inbox.FullName, "in");
        var psaPort = Interop.FreePort.Next();

        await using var core = await StartCoreAsync(psaPort);
        await using var sender = SampleRun.Start(
            SenderProgram.RunAsync,
            "--aor", "sip:psa@example.com", "--core", Hop(core.Trusted, SipProtocol.Tcp), "--listen", $"127.0.0.1:{psaPort}",
            "--to", "sip:bob@example.com", "--app", "mms.ua", "--file", file.FullName, "--wait-for-registration", "20", "--json");
        await sender.EventAsync("listening");
        await using var receiver = SampleRun.Start(
            ReceiverProgram.RunAsync,
            "--aor", "sip:bob@example.com", "--core", Hop(core.Listen, SipProtocol.Udp), "--listen", "127.0.0.1:0",
            "--app", "mms.ua", "--app", "wml.ua", "--inbox", inbox, "--count", "1", "--json");

        Assert.That(await sender.ExitAsync(), Is.Zero);
        Assert.That(await receiver.ExitAsync(), Is.Zero);

        Assert.That(Names(receiver), Is.EqualTo(["listening", "listening", "registered", "pushReceived", "unregistered"]));
        Assert.That(Names(sender)[..3], Is.EqualTo(["listening", "listening", "thirdPartyRegister"]));

        // The receiver leaves as soon as it has its one push: the answer and the news of that may pass each other.
        Assert.That(Names(sender)[3..], Has.One.EqualTo("pushSent").And.All.AnyOf("pushSent", "thirdPartyRegister"));
        var registered = await receiver.EventAsync("registered");
        var told = await sender.EventAsync("thirdPartyRegister");
        var received = await receiver.EventAsync("pushReceived");
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(content));
        Assert.Multiple(() =>
        {
            Assert.That(Members(registered), Is.EqualTo(["event", "aor", "contact", "pubGruu", "expires"]));
            Assert.That(Text(told, "gruu"), Is.EqualTo(Text(registered, "pubGruu")).And.Not.Null);
            Assert.That(told.GetProperty("applications").EnumerateArray().Select(item => item.GetString()), Is.EqualTo(["mms.ua", "wml.ua"]));
            Assert.That(Members(received), Is.EqualTo(["event", "from", "to", "application", "contentType", "bytes", "sha256", "mode", "file"]));
            Assert.That(Text(received, "from"), Is.EqualTo("sip:psa@example.com"));
            Assert.That(Text(received, "contentType"), Is.EqualTo("image/png"));
            Assert.That(received.GetProperty("bytes").GetInt32(), Is.EqualTo(400));
            Assert.That(Text(received, "sha256"), Is.EqualTo(sha256));
            Assert.That(Text(received, "file"), Is.EqualTo(Path.Combine(inbox, "push.png")));
            Assert.That(File.ReadAllBytes(Text(received, "file")!), Is.EqualTo(content));
        });
        var sent = await sender.EventAsync("pushSent");
        Assert.That(Members(sent), Is.EqualTo(["event", "to", "mode", "status", "reason", "stored", "milliseconds", "sha256"]));
        Assert.That(Text(sent, "sha256"), Is.EqualTo(sha256));
        Assert.That(sent.GetProperty("status").GetInt32(), Is.EqualTo(200));
        Assert.That(sender.Error + receiver.Error, Is.Empty);
    }

    [Test]
    public async Task Without_a_core_a_text_goes_straight_to_the_receiver()
    {
        var port = Interop.FreePort.Next();
        await using var receiver = SampleRun.Start(
            ReceiverProgram.RunAsync,
            "--aor", "sip:bob@example.com", "--listen", $"127.0.0.1:{port}", "--app", "mms.ua", "--no-register", "--count", "3", "--json");
        await receiver.EventAsync("listening");
        await using var sender = SampleRun.Start(
            SenderProgram.RunAsync,
            "--aor", "sip:psa@example.com", "--direct", $"127.0.0.1:{port};transport=udp", "--listen", "127.0.0.1:0",
            "--to", "sip:bob@example.com", "--app", "mms.ua", "--text", "Tea?", "--repeat", "3", "--concurrency", "2");

        Assert.That(await sender.ExitAsync(), Is.Zero);
        Assert.That(await receiver.ExitAsync(), Is.Zero);
        Assert.That(sender.Output.Count(line => line.StartsWith("Delivered to sip:bob@example.com: 200 OK", StringComparison.Ordinal)), Is.EqualTo(3));
    }

    [Test]
    public async Task A_push_for_another_application_is_not_delivered()
    {
        var port = Interop.FreePort.Next();
        await using var receiver = SampleRun.Start(
            ReceiverProgram.RunAsync,
            "--aor", "sip:bob@example.com", "--listen", $"127.0.0.1:{port}", "--app", "mms.ua", "--no-register", "--json");
        await receiver.EventAsync("listening");
        await using var sender = SampleRun.Start(
            SenderProgram.RunAsync,
            "--aor", "sip:psa@example.com", "--direct", $"127.0.0.1:{port};transport=tcp", "--listen", "127.0.0.1:0",
            "--to", "sip:bob@example.com", "--app", "wml.ua", "--text", "Tea?", "--json");

        Assert.That(await sender.ExitAsync(), Is.EqualTo(1));
        Assert.That((await sender.EventAsync("pushSent")).GetProperty("status").GetInt32(), Is.EqualTo(480));
        Assert.That(await receiver.StopAsync(), Is.Zero);
    }

    [Test]
    public async Task Somebody_who_does_not_register_in_time_gets_nothing()
    {
        await using var core = await StartCoreAsync(Interop.FreePort.Next());
        await using var sender = SampleRun.Start(
            SenderProgram.RunAsync,
            "--aor", "sip:psa@example.com", "--core", Hop(core.Trusted, SipProtocol.Udp), "--listen", "127.0.0.1:0",
            "--to", "sip:bob@example.com", "--app", "mms.ua", "--text", "Tea?", "--wait-for-registration", "1", "--json");

        Assert.That(await sender.ExitAsync(), Is.EqualTo(1));
        Assert.That(Text(await sender.EventAsync("error"), "message"), Is.EqualTo("sip:bob@example.com was not registered within 1 s"));
    }

    [Test]
    public async Task A_sender_that_is_started_again_knows_who_is_registered()
    {
        var psaPort = Interop.FreePort.Next();
        var file = Path.Combine(_inbox.FullName, "registrations");
        await using var core = await StartCoreAsync(psaPort);
        string[] options =
        [
            "--aor", "sip:psa@example.com", "--core", Hop(core.Trusted, SipProtocol.Tcp), "--listen", $"127.0.0.1:{psaPort}", "--to", "sip:bob@example.com",
            "--app", "mms.ua", "--text", "Tea?", "--wait-for-registration", "20", "--registrations", file, "--json",
        ];
        await using var first = SampleRun.Start(SenderProgram.RunAsync, options);
        await first.EventAsync("listening");
        await using var receiver = SampleRun.Start(
            ReceiverProgram.RunAsync,
            "--aor", "sip:bob@example.com", "--core", Hop(core.Listen, SipProtocol.Udp), "--listen", "127.0.0.1:0", "--app", "mms.ua", "--json");
        await receiver.EventAsync("registered");
        Assert.That(await first.ExitAsync(), Is.Zero);

        await using var second = SampleRun.Start(SenderProgram.RunAsync, options);

        Assert.That(await second.ExitAsync(), Is.Zero);
        Assert.That(Names(first), Is.EqualTo(["listening", "listening", "thirdPartyRegister", "pushSent"]));
        Assert.That(Names(second), Is.EqualTo(["listening", "listening", "pushSent"]));
        Assert.That((await second.EventAsync("pushSent")).GetProperty("status").GetInt32(), Is.EqualTo(200));
    }

    [Test]
    public async Task A_file_that_is_something_else_is_left_alone()
    {
        var file = Path.Combine(_inbox.FullName, "letter.txt");
        await File.WriteAllTextAsync(file, "Dear Bob,\n");
        await using var core = await StartCoreAsync(Interop.FreePort.Next());
        await using var sender = SampleRun.Start(
            SenderProgram.RunAsync,
            "--aor", "sip:psa@example.com", "--core", Hop(core.Trusted, SipProtocol.Tcp), "--listen", "127.0.0.1:0", "--to", "sip:bob@example.com",
            "--app", "mms.ua", "--text", "Tea?", "--registrations", file, "--json");

        Assert.That(await sender.ExitAsync(), Is.EqualTo(1));
        Assert.That(Text(await sender.EventAsync("error"), "message"), Does.StartWith("Cannot keep registrations: ").And.Contain("letter.txt"));
        Assert.That(await File.ReadAllTextAsync(file), Is.EqualTo("Dear Bob,\n"));
    }

    [Test]
    public async Task Ctrl_C_removes_the_registration()
    {
        await using var core = await StartCoreAsync(Interop.FreePort.Next());
        await using var receiver = SampleRun.Start(
            ReceiverProgram.RunAsync,
            "--aor", "sip:bob@example.com", "--core", Hop(core.Listen, SipProtocol.Tcp), "--listen", "127.0.0.1:0", "--app", "mms.ua", "--json");
        await receiver.EventAsync("registered");

        Assert.That(await receiver.StopAsync(), Is.Zero);
        Assert.That(Names(receiver)[^1], Is.EqualTo("unregistered"));
    }

    [Test]
    public async Task A_port_that_is_taken_is_told_in_one_sentence()
    {
        var port = Interop.FreePort.Next();
        await using var first = SampleRun.Start(
            ReceiverProgram.RunAsync,
            "--aor", "sip:bob@example.com", "--listen", $"127.0.0.1:{port}", "--app", "mms.ua", "--no-register", "--json");
        await first.EventAsync("listening");
        await using var second = SampleRun.Start(
            ReceiverProgram.RunAsync,
            "--aor", "sip:bob@example.com", "--listen", $"127.0.0.1:{port}", "--app", "mms.ua", "--no-register");

        Assert.That(await second.ExitAsync(), Is.EqualTo(1));
        Assert.That(second.Error.Trim(), Does.StartWith($"Cannot listen on 127.0.0.1:{port}: ").And.Not.Contains("\n"));
    }

    [Test]
    public async Task Loopback_delivers_and_draws_every_hop()
    {
        await using var run = SampleRun.Start(LoopbackProgram.RunAsync);

        Assert.That(await run.ExitAsync(), Is.Zero, run.Error);
        var drawn = string.Join('\n', run.Output);
        Assert.That(run.Output.Count(line => line.Contains("─ REGISTER sip:", StringComparison.Ordinal)), Is.EqualTo(4), drawn);
        Assert.That(run.Output.Count(line => line.Contains("─ MESSAGE sip:", StringComparison.Ordinal)), Is.EqualTo(2), drawn);
        Assert.That(run.Output.Count(line => line.Contains("─ INVITE sip:", StringComparison.Ordinal)), Is.EqualTo(2), drawn);
        Assert.That(run.Output.Count(line => line.Contains("─ ACK sip:", StringComparison.Ordinal)), Is.EqualTo(2), drawn);

        // How long the first chunk is depends on how fast the source is read.
        Assert.That(run.Output, Has.Exactly(1).Matches<string>(line => Regex.IsMatch(line, "─ SEND 1-[0-9]+/10000[0-9]{3} ")), drawn);
        Assert.That(run.Output.Count(line => line.Contains("─ REPORT 1-100000", StringComparison.Ordinal)), Is.EqualTo(1), drawn);
        Assert.That(drawn, Does.Match(@"│ text/plain;charset=utf-8 │ message │ 17 +│ [0-9.]+ ms +│ none +│ the same that was sent │"));
        Assert.That(drawn, Does.Match(@"│ application/octet-stream │ session │ 10,000,000 │ [0-9.]+ ms +│ 200 Reported │ the same that was sent │"));
    }

    [Test]
    public async Task Loopback_takes_a_file()
    {
        var file = Path.Combine(_inbox.FullName, "kettle.bin");
        await File.WriteAllBytesAsync(file, new byte[5000]);
        await using var run = SampleRun.Start(LoopbackProgram.RunAsync, "--file", file);

        Assert.That(await run.ExitAsync(), Is.Zero, run.Error);
        Assert.That(string.Join('\n', run.Output), Does.Match(@"│ kettle.bin +│ session │ 5,000 +│ [0-9.]+ ms +│ 200 Reported │ the same that was sent │"));
    }

    private static Task<SipCoreServer> StartCoreAsync(int psaPort) => SipCoreServer.StartAsync(
        new CoreOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Trusted = new IPEndPoint(IPAddress.Loopback, 0),
            PsaUri = SipUri.Parse($"sip:psa@127.0.0.1:{psaPort};transport=tcp"),
        },
        CancellationToken.None).AsTask();

    private static string Hop(IReadOnlyList<SipEndPoint> side, SipProtocol protocol) =>
        $"{side.First(local => local.Protocol == protocol).Address};transport={(protocol == SipProtocol.Udp ? "udp" : "tcp")}";

    private static string[] Names(SampleRun run) => [.. run.Events.Select(item => Text(item, "event")!)];

    private static string[] Members(JsonElement item) => [.. item.EnumerateObject().Select(member => member.Name)];

    private static string? Text(JsonElement item, string name) => item.GetProperty(name).GetString();
}
