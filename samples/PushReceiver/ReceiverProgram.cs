using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Samples.PushReceiver;

/// <summary>Registers, takes pushes, and leaves in order.</summary>
public static class ReceiverProgram
{
    private const long LargestContent = 10L << 30;
    private const int LargestRead = 64 * 1024;
    private const int MostAtOnce = 16;

    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(5);

    /// <summary>Runs the receiver until <c>--count</c> is reached or <paramref name="cancellationToken"/> is cancelled.</summary>
    /// <returns>One of <see cref="SampleExit"/>.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken) =>
        SampleCommand.RunAsync(
            ReceiverSettings.CreateCommand(),
            args,
            output,
            error,
            (parsed, said, token) => ReceiveAsync(ReceiverSettings.Read(parsed), said, error, token),
            cancellationToken);

    private static async Task<int> ReceiveAsync(ReceiverSettings settings, SampleOutput said, TextWriter error, CancellationToken cancellationToken)
    {
        var credentials = ReadCredentials(settings);
        var trusted = settings.Core is { } core ? await core.ToTrustDomainAsync(cancellationToken) : TrustDomain.Nobody;
        var inbox = OpenInbox(settings);
        var ladder = settings.Trace ? new Ladder(error) : null;
        using var taps = new WireTaps(ladder, settings.Aor.User.ToString(), settings.Core is null ? "sender" : "core", "sender", settings.Capture);

        using var log = new WarningLog(said);
        await using var stack = await ListeningStack.StartAsync(settings.Listen, trusted, taps.Sip, log, said, cancellationToken, settings.MaxSize);
        await using var endpoint = StartEndpoint(settings, taps.Msrp, log);
        var userAgent = stack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = settings.Aor,
            OutboundProxies = settings.Core is { } proxy ? [proxy.ToUri(looseRouter: true)] : [],
            Credentials = credentials,
            InstanceId = InstanceId(settings),
        });
        await using var receiver = new PushReceiverAgent(userAgent, CreateOptions(settings, endpoint, inbox));

        if (!settings.Registers)
        {
            return await TakePushesAsync(receiver, endpoint, inbox, settings, said, cancellationToken);
        }

        said.Say($"Registering {settings.Aor} at {settings.Core}");
        var registration = await receiver.RegisterAsync(
            new RegistrationOptions { Expires = settings.Expires, RetryBase = TimeSpan.FromSeconds(2), RetryMaximum = TimeSpan.FromMinutes(1) },
            cancellationToken);
        try
        {
            ReportRegistered(settings.Aor, registration.Binding, said);
            return await TakeWhileRegisteredAsync(receiver, registration, endpoint, inbox, settings, said, cancellationToken);
        }
        finally
        {
            var wasRegistered = registration.Binding is not null;
            await registration.DisposeAsync();
            if (wasRegistered)
            {
                said.Report("unregistered", $"{settings.Aor} is no longer registered");
            }
        }
    }

    // A registration that the core refuses to refresh ends the waiting: nothing would come any more.
    private static async Task<int> TakeWhileRegisteredAsync(
        PushReceiverAgent receiver, Registration registration, MsrpEndpoint endpoint, PushInbox? inbox, ReceiverSettings settings, SampleOutput said, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pushes = TakePushesAsync(receiver, endpoint, inbox, settings, said, ending.Token);

        await Task.WhenAny(pushes, registration.Completion);
        await ending.CancelAsync();
        var exit = await pushes;
        if (registration.Completion.IsFaulted)
        {
            await registration.Completion;
        }

        return exit;
    }

    // Several at once: a large content that comes slowly holds up nobody else.
    private static async Task<int> TakePushesAsync(
        PushReceiverAgent receiver, MsrpEndpoint endpoint, PushInbox? inbox, ReceiverSettings settings, SampleOutput said, CancellationToken cancellationToken)
    {
        var (begun, taken) = (0, 0);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        try
        {
            await Parallel.ForEachAsync(
                receiver.ReceiveAllAsync(enough.Token),
                new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce },
                async (push, _) =>
                {
                    await using (push)
                    {
                        if (Interlocked.Increment(ref begun) > settings.Count)
                        {
                            return;
                        }

                        if (!await TakeAsync(push, inbox, settings.Rate, said, cancellationToken))
                        {
                            Interlocked.Decrement(ref begun);
                        }
                        else if (Interlocked.Increment(ref taken) == settings.Count)
                        {
                            await enough.CancelAsync();
                        }
                    }
                });
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // Ctrl+C is how a receiver without --count ends.
        }

        await WaitForGoodbyesAsync(endpoint, cancellationToken);
        return taken < settings.Count ? SampleExit.NotDelivered : SampleExit.Delivered;
    }

    // The senders end their sessions, once they have the report. One that keeps its session open for more is left.
    private static async Task WaitForGoodbyesAsync(MsrpEndpoint endpoint, CancellationToken cancellationToken)
    {
        var clock = TimeProvider.System;
        var began = clock.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested && endpoint.Counts.Sessions > 0 && clock.GetElapsedTime(began) < Goodbye)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), clock, CancellationToken.None);
        }
    }

    private static async Task<bool> TakeAsync(IncomingPush push, PushInbox? inbox, int? rate, SampleOutput said, CancellationToken cancellationToken)
    {
        // A MESSAGE that has been answered is the receiver's to keep: it is written even while the program ends. What comes in a session is not all here.
        var stop = push.Mode == PushMode.Message ? CancellationToken.None : cancellationToken;
        var meter = new ContentMeter(push.Mode == PushMode.Message ? null : rate, TimeProvider.System);
        Taken taken;
        try
        {
            taken = inbox is null
                ? await ReadAsync(push, meter, stop)
                : Taken.Of(await inbox.SaveAsync(push, meter.TakeAsync, stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            said.Fail($"The push from {push.From} was given up");
            return false;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // The one that could not be kept is told to its sender; the others are not concerned.
            push.Fail();
            said.Fail($"The push from {push.From} was not received: {problem.Message}");
            return false;
        }

        await push.CompleteAsync(CancellationToken.None);
        said.Report(
            "pushReceived",
            string.Create(CultureInfo.InvariantCulture, $"Push from {push.From} for {push.Application.ResourceIdentifier}: {taken.Bytes} octets of {push.ContentType}")
                + (taken.File is null ? Preview(push.ContentType, meter) : $", written to {taken.File}"),
            ("from", push.From.ToString()),
            ("to", push.To.ToString()),
            ("application", push.Application.ResourceIdentifier),
            ("contentType", push.ContentType),
            ("bytes", taken.Bytes),
            ("sha256", taken.Sha256),
            ("mode", ModeName.Of(push.Mode)),
            ("file", taken.File));
        return true;
    }

    // Of a content that nobody keeps only the hash is left.
    private static async Task<Taken> ReadAsync(IncomingPush push, ContentMeter meter, CancellationToken cancellationToken)
    {
        await using var content = new HashingStream(push.Content);
        var buffer = new byte[LargestRead];
        while (await content.ReadAsync(buffer, cancellationToken) is > 0 and var read)
        {
            await meter.TakeAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        return new Taken(content.Count, content.Sha256, null);
    }

    private static string Preview(string contentType, ContentMeter content) =>
        contentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase) && content.Bytes <= ContentMeter.MostBeginning
            ? $": {Encoding.UTF8.GetString(content.Beginning.Span)}"
            : "";

    private static void ReportRegistered(SipUri aor, RegistrationBinding? binding, SampleOutput said)
    {
        var seconds = (long)(binding?.Lifetime.TotalSeconds ?? 0);
        said.Report(
            "registered",
            string.Create(CultureInfo.InvariantCulture, $"{aor} is registered for {seconds} s") + (binding?.PublicGruu is { } gruu ? $", as {gruu}" : ""),
            ("aor", aor.ToString()),
            ("contact", binding?.Contact?.ToString()),
            ("pubGruu", binding?.PublicGruu?.ToString()),
            ("expires", seconds));
    }

    private static PushInbox? OpenInbox(ReceiverSettings settings)
    {
        var options = new PushInboxOptions { AlwaysSha256 = true };
        try
        {
            return settings.Inbox is { } folder
                ? PushInbox.Open(folder.FullName, options with { MaximumBytes = Math.Max(options.MaximumBytes, settings.MaxSize ?? 0) })
                : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new SampleException($"Cannot write --inbox: {problem.Message}", SampleExit.Usage);
        }
    }

    private static MsrpEndpoint StartEndpoint(ReceiverSettings settings, MsrpTap? tap, WarningLog log)
    {
        // A slow reader is asked for: it is given up by nobody, and as little as it can read soon waits for it, so that the sender notices.
        var limits = settings.Rate is { } rate
            ? new MsrpLimits { MinimumReaderRate = 0, ReadAhead = Math.Clamp(rate, 4096, 1 << 20) }
            : new MsrpLimits();

        return MsrpEndpoint.Start(new MsrpEndpointOptions
        {
            Listen = new IPEndPoint(settings.Listen.Address, 0),
            Limits = limits,
            Tap = tap,
            LoggerFactory = log,
        });
    }

    private static PushReceiverOptions CreateOptions(ReceiverSettings settings, MsrpEndpoint endpoint, PushInbox? inbox) => new()
    {
        Applications = settings.Applications,
        AcceptTypes = settings.AcceptTypes,
        MaxSize = settings.MaxSize ?? LargestContent,
        DecideAsync = inbox is null ? null : (offer, _) => ValueTask.FromResult(inbox.Decide(offer)),
        Media = new PushMediaOptions
        {
            Endpoint = endpoint,
            IsReachable = settings.Setup != SessionSetup.Active,
            ConnectAfter = settings.Setup == SessionSetup.Passive ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(5),
        },
    };

    private static SipCredential[] ReadCredentials(ReceiverSettings settings) => settings.PasswordVariable switch
    {
        null => [],
        var name when Environment.GetEnvironmentVariable(name) is { Length: > 0 } password => [new SipCredential(settings.Aor.User.ToString(), password)],
        var name => throw new SampleException($"--password-env: the environment has no variable {name}", SampleExit.Usage),
    };

    // The same at each start (RFC 5626 §4.1), so it is made of what stays the same: who it is and where it listens.
    private static string InstanceId(ReceiverSettings settings)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes($"{settings.Aor} {settings.Listen}"));
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80);
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return $"urn:uuid:{new Guid(digest.AsSpan(0, 16), bigEndian: true)}";
    }
    private readonly record struct Taken(long Bytes, string? Sha256, string? File)
    {
        public static Taken Of(InboxFile file) => new(file.Length, file.Sha256, file.Path);
    }
}
