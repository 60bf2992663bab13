using System.Globalization;
using SipPush.Sip;

namespace SipPush.Samples.PushSender;

/// <summary>Sends pushes and says what became of each.</summary>
public static class SenderProgram
{
    /// <summary>Runs the sender until everything has been sent.</summary>
    /// <returns>One of <see cref="SampleExit"/>.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken) =>
        SampleCommand.RunAsync(
            SenderSettings.CreateCommand(),
            args,
            output,
            error,
            (parsed, said, token) => SendAsync(SenderSettings.Read(parsed), said, error, token),
            cancellationToken);

    private static async Task<int> SendAsync(SenderSettings settings, SampleOutput said, TextWriter error, CancellationToken cancellationToken)
    {
        // What can't be read is told before anything is begun.
        (await PushSource.OpenAsync(settings, cancellationToken)).Dispose();
        var trusted = settings.Core is { } core ? await core.ToTrustDomainAsync(cancellationToken) : TrustDomain.Nobody;
        var ladder = settings.Trace ? new Ladder(error) : null;
        using var taps = new WireTaps(ladder, settings.Aor.User.ToString(), settings.Core is null ? "receiver" : "core", "receiver", settings.Capture);

        using var log = new WarningLog(said);

        // Before it listens: what the core tells while nobody takes it is lost.
        await using var store = await OpenStoreAsync(settings, log, cancellationToken);
        await using var stack = await ListeningStack.StartAsync(settings.Listen, trusted, taps.Sip, log, said, cancellationToken);
        var userAgent = stack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = settings.Aor,
            OutboundProxies = [settings.Core?.ToUri(looseRouter: true) ?? settings.Direct!.ToUri(looseRouter: false)],
            IsTrusted = settings.Core is not null,
        });
        await using var sender = new PushSenderAgent(userAgent, new PushSenderOptions
        {
            Application = settings.Application,
            Store = store,
            MaximumWaitingPerTarget = Math.Max(64, settings.Concurrency),
            Media = new PushMediaOptions { Tap = taps.Msrp },
        });

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = settings.Core is null ? Task.CompletedTask : WatchAsync(sender, said, stack.TimeProvider, ending.Token);
        try
        {
            await WaitForRegistrationsAsync(sender, settings, said, cancellationToken);

            // A diagram and bars would get into each other's way.
            return settings.Trace || settings.Mode == SenderMode.Message
                ? await SendAllAsync(sender, settings, null, said, cancellationToken)
                : await said.WithBarsAsync(bars => SendAllAsync(sender, settings, bars, said, cancellationToken));
        }
        finally
        {
            await ending.CancelAsync();
            await watching;
        }
    }

    private static async Task<int> SendAllAsync(
        PushSenderAgent sender, SenderSettings settings, TransferBars? bars, SampleOutput said, CancellationToken cancellationToken)
    {
        var pushes = Enumerable.Range(0, settings.Repeat).SelectMany(_ => settings.To);
        var undelivered = 0;

        await Parallel.ForEachAsync(
            pushes,
            new ParallelOptions { MaxDegreeOfParallelism = settings.Concurrency, CancellationToken = cancellationToken },
            async (to, token) =>
            {
                using var source = await PushSource.OpenAsync(settings, token);
                var options = new PushOptions { SuccessReport = settings.Report, Progress = bars?.Add(to.ToString()) };
                var result = settings.Mode == SenderMode.Message
                    ? await sender.SendAsync(to, source.Content, options, token)
                    : await sender.PushAsync(to, source.Content, options, token);
                if (!result.IsDelivered && !result.Stored)
                {
                    Interlocked.Increment(ref undelivered);
                }

                if (settings.Report && result.Delivery is { } delivery)
                {
                    ReportDelivery(to, delivery, said);
                }

                ReportSent(to, result, source.Sha256, said);
            });

        return undelivered == 0 ? SampleExit.Delivered : SampleExit.NotDelivered;
    }

    private static async Task WaitForRegistrationsAsync(PushSenderAgent sender, SenderSettings settings, SampleOutput said, CancellationToken cancellationToken)
    {
        if (settings.WaitForRegistration is not { } wait)
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(wait);

        foreach (var to in settings.To.Distinct())
        {
            said.Say($"Waiting until {to} is registered");
            try
            {
                await sender.Registrations.WaitForAsync(to.WithoutParameters(), settings.Application, limit.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new SampleException(string.Create(CultureInfo.InvariantCulture, $"{to} was not registered within {wait.TotalSeconds} s"));
            }
        }
    }

    private static async Task WatchAsync(PushSenderAgent sender, SampleOutput said, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var change in sender.Registrations.WatchAsync(cancellationToken))
            {
                ReportRegistration(change, said, clock);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Everything has been sent.
        }
    }

    // The lifetime is what is left of it; of one that has ended there is nothing left.
    private static void ReportRegistration(RegistrationChange change, SampleOutput said, TimeProvider clock)
    {
        var registration = change.Registration;
        var left = change.Kind is RegistrationChangeKind.Registered or RegistrationChangeKind.Refreshed
            ? Math.Max(0, (long)Math.Round((registration.Expires - clock.GetUtcNow()).TotalSeconds))
            : 0;

        said.Report(
            "thirdPartyRegister",
            left > 0
                ? string.Create(CultureInfo.InvariantCulture, $"The core says that {registration.Aor} is registered for {left} s")
                : $"The core says that {registration.Aor} is no longer registered",
            ("aor", registration.Aor.ToString()),
            ("expires", left),
            ("gruu", registration.PublicGruu?.ToString()),
            ("applications", registration.Applications.Select(application => application.ResourceIdentifier)));
    }

    private static void ReportDelivery(SipUri to, DeliveryReport delivery, SampleOutput said)
    {
        var milliseconds = Math.Round(delivery.Elapsed.TotalMilliseconds, 3);
        said.Report(
            "deliveryReport",
            string.Create(CultureInfo.InvariantCulture, $"{to} on {delivery.MessageId}: {delivery.Outcome}, {delivery.Bytes} octets ({milliseconds} ms)"),
            ("messageId", delivery.MessageId),
            ("status", delivery.StatusCode == 0 ? null : delivery.StatusCode),
            ("bytes", delivery.Bytes),
            ("milliseconds", milliseconds));
    }

    private static void ReportSent(SipUri to, PushResult result, string? sha256, SampleOutput said)
    {
        var milliseconds = Math.Round(result.Elapsed.TotalMilliseconds, 3);
        var answer = result.StatusCode is { } status ? string.Create(CultureInfo.InvariantCulture, $"{status} {result.Reason}") : result.Reason;
        var became = result.Stored ? "Stored for" : result.IsDelivered ? "Delivered to" : "Not delivered to";

        said.Report(
            "pushSent",
            string.Create(CultureInfo.InvariantCulture, $"{became} {to}: {answer} ({milliseconds} ms)"),
            ("to", to.ToString()),
            ("mode", ModeName.Of(result.Mode)),
            ("status", result.StatusCode),
            ("reason", result.Reason),
            ("stored", result.Stored),
            ("milliseconds", milliseconds),
            ("sha256", sha256));
    }

    // A file that is somebody else's, or in use, ends the sample before anything is sent.
    private static async Task<FileRegistrationStore?> OpenStoreAsync(SenderSettings settings, WarningLog log, CancellationToken cancellationToken)
    {
        try
        {
            return settings.Registrations is { } file
                ? await FileRegistrationStore.OpenAsync(file.FullName, new FileRegistrationStoreOptions { LoggerFactory = log }, cancellationToken)
                : null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new SampleException($"Cannot keep registrations: {problem.Message}");
        }
    }
}
