using System.CommandLine;
using System.Globalization;
using System.Net;
using SipPush.Samples.SipCore;
using SipPush.Sip;
using Spectre.Console;

namespace SipPush.Samples.Loopback;

/// <summary>
/// A core, a receiver and a sender in one process, over real sockets: the receiver registers and the sender hears of it (B.1), then
/// the sender pushes a MESSAGE through the core (B.2).
/// </summary>
public static class LoopbackProgram
{
    private const string Application = "mms.ua";
    private const string Instance = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    private const string Text = "The kettle is on.";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly IPEndPoint FreePort = new(IPAddress.Loopback, 0);
    private static readonly SipUri Bob = SipUri.Parse("sip:bob@example.com");
    private static readonly SipUri Psa = SipUri.Parse("sip:psa@example.com");

    /// <summary>Plays the story once.</summary>
    /// <returns>One of <see cref="SampleExit"/>.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken) =>
        SampleCommand.RunAsync(
            new RootCommand("Runs a SIP core, a push receiver and a push sender in one process, and draws what they say to each other."),
            args,
            output,
            error,
            (_, _, token) => PlayAsync(TextWriter.Synchronized(output), token),
            cancellationToken);

    private static async Task<int> PlayAsync(TextWriter output, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            return await PlayAsync(output, SampleOutput.CreateConsole(output, width: 118), limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SampleException(string.Create(CultureInfo.InvariantCulture, $"It did not come to an end within {Limit.TotalSeconds} s"));
        }
    }

    private static async Task<int> PlayAsync(TextWriter output, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var ladder = new Ladder(output);
        ladder.AddColumn("bob");
        ladder.AddColumn("core");
        ladder.AddColumn("psa");

        // The sender listens first, because the core has to know where it is.
        await using var senderStack = await StartAsync(SipProtocol.Tcp, new LadderTap(ladder, "psa"), cancellationToken);
        var news = new RegistrationNews();
        await using var core = await SipCoreServer.StartAsync(
            new CoreOptions
            {
                Listen = FreePort,
                Trusted = FreePort,
                PsaUri = SipUri.Of("psa", senderStack.Local[0].Address, SipProtocol.Tcp),
                Observer = news,
                Tap = new LadderTap(ladder, "core"),
            },
            cancellationToken);
        await using var receiverStack = await StartAsync(SipProtocol.Udp, new LadderTap(ladder, "bob"), cancellationToken);

        Name(ladder, "bob", receiverStack.Local);
        Name(ladder, "core", [.. core.Listen, .. core.Trusted]);
        Name(ladder, "psa", senderStack.Local);

        await using var sender = new PushSenderAgent(
            senderStack.CreateUserAgent(new SipUserAgentOptions
            {
                AddressOfRecord = Psa,
                OutboundProxies = [HopTo(core.Trusted, SipProtocol.Tcp)],
                IsTrusted = true,
            }),
            new PushSenderOptions { Application = Application });
        await using var receiver = new PushReceiverAgent(
            receiverStack.CreateUserAgent(new SipUserAgentOptions
            {
                AddressOfRecord = Bob,
                OutboundProxies = [HopTo(core.Listen, SipProtocol.Udp)],
                InstanceId = Instance,
            }),
            new PushReceiverOptions { Applications = [Application] });

        Chapter(console, "B.1  Bob registers, and the core tells the sender");
        var registration = await receiver.RegisterAsync(new RegistrationOptions(), cancellationToken);
        var gruu = registration.Binding?.PublicGruu;
        PushResult sent;
        IncomingPush got;
        await using (registration)
        {
            await sender.Registrations.WaitForAsync(Bob, Application, cancellationToken);
            await news.NextAsync(cancellationToken);

            Chapter(console, "B.2  The sender pushes a MESSAGE through the core");
            sent = await sender.SendAsync(Bob, PushContent.FromText(Text), options: null, cancellationToken);
            if (!sent.IsDelivered)
            {
                throw new SampleException($"The push was not delivered: {sent}");
            }

            got = await FirstAsync(receiver, cancellationToken);
            Chapter(console, "Bob leaves, and the core tells the sender");
        }

        await news.NextAsync(cancellationToken);
        var matches = got.Bytes.Span.SequenceEqual(System.Text.Encoding.UTF8.GetBytes(Text));
        Summarize(console, gruu, sent, got, matches);
        return matches ? SampleExit.Delivered : SampleExit.NotDelivered;
    }

    private static async Task<IncomingPush> FirstAsync(PushReceiverAgent receiver, CancellationToken cancellationToken)
    {
        await foreach (var push in receiver.ReceiveAllAsync(cancellationToken))
        {
            return push;
        }

        throw new SampleException("The receiver ended before the push came");
    }

    private static ValueTask<SipStack> StartAsync(SipProtocol protocol, SipTap tap, CancellationToken cancellationToken) => SipStack.StartAsync(
        new SipStackOptions
        {
            Listen = [new SipEndPoint(protocol, FreePort)],
            TrustDomain = TrustDomain.Of(FreePort.Address.ToString()),
            Tap = tap,
        },
        cancellationToken);

    private static void Name(Ladder ladder, string name, IReadOnlyList<SipEndPoint> listeners)
    {
        foreach (var listener in listeners)
        {
            ladder.Name(listener.Address.Port, name);
        }
    }

    private static SipUri HopTo(IReadOnlyList<SipEndPoint> side, SipProtocol protocol) =>
        SipUri.Of(null, side.First(local => local.Protocol == protocol).Address, protocol, ";lr");

    private static void Chapter(IAnsiConsole console, string title)
    {
        console.WriteLine();
        console.Write(new Rule(title) { Justification = Justify.Left });
    }

    private static void Summarize(IAnsiConsole console, SipUri? gruu, PushResult sent, IncomingPush got, bool matches)
    {
        var table = new Table { Border = TableBorder.Rounded, ShowHeaders = false };
        table.AddColumns("", "");
        Add("Registered", $"{Bob}, as {gruu}");
        Add("Answered", string.Create(CultureInfo.InvariantCulture, $"{sent.StatusCode} {sent.Reason}, after {sent.Elapsed.TotalMilliseconds:0.0} ms"));
        Add("Delivered", string.Create(CultureInfo.InvariantCulture, $"{got.Length} octets of {got.ContentType} from {got.From} for {got.Application.ResourceIdentifier}"));
        Add("Content", matches ? "the same that was sent" : "NOT what was sent");

        console.WriteLine();
        console.Write(table);

        void Add(string name, string value) => table.AddRow(new Text(name, new Style(Color.Grey)), new Text(SampleOutput.Printable(value)));
    }
}
