using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using SipPush.Msrp;
using SipPush.Samples.SipCore;
using SipPush.Sip;
using Spectre.Console;

namespace SipPush.Samples.Loopback;

/// <summary>
/// A core, a receiver and a sender in one process, over real sockets: the receiver registers and the sender hears of it (B.1), the
/// sender pushes a MESSAGE through the core (B.2), and then a large content in a session (B.3).
/// </summary>
public static class LoopbackProgram
{
    private const string Application = "mms.ua";
    private const string Instance = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    private const string Text = "The kettle is on.";

    private const int MostChunks = 3;
    private const int EnvelopeSize = 64 * 1024;
    private const double LeastRate = 1e6;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    // Nothing is lost here: who takes longer than the usual 500 ms is only busy, and what were repeated would be drawn twice.
    private static readonly SipTimers Patient = new() { T1 = TimeSpan.FromSeconds(4) };
    private static readonly IPEndPoint FreePort = new(IPAddress.Loopback, 0);
    private static readonly SipUri Bob = SipUri.Parse("sip:bob@example.com");
    private static readonly SipUri Psa = SipUri.Parse("sip:psa@example.com");

    /// <summary>Plays the story once.</summary>
    /// <returns>One of <see cref="SampleExit"/>.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken) =>
        SampleCommand.RunAsync(
            LoopbackSettings.CreateCommand(),
            args,
            output,
            error,
            (parsed, _, token) => PlayAsync(LoopbackSettings.Read(parsed), TextWriter.Synchronized(output), token),
            cancellationToken);

    private static async Task<int> PlayAsync(LoopbackSettings settings, TextWriter output, CancellationToken cancellationToken)
    {
        // A file may be of any size.
        var patience = Limit + TimeSpan.FromSeconds((settings.File is { Exists: true } named ? named.Length : 0) / LeastRate);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            return await PlayAsync(settings, output, SampleOutput.CreateConsole(output, width: 118), limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SampleException(string.Create(CultureInfo.InvariantCulture, $"It did not come to an end within {patience.TotalSeconds:0} s"));
        }
    }

    private static async Task<int> PlayAsync(LoopbackSettings settings, TextWriter output, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var (file, length) = StoryContent.Open(settings.File);
        await using var source = file;
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
                Timers = Patient,
                Observer = news,
                Tap = new LadderTap(ladder, "core"),
            },
            cancellationToken);
        await using var receiverStack = await StartAsync(SipProtocol.Udp, new LadderTap(ladder, "bob"), cancellationToken);

        Name(ladder, "bob", receiverStack.Local);
        Name(ladder, "core", [.. core.Listen, .. core.Trusted]);
        Name(ladder, "psa", senderStack.Local);

        await using var senderMedia = StartMedia(ladder, "psa");
        await using var receiverMedia = StartMedia(ladder, "bob");
        await using var sender = new PushSenderAgent(
            senderStack.CreateUserAgent(new SipUserAgentOptions
            {
                AddressOfRecord = Psa,
                OutboundProxies = [HopTo(core.Trusted, SipProtocol.Tcp)],
                IsTrusted = true,
            }),
            new PushSenderOptions { Application = Application, Media = new PushMediaOptions { Endpoint = senderMedia } });
        await using var receiver = new PushReceiverAgent(
            receiverStack.CreateUserAgent(new SipUserAgentOptions
            {
                AddressOfRecord = Bob,
                OutboundProxies = [HopTo(core.Listen, SipProtocol.Udp)],
                InstanceId = Instance,
            }),
            new PushReceiverOptions { Applications = [Application], MaxSize = length + EnvelopeSize, Media = new PushMediaOptions { Endpoint = receiverMedia } });

        Chapter(console, "B.1  Bob registers, and the core tells the sender");
        var registration = await receiver.RegisterAsync(new RegistrationOptions(), cancellationToken);
        var gruu = registration.Binding?.PublicGruu;
        List<Delivery> deliveries = [];
        await using (registration)
        {
            await sender.Registrations.WaitForAsync(Bob, Application, cancellationToken);
            await news.NextAsync(cancellationToken);

            Chapter(console, "B.2  The sender pushes a MESSAGE through the core");
            var text = PushContent.FromText(Text);
            var sent = await sender.SendAsync(Bob, text, options: null, cancellationToken);
            Check(sent);
            deliveries.Add(new Delivery(text.ContentType, sent, await TakeAsync(receiver, cancellationToken), HashOf(text)));

            Chapter(console, "B.3  The sender opens a session through the core, and pushes in it");
            var taking = TakeAsync(receiver, cancellationToken);
            var content = PushContent.FromStream(source, "application/octet-stream", length);
            sent = await sender.PushAsync(Bob, content, new PushOptions { SuccessReport = true }, cancellationToken);
            Check(sent);
            deliveries.Add(new Delivery(settings.File?.Name ?? content.ContentType, sent, await taking, source.Sha256));

            Chapter(console, "Bob leaves, and the core tells the sender");
        }

        await news.NextAsync(cancellationToken);
        Summarize(console, gruu, deliveries);
        return deliveries.TrueForAll(delivery => delivery.Matches) ? SampleExit.Delivered : SampleExit.NotDelivered;
    }

    private static void Check(PushResult sent)
    {
        if (!sent.IsDelivered)
        {
            throw new SampleException($"The push was not delivered: {sent}");
        }
    }

    private static string HashOf(PushContent content) => Convert.ToHexStringLower(SHA256.HashData(content.Bytes.Span));

    // Reads the next push to its end, without keeping it.
    private static async Task<(long Bytes, string Sha256)> TakeAsync(PushReceiverAgent receiver, CancellationToken cancellationToken)
    {
        await using var push = await FirstAsync(receiver, cancellationToken);
        await using var content = new HashingStream(push.Content);
        await content.CopyToAsync(Stream.Null, cancellationToken);
        await push.CompleteAsync(cancellationToken);
        return (content.Count, content.Sha256);
    }

    private static async Task<IncomingPush> FirstAsync(PushReceiverAgent receiver, CancellationToken cancellationToken)
    {
        await foreach (var push in receiver.ReceiveAllAsync(cancellationToken))
        {
            return push;
        }

        throw new SampleException("The receiver ended before the push came");
    }

    private static MsrpEndpoint StartMedia(Ladder ladder, string self)
    {
        var endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = FreePort, Tap = new MsrpLadderTap(ladder, self, "others", MostChunks) });
        ladder.Name(SipProtocol.Tcp, endpoint.LocalEndPoint!.Port, self);
        return endpoint;
    }

    private static ValueTask<SipStack> StartAsync(SipProtocol protocol, SipTap tap, CancellationToken cancellationToken) => SipStack.StartAsync(
        new SipStackOptions
        {
            Listen = [new SipEndPoint(protocol, FreePort)],
            Timers = Patient,
            TrustDomain = TrustDomain.Of(FreePort.Address.ToString()),
            Tap = tap,
        },
        cancellationToken);

    private static void Name(Ladder ladder, string name, IReadOnlyList<SipEndPoint> listeners)
    {
        foreach (var listener in listeners)
        {
            ladder.Name(listener.Protocol, listener.Address.Port, name);
        }
    }

    private static SipUri HopTo(IReadOnlyList<SipEndPoint> side, SipProtocol protocol) =>
        SipUri.Of(null, side.First(local => local.Protocol == protocol).Address, protocol, ";lr");

    private static void Chapter(IAnsiConsole console, string title)
    {
        console.WriteLine();
        console.Write(new Rule(title) { Justification = Justify.Left });
    }

    private static void Summarize(IAnsiConsole console, SipUri? gruu, List<Delivery> deliveries)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("What", "How", "Bytes", "Time", "Report", "Content");
        foreach (var delivery in deliveries)
        {
            var sent = delivery.Sent;
            table.AddRow(
                Cell(delivery.Name),
                Cell(sent.Mode == PushMode.Session ? "session" : "message"),
                Cell(delivery.Got.Bytes.ToString("N0", CultureInfo.InvariantCulture)),
                Cell(string.Create(CultureInfo.InvariantCulture, $"{sent.Elapsed.TotalMilliseconds:0.0} ms")),
                Cell(sent.Delivery is { } report ? string.Create(CultureInfo.InvariantCulture, $"{report.StatusCode} {report.Outcome}") : "none"),
                Cell(delivery.Matches ? "the same that was sent" : "NOT what was sent"));
        }

        console.WriteLine();
        console.WriteLine(SampleOutput.Printable($"{Bob} was registered as {gruu}"));
        console.Write(table);

        static Text Cell(string text) => new(SampleOutput.Printable(text));
    }

    private sealed record Delivery(string Name, PushResult Sent, (long Bytes, string Sha256) Got, string Sha256)
    {
        public bool Matches => Got.Sha256 == Sha256;
    }
}
