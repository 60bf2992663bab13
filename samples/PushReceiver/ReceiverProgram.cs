using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SipPush.Sip;

namespace SipPush.Samples.PushReceiver;

/// <summary>Registers, takes pushes, and leaves in order.</summary>
public static class ReceiverProgram
{
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
        var tap = settings.Trace ? CreateTap(settings, error) : null;

        using var log = new WarningLog(said);
        await using var stack = await ListeningStack.StartAsync(settings.Listen, trusted, tap, log, said, cancellationToken, settings.MaxSize);
        var userAgent = stack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = settings.Aor,
            OutboundProxies = settings.Core is { } proxy ? [proxy.ToUri(looseRouter: true)] : [],
            Credentials = credentials,
            InstanceId = InstanceId(settings),
        });
        await using var receiver = new PushReceiverAgent(userAgent, CreateOptions(settings));

        if (!settings.Registers)
        {
            return await TakePushesAsync(receiver, settings, said, cancellationToken);
        }

        said.Say($"Registering {settings.Aor} at {settings.Core}");
        var registration = await receiver.RegisterAsync(
            new RegistrationOptions { Expires = settings.Expires, RetryBase = TimeSpan.FromSeconds(2), RetryMaximum = TimeSpan.FromMinutes(1) },
            cancellationToken);
        try
        {
            ReportRegistered(settings.Aor, registration.Binding, said);
            return await TakeWhileRegisteredAsync(receiver, registration, settings, said, cancellationToken);
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
        PushReceiverAgent receiver, Registration registration, ReceiverSettings settings, SampleOutput said, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pushes = TakePushesAsync(receiver, settings, said, ending.Token);

        await Task.WhenAny(pushes, registration.Completion);
        await ending.CancelAsync();
        var exit = await pushes;
        if (registration.Completion.IsFaulted)
        {
            await registration.Completion;
        }

        return exit;
    }

    private static async Task<int> TakePushesAsync(PushReceiverAgent receiver, ReceiverSettings settings, SampleOutput said, CancellationToken cancellationToken)
    {
        var inbox = settings.Inbox is { } directory ? new Inbox(directory) : null;
        var taken = 0;

        try
        {
            await foreach (var push in receiver.ReceiveAllAsync(cancellationToken))
            {
                await using (push)
                {
                    await TakeAsync(push, inbox, said);
                }

                if (++taken == settings.Count)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl+C is how a receiver without --count ends.
        }

        return taken < settings.Count ? SampleExit.NotDelivered : SampleExit.Delivered;
    }

    // What has been answered is the receiver's to keep: it is written even while the program ends.
    private static async Task TakeAsync(IncomingPush push, Inbox? inbox, SampleOutput said)
    {
        using var buffer = new MemoryStream();
        await push.Content.CopyToAsync(buffer, CancellationToken.None);
        var content = buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(content.Span));
        var file = inbox is null ? null : await inbox.WriteAsync(push.ContentType, sha256, content, CancellationToken.None);

        said.Report(
            "pushReceived",
            string.Create(CultureInfo.InvariantCulture, $"Push from {push.From} for {push.Application.ResourceIdentifier}: {content.Length} octets of {push.ContentType}")
                + (file is null ? Preview(push.ContentType, content.Span) : $", written to {file}"),
            ("from", push.From.ToString()),
            ("to", push.To.ToString()),
            ("application", push.Application.ResourceIdentifier),
            ("contentType", push.ContentType),
            ("bytes", content.Length),
            ("sha256", sha256),
            ("mode", ModeName.Of(push.Mode)),
            ("file", file));
    }

    private static string Preview(string contentType, ReadOnlySpan<byte> content)
    {
        const int Most = 200;
        return contentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase) && content.Length <= Most
            ? $": {Encoding.UTF8.GetString(content)}"
            : "";
    }

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

    private static LadderTap CreateTap(ReceiverSettings settings, TextWriter error)
    {
        var ladder = new Ladder(error);
        ladder.AddColumn(settings.Aor.User.ToString());
        if (settings.Core is { } core)
        {
            ladder.Name(core.Port, "core");
        }

        return new LadderTap(ladder, settings.Aor.User.ToString());
    }

    private static PushReceiverOptions CreateOptions(ReceiverSettings settings)
    {
        var options = new PushReceiverOptions { Applications = settings.Applications, AcceptTypes = settings.AcceptTypes };
        return settings.MaxSize is { } size ? options with { MaxSize = size } : options;
    }

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
}
