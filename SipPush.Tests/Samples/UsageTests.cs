using SipPush.Samples.Loopback;
using SipPush.Samples.PushReceiver;
using SipPush.Samples.PushSender;

namespace SipPush.Tests.Samples;

public sealed class UsageTests
{
    private static readonly string[] Receiver = ["--aor", "sip:bob@example.com", "--core", "127.0.0.1:5060;transport=udp", "--listen", "127.0.0.1:0", "--app", "mms.ua"];

    private static readonly string[] Sender = ["--aor", "sip:psa@example.com", "--direct", "127.0.0.1:5070", "--listen", "127.0.0.1:0", "--to", "sip:bob@example.com", "--app", "mms.ua", "--text", "x"];

    private static IEnumerable<TestCaseData> WrongReceivers()
    {
        yield return Case("nothing at all", "--aor", []);
        yield return Case("an option that is not there", "--colour", [.. Receiver, "--colour", "red"]);
        yield return Case("an address of record without a user", "'sip:example.com' is not a SIP URI with a user", Replace(Receiver, "--aor", "sip:example.com"));
        yield return Case("a listener without a port", "'127.0.0.1' is not an address and port", Replace(Receiver, "--listen", "127.0.0.1"));
        yield return Case("a core that is no address", "is not an address such as", Replace(Receiver, "--core", "bob@example.com"));
        yield return Case("a core with TLS", "UDP and TCP only", Replace(Receiver, "--core", "127.0.0.1:5061;transport=tls"));
        yield return Case("no core", "--no-register", Without(Receiver, "--core"));
        yield return Case("an application that is none", "--app", Replace(Receiver, "--app", "a,b"));
        yield return Case("a count of nothing", "whole number", [.. Receiver, "--count", "0"]);
        yield return Case("a setup that is none", "'both' is not active, passive or auto", [.. Receiver, "--setup", "both"]);
        yield return Case("a rate of nothing", "--rate: '0' is not a whole number from 1 up", [.. Receiver, "--rate", "0"]);
        yield return Case("a capture that can't be written", "Cannot write --pcap", [.. Receiver, "--pcap", "no-such-directory/x.pcapng"]);
        yield return Case("an inbox that is a file", "Cannot write --inbox", [.. Receiver, "--inbox", typeof(UsageTests).Assembly.Location]);
        yield return Case("a password that is not there", "SIPPUSH_NO_SUCH_VARIABLE", [.. Receiver, "--password-env", "SIPPUSH_NO_SUCH_VARIABLE"]);
    }

    private static IEnumerable<TestCaseData> WrongSenders()
    {
        yield return Case("nothing at all", "--aor", []);
        yield return Case("core and direct", "either --core or --direct", [.. Sender, "--core", "127.0.0.1:5060"]);
        yield return Case("neither core nor direct", "either --core or --direct", Without(Sender, "--direct"));
        yield return Case("text and file", "either --text or --file", [.. Sender, "--file", "x.png"]);
        yield return Case("neither text nor file", "either --text or --file", Without(Sender, "--text"));
        yield return Case("a file that is not there", "no-such-file.png", [.. Without(Sender, "--text"), "--file", "no-such-file.png"]);
        yield return Case("a folder for a file", "is a folder", [.. Without(Sender, "--text"), "--file", Path.GetTempPath()]);
        yield return Case("a report by MESSAGE", "--report takes a session", [.. Sender, "--mode", "message", "--report"]);
        yield return Case("a capture that can't be written", "Cannot write --pcap", [.. Sender, "--pcap", "no-such-directory/x.pcapng"]);
        yield return Case("a mode that is none", "--mode", [.. Sender, "--mode", "pigeon"]);
        yield return Case("a type that is none", "--type", [.. Sender, "--type", "picture"]);
        yield return Case("waiting without a core", "needs --core", [.. Sender, "--wait-for-registration", "5"]);
        yield return Case("keeping registrations without a core", "--registrations needs --core", [.. Sender, "--registrations", "x"]);
    }

    [TestCaseSource(nameof(WrongReceivers))]
    public async Task A_wrong_receiver_command_line_ends_with_2(string says, string[] args)
    {
        await using var run = SampleRun.Start(ReceiverProgram.RunAsync, args);

        Assert.That(await run.ExitAsync(), Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain(says).And.Not.Contains("   at "));
    }

    [TestCaseSource(nameof(WrongSenders))]
    public async Task A_wrong_sender_command_line_ends_with_2(string says, string[] args)
    {
        await using var run = SampleRun.Start(SenderProgram.RunAsync, args);

        Assert.That(await run.ExitAsync(), Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain(says).And.Not.Contains("   at "));
    }

    [Test]
    public async Task With_json_a_usage_error_is_an_event()
    {
        await using var run = SampleRun.Start(SenderProgram.RunAsync, [.. Sender, "--mode", "message", "--report", "--json"]);

        Assert.That(await run.ExitAsync(), Is.EqualTo(2));
        Assert.That(run.Output, Is.EqualTo(["""{"event":"error","message":"--report takes a session: a MESSAGE has no report"}"""]));
        Assert.That(run.Error, Is.Empty);
    }

    [Test]
    public async Task Help_is_no_error()
    {
        await using var receiver = SampleRun.Start(ReceiverProgram.RunAsync, "--help");
        await using var sender = SampleRun.Start(SenderProgram.RunAsync, "--help");
        await using var loopback = SampleRun.Start(LoopbackProgram.RunAsync, "--help");

        Assert.That(new[] { await receiver.ExitAsync(), await sender.ExitAsync(), await loopback.ExitAsync() }, Is.EqualTo([0, 0, 0]));
        Assert.That(string.Join('\n', receiver.Output), Does.Contain("--inbox"));
        Assert.That(string.Join('\n', sender.Output), Does.Contain("--wait-for-registration"));
    }

    [Test]
    public async Task A_large_file_in_a_MESSAGE_is_a_usage_error()
    {
        using var folder = new Interop.RunDirectory();
        var file = folder.File("large.bin");
        await File.WriteAllBytesAsync(file, new byte[70_000]);
        await using var run = SampleRun.Start(SenderProgram.RunAsync, [.. Without(Sender, "--text"), "--file", file, "--mode", "message"]);

        Assert.That(await run.ExitAsync(), Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("has 70000 octets, which no MESSAGE can carry"));
    }

    [TestCase("please")]
    [TestCase("--file")]
    [TestCase("--file", "no-such-file.png")]
    public async Task Loopback_takes_a_file_and_nothing_else(params string[] args)
    {
        await using var run = SampleRun.Start(LoopbackProgram.RunAsync, args);

        Assert.That(await run.ExitAsync(), Is.EqualTo(2));
    }

    private static TestCaseData Case(string name, string says, string[] args) => new TestCaseData(says, args).SetArgDisplayNames(name);

    private static string[] Replace(string[] args, string name, string value)
    {
        var changed = (string[])args.Clone();
        changed[Array.IndexOf(changed, name) + 1] = value;
        return changed;
    }

    private static string[] Without(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return [.. args[..at], .. args[(at + 2)..]];
    }
}
