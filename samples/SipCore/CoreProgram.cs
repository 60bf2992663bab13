using System.CommandLine;
using System.Net;
using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>Runs a core until it is told to end.</summary>
public static class CoreProgram
{
    private static readonly Option<IPEndPoint?> Listen = SampleCommand.Option(
        "--listen", "ADDRESS", "Where user agents register and receive; UDP and TCP [default: 127.0.0.1:5060].", SampleCommand.EndPoint);

    private static readonly Option<IPEndPoint?> Trusted = SampleCommand.Option(
        "--trusted", "ADDRESS", "Where application servers send and receive; UDP and TCP. Whoever sends here is believed [default: 127.0.0.1:5062].", SampleCommand.EndPoint);

    private static readonly Option<string?> Domain = SampleCommand.Option("--domain", "NAME", "The domain of the users [default: example.com].", ReadDomain);

    private static readonly Option<CoreAddress?> Psa = SampleCommand.Option(
        "--psa", "ADDRESS", "The application server that is told of registrations, such as 127.0.0.1:5080;transport=tcp.", CoreAddress.Parse);

    private static readonly Option<KeyValuePair<string, string>[]> User = SampleCommand.Options(
        "--user", "NAME:PASSWORD", "A user and the password; any number of times. Without any, everybody may register.", ReadUser);

    private static readonly Option<int?> MinExpires = SampleCommand.Option("--min-expires", "SECONDS", "The shortest registration [default: 60].", SampleCommand.Number(1));

    private static readonly Option<bool> Terminate = new("--terminate") { Description = "Remove a registration that the application server does not take." };

    private static readonly Option<bool> NoBody = new("--no-psa-body") { Description = "Tell the application server of registrations without the messages themselves." };

    private static readonly Option<bool> Json = SampleCommand.JsonOption();

    private static readonly Option<bool> Trace = SampleCommand.TraceOption();

    /// <summary>Runs the core until <paramref name="cancellationToken"/> is cancelled.</summary>
    /// <returns>One of <see cref="SampleExit"/>.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken) =>
        SampleCommand.RunAsync(
            new RootCommand("A small SIP core to try pushes with: registrar, proxy and third-party registration for one domain.")
            {
                Listen, Trusted, Domain, Psa, User, MinExpires, Terminate, NoBody, Json, Trace,
            },
            args,
            output,
            error,
            (parsed, said, token) => ServeAsync(parsed, said, error, token),
            cancellationToken);

    private static async Task<int> ServeAsync(ParseResult parsed, SampleOutput said, TextWriter error, CancellationToken cancellationToken)
    {
        var psa = parsed.GetValue(Psa);
        await using var core = await SipCoreServer.StartAsync(
            new CoreOptions
            {
                Listen = parsed.GetValue(Listen) ?? new IPEndPoint(IPAddress.Loopback, 5060),
                Trusted = parsed.GetValue(Trusted) ?? new IPEndPoint(IPAddress.Loopback, 5062),
                Domain = parsed.GetValue(Domain) ?? "example.com",
                PsaUri = psa?.ToUri(looseRouter: false),
                Users = (parsed.GetValue(User) ?? []).GroupBy(user => user.Key).ToDictionary(users => users.Key, users => users.Last().Value),
                MinExpires = TimeSpan.FromSeconds(parsed.GetValue(MinExpires) ?? 60),
                OnPsaFailure = parsed.GetValue(Terminate) ? DefaultHandling.Terminate : DefaultHandling.Continue,
                SendPsaBody = !parsed.GetValue(NoBody),
                Observer = new ConsoleObserver(said),
                Tap = parsed.GetValue(Trace) ? CreateTap(psa, error) : null,
            },
            cancellationToken);

        foreach (var endPoint in core.Listen.Concat(core.Trusted))
        {
            var uri = SipUri.Of(null, endPoint.Address, endPoint.Protocol).ToString();
            said.Report("listening", $"Listening on {uri}", ("uri", uri));
        }

        var ended = new TaskCompletionSource();
        await using var stop = cancellationToken.UnsafeRegister(state => ((TaskCompletionSource)state!).TrySetResult(), ended);
        await ended.Task;
        return SampleExit.Delivered;
    }

    private static LadderTap CreateTap(CoreAddress? psa, TextWriter error)
    {
        var ladder = new Ladder(error);
        ladder.AddColumn("core");
        if (psa is not null)
        {
            ladder.Name(psa.Protocol, psa.Port, "psa");
        }

        return new LadderTap(ladder, "core");
    }

    private static string ReadDomain(string text) =>
        SipUri.TryParse($"sip:{text}", out var uri) && uri.Port is null && uri.User.IsEmpty && uri.Parameters.IsEmpty
            ? text
            : throw new FormatException($"'{text}' is not a name such as example.com");

    private static KeyValuePair<string, string> ReadUser(string text) =>
        text.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon
            ? new(text[..colon], text[(colon + 1)..])
            : throw new FormatException($"'{text}' is not a name and a password, NAME:PASSWORD");
}
