using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using SipPush.Samples;
using SipPush.Samples.PushReceiver;
using SipPush.Samples.PushSender;
using SipPush.Samples.SipCore;
using SipPush.Sip;
using Spectre.Console;

namespace SipPush.Tests.Samples;

/// <summary>The samples in session mode, inside the test process and over real sockets on free ports.</summary>
public sealed partial class SampleSessionTests
{
    private Interop.RunDirectory _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new Interop.RunDirectory();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task A_large_file_goes_through_the_core_in_a_session_and_is_reported()
    {
        var (file, sha256) = await CreateFileAsync(1_000_000);
        var psaPort = Interop.FreePort.Next();
        var inbox = _folder.File("in");
        await using var core = await SipCoreServer.StartAsync(
            new CoreOptions
            {
                Listen = new IPEndPoint(IPAddress.Loopback, 0),
                Trusted = new IPEndPoint(IPAddress.Loopback, 0),
                PsaUri = SipUri.Parse($"sip:psa@127.0.0.1:{psaPort};transport=tcp"),
            },
            CancellationToken.None);
        await using var sender = SampleRun.Start(
            SenderProgram.RunAsync,
            "--aor", "sip:psa@example.com", "--core", $"{core.Trusted.First(local => local.Protocol == SipProtocol.Tcp).Address};transport=tcp", "--listen", $"127.0.0.1:{psaPort}",
            "--to", "sip:bob@example.com", "--app", "mms.ua", "--file", file, "--report", "--wait-for-registration", "20", "--json");
        await sender.EventAsync("listening");
        await using var receiver = SampleRun.Start(
            ReceiverProgram.RunAsync,
            "--aor", "sip:bob@example.com", "--core", $"{core.Listen.First(local => local.Protocol == SipProtocol.Udp).Address};transport=udp", "--listen", "127.0.0.1:0",
            "--app", "mms.ua", "--inbox", inbox, "--count", "1", "--json");

        Assert.That(await sender.ExitAsync(), Is.Zero, () => string.Join('\n', sender.Output));
        Assert.That(await receiver.ExitAsync(), Is.Zero);

        // Envelope and content; times and Message-ID are those of this run.
        var path = Path.Combine(inbox, "push.bin");
        Assert.That(Literal(sender, "deliveryReport"), Is.EqualTo("""{"event":"deliveryReport","messageId":"*","status":200,"bytes":1000090,"milliseconds":*}"""));
        Assert.That(Literal(sender, "pushSent"), Is.EqualTo(
            $$"""{"event":"pushSent","to":"sip:bob@example.com","mode":"session","status":200,"reason":"Reported","stored":false,"milliseconds":*,"sha256":"{{sha256}}"}"""));
        Assert.That((await receiver.EventAsync("pushReceived")).GetProperty("file").GetString(), Is.EqualTo(path));
        Assert.That(await HashAsync(path), Is.EqualTo(sha256));
        Assert.That(Directory.GetFiles(inbox, "*", SearchOption.AllDirectories), Has.Length.EqualTo(1));
        Assert.That(sender.Error + receiver.Error, Is.Empty);
    }

    [TestCase("auto", "udp")]
    [TestCase("active", "tcp")]
    [TestCase("passive", "tcp")]
    public async Task Either_end_connects(string setup, string transport)
    {
        var (file, sha256) = await CreateFileAsync(100_000);
        var port = Interop.FreePort.Next();
        await using var receiver = SampleRun.Start(ReceiverProgram.RunAsync, Receiver(port, "--count", "1", "--setup", setup, "--trace"));
        await receiver.EventAsync("listening");
        await using var sender = SampleRun.Start(SenderProgram.RunAsync, Sender(port, transport, "--file", file, "--trace"));

        Assert.That(await sender.ExitAsync(), Is.Zero, () => string.Join('\n', sender.Output));
        Assert.That(await receiver.ExitAsync(), Is.Zero);
        Assert.That(Literal(receiver, "pushReceived"), Is.EqualTo(
            $$"""{"event":"pushReceived","from":"sip:psa@example.com","to":"sip:bob@example.com","application":"mms.ua","contentType":"application/octet-stream","bytes":100000,"sha256":"{{sha256}}","mode":"session","file":null}"""));

        // Whoever connects sends the first frame, empty, so that the other knows who has come (RFC 4975 §5.4).
        var first = sender.Error.Split('\n').First(line => line.Contains(" SEND ", StringComparison.Ordinal));
        Assert.That(first, setup == "active" ? Does.Contain("│◀─") : Does.Contain("─▶│"), sender.Error);
    }

    [Test]
    public async Task A_text_goes_in_a_session_when_it_is_told_to()
    {
        var port = Interop.FreePort.Next();
        await using var receiver = SampleRun.Start(ReceiverProgram.RunAsync, [.. Receiver(port, "--count", "2")]);
        await receiver.EventAsync("listening");
        await using var sender = SampleRun.Start(SenderProgram.RunAsync, Sender(port, "tcp", "--text", "Tea?", "--mode", "session", "--repeat", "2", "--concurrency", "2"));

        Assert.That(await sender.ExitAsync(), Is.Zero, () => string.Join('\n', sender.Output));
        Assert.That(await receiver.ExitAsync(), Is.Zero);
        Assert.That(sender.Events.Count(item => Name(item) == "pushSent" && item.GetProperty("mode").GetString() == "session"), Is.EqualTo(2));
        Assert.That(sender.Events.Count(item => Name(item) == "deliveryReport"), Is.Zero, "none was asked for");
        Assert.That(receiver.Events.Count(item => Name(item) == "pushReceived" && item.GetProperty("bytes").GetInt32() == 4), Is.EqualTo(2));
    }

    [Test]
    public async Task Auto_sends_by_MESSAGE_what_fits_and_in_a_session_what_does_not()
    {
        var port = Interop.FreePort.Next();
        await using var receiver = SampleRun.Start(ReceiverProgram.RunAsync, Receiver(port, "--count", "2"));
        await receiver.EventAsync("listening");
        await using (var small = SampleRun.Start(SenderProgram.RunAsync, Sender(port, "tcp", "--text", "Tea?")))
        {
            Assert.That(await small.ExitAsync(), Is.Zero);
        }

        await using var large = SampleRun.Start(SenderProgram.RunAsync, Sender(port, "tcp", "--text", new string('x', 2000)));

        Assert.That(await large.ExitAsync(), Is.Zero);
        Assert.That(await receiver.ExitAsync(), Is.Zero);
        Assert.That(receiver.Events.Where(item => Name(item) == "pushReceived").Select(item => item.GetProperty("mode").GetString()), Is.EqualTo(["message", "session"]));
    }

    [Test]
    public async Task What_is_too_large_is_refused_and_nothing_is_left()
    {
        var (file, _) = await CreateFileAsync(100_000);
        var port = Interop.FreePort.Next();
        var inbox = _folder.File("in");
        await using var receiver = SampleRun.Start(ReceiverProgram.RunAsync, Receiver(port, "--max-size", "50000", "--inbox", inbox));
        await receiver.EventAsync("listening");
        await using var sender = SampleRun.Start(SenderProgram.RunAsync, Sender(port, "tcp", "--file", file, "--report"));

        Assert.That(await sender.ExitAsync(), Is.EqualTo(1));
        Assert.That((await sender.EventAsync("pushSent")).GetProperty("status").GetInt32(), Is.EqualTo(413));
        Assert.That(await receiver.StopAsync(), Is.Zero);
        Assert.That(Directory.GetFiles(inbox, "*", SearchOption.AllDirectories), Is.Empty);
    }

    [Test]
    public async Task A_slow_receiver_gets_all_of_it()
    {
        var (file, sha256) = await CreateFileAsync(300_000);
        var port = Interop.FreePort.Next();
        await using var receiver = SampleRun.Start(ReceiverProgram.RunAsync, Receiver(port, "--count", "1", "--rate", "600000"));
        await receiver.EventAsync("listening");
        await using var sender = SampleRun.Start(SenderProgram.RunAsync, Sender(port, "tcp", "--file", file, "--report"));

        Assert.That(await sender.ExitAsync(), Is.Zero, () => string.Join('\n', sender.Output));
        Assert.That(await receiver.ExitAsync(), Is.Zero);
        Assert.That((await receiver.EventAsync("pushReceived")).GetProperty("sha256").GetString(), Is.EqualTo(sha256));
        Assert.That((await sender.EventAsync("deliveryReport")).GetProperty("milliseconds").GetDouble(), Is.GreaterThan(400));
    }

    [Test]
    public async Task Trace_and_capture_see_SIP_and_MSRP()
    {
        var (file, _) = await CreateFileAsync(3000);
        var port = Interop.FreePort.Next();
        await using var receiver = SampleRun.Start(ReceiverProgram.RunAsync, Receiver(port, "--count", "1"));
        await receiver.EventAsync("listening");
        await using var sender = SampleRun.Start(SenderProgram.RunAsync, Sender(port, "tcp", "--file", file, "--report", "--trace", "--pcap", _folder.File("sent.pcapng")));

        Assert.That(await sender.ExitAsync(), Is.Zero);

        // A receiver that takes its time says 100 first.
        var drawn = sender.Error.Split('\n').Select(line => Arrow().Match(line).Value).Where(arrow => arrow.Length > 0 && arrow != "─ 100 Trying ─").ToList();
        drawn[2] = drawn[2][..21];

        // Those that cross are drawn in either order.
        Assert.That(drawn[..8], Is.EqualTo(
        [
            "─ INVITE sip:bob@example.com ─", "─ 200 OK ─", "─ ACK sip:bob@127.0.0", "─ SEND 1-0/0 $ ─", "─ 200 OK ─", "─ SEND 1-3090/3090 $ ─", "─ 200 OK ─",
            "─ REPORT 1-3090/3090 200 OK ─",
        ]));
        Assert.That(drawn[8..], Has.Some.StartsWith("─ BYE sip:"));
        Assert.That(sender.Error, Does.Contain("psa").And.Contain("receiver"));
        var capture = await File.ReadAllBytesAsync(_folder.File("sent.pcapng"));
        Assert.That(capture.AsSpan().IndexOf("INVITE sip:bob@example.com SIP/2.0"u8), Is.Positive);
        Assert.That(capture.AsSpan().IndexOf("\r\nSuccess-Report: yes\r\n"u8), Is.Positive);
    }

    [Test]
    public async Task Ctrl_C_at_the_sender_ends_both_transfers_and_leaves_nothing()
    {
        var (sender, receiver) = await StartSlowTransferAsync();
        await using var first = sender;
        await using var second = receiver;

        Assert.That(await sender.StopAsync(), Is.EqualTo(1));
        Assert.That(sender.Output[^1], Is.EqualTo("""{"event":"error","message":"Stopped before it was done"}"""));
        Assert.That((await receiver.EventAsync("error")).GetProperty("message").GetString(), Does.StartWith("The push from sip:psa@example.com was not received: "));
        Assert.That(await receiver.StopAsync(), Is.Zero);
        Assert.That(Directory.GetFiles(_folder.File("in"), "*", SearchOption.AllDirectories), Is.Empty);
    }

    [Test]
    public async Task Ctrl_C_at_the_receiver_ends_both_transfers_and_leaves_nothing()
    {
        var (sender, receiver) = await StartSlowTransferAsync();
        await using var first = sender;
        await using var second = receiver;

        Assert.That(await receiver.StopAsync(), Is.Zero);
        Assert.That(receiver.Output[^1], Is.EqualTo("""{"event":"error","message":"The push from sip:psa@example.com was given up"}"""));
        Assert.That(await sender.ExitAsync(), Is.EqualTo(1));
        Assert.That(Name(sender.Events[^1]), Is.EqualTo("pushSent"));
        Assert.That(Directory.GetFiles(_folder.File("in"), "*", SearchOption.AllDirectories), Is.Empty);
    }

    [TestCase("Tea?")]
    [TestCase("Tea?", "--mode", "session", "--report")]
    public async Task What_can_not_be_written_is_told_and_the_next_one_may_be(params string[] push)
    {
        var port = Interop.FreePort.Next();
        var inbox = _folder.File("in");
        await using var receiver = SampleRun.Start(ReceiverProgram.RunAsync, Receiver(port, "--inbox", inbox, "--count", "1"));
        await receiver.EventAsync("listening");
        Directory.Delete(inbox, recursive: true);
        await using (var lost = SampleRun.Start(SenderProgram.RunAsync, Sender(port, "tcp", ["--text", .. push])))
        {
            await receiver.EventAsync("error");
            Assert.That(await lost.ExitAsync(), Is.EqualTo(push.Contains("--report") ? 1 : 0));
        }

        Directory.CreateDirectory(Path.Combine(inbox, ".incoming"));
        await using var sender = SampleRun.Start(SenderProgram.RunAsync, Sender(port, "tcp", ["--text", .. push]));

        Assert.That(await sender.ExitAsync(), Is.Zero);
        Assert.That(await receiver.ExitAsync(), Is.Zero);
        Assert.That(await File.ReadAllTextAsync(Path.Combine(inbox, "push.txt")), Is.EqualTo("Tea?"));
    }

    [TestCase(false, true, ExpectedResult = true)]
    [TestCase(true, true, ExpectedResult = false)]
    [TestCase(false, false, ExpectedResult = false)]
    public async Task<bool> Bars_are_for_a_person_at_a_terminal(bool json, bool isTerminal)
    {
        var output = new StringWriter();
        var said = new SampleOutput(Terminal(output, isTerminal), AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(new StringWriter()) }), output, json);
        var hasBars = false;

        await said.WithBarsAsync(bars =>
        {
            hasBars = bars is not null;
            return Task.FromResult(0);
        });

        return hasBars;
    }

    [Test]
    public async Task A_bar_shows_how_much_has_arrived()
    {
        var output = new StringWriter();

        await TransferBars.RunAsync(Terminal(output, isTerminal: true), bars =>
        {
            var bar = bars.Add("sip:[bob]@example.com");
            bar.Report(new PushProgress(5_000_000, 2_000_000, 0, 10_000_000));
            bar.Report(new PushProgress(10_000_000, 10_000_000, 0, 10_000_000));
            return Task.FromResult(0);
        });

        Assert.That(output.ToString(), Does.Contain("sip:[bob]@example.com").And.Contain("100%").And.Contain("9.5 MB"));
    }

    [GeneratedRegex("(?<=[│▶◀─])─ [A-Z0-9].* ─(?=[│▶◀─])")]
    private static partial Regex Arrow();

    [GeneratedRegex("(?<=\"milliseconds\":)[0-9.]+|(?<=\"messageId\":\")[^\"]+")]
    private static partial Regex OfThisRun();

    private static IAnsiConsole Terminal(TextWriter output, bool isTerminal) =>
        AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, Out = new FakeTerminal(output, isTerminal) });

    private static string[] Receiver(int port, params string[] more) =>
        ["--aor", "sip:bob@example.com", "--listen", $"127.0.0.1:{port}", "--app", "mms.ua", "--no-register", "--json", .. more];

    private static string[] Sender(int port, string transport, params string[] more) =>
        ["--aor", "sip:psa@example.com", "--direct", $"127.0.0.1:{port};transport={transport}", "--listen", "127.0.0.1:0", "--to", "sip:bob@example.com", "--app", "mms.ua", "--json", .. more];

    private static string? Name(JsonElement item) => item.GetProperty("event").GetString();

    private static string Literal(SampleRun run, string name) => OfThisRun().Replace(run.Output.Single(line => line.StartsWith($"{{\"event\":\"{name}\"", StringComparison.Ordinal)), "*");

    private static async Task<string> HashAsync(string path)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
    }

    // A transfer that takes 20 s unless somebody ends it, of which the first has been written.
    private async Task<(SampleRun Sender, SampleRun Receiver)> StartSlowTransferAsync()
    {
        var (file, _) = await CreateFileAsync(2_000_000);
        var port = Interop.FreePort.Next();
        var inbox = _folder.File("in");
        var receiver = SampleRun.Start(ReceiverProgram.RunAsync, Receiver(port, "--inbox", inbox, "--rate", "100000"));
        await receiver.EventAsync("listening");
        var sender = SampleRun.Start(SenderProgram.RunAsync, Sender(port, "tcp", "--file", file, "--report"));
        var incoming = new DirectoryInfo(Path.Combine(inbox, ".incoming"));
        Assert.That(await Interop.Poll.UntilAsync(() => incoming.GetFiles().Any(part => part.Length > 0), TimeSpan.FromSeconds(15)), () => string.Join('\n', [.. sender.Output, .. receiver.Output]));
        return (sender, receiver);
    }

    private async Task<(string Path, string Sha256)> CreateFileAsync(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        var path = _folder.File("sent.bin");
        await File.WriteAllBytesAsync(path, content);
        return (path, Convert.ToHexStringLower(SHA256.HashData(content)));
    }

    private sealed class FakeTerminal(TextWriter writer, bool isTerminal) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => isTerminal;

        public int Width => 160;

        public int Height => 40;

        public void SetEncoding(System.Text.Encoding encoding)
        {
        }
    }
}
