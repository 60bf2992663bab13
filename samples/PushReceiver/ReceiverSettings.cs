using System.CommandLine;
using System.Net;
using SipPush.Sip;

namespace SipPush.Samples.PushReceiver;

/// <summary>What the command line of the receiver says.</summary>
public sealed record ReceiverSettings
{
    private static readonly Option<SipUri?> AorOption =
        SampleCommand.Option<SipUri?>("--aor", "URI", "Who receives, such as sip:bob@example.com", SampleCommand.UserUri, required: true);

    private static readonly Option<CoreAddress?> CoreOption =
        SampleCommand.Option<CoreAddress?>("--core", "ADDRESS", "The core to register at, such as \"127.0.0.1:5060;transport=udp\"; its word about identities counts", CoreAddress.Parse);

    private static readonly Option<IPEndPoint?> ListenOption =
        SampleCommand.Option<IPEndPoint?>("--listen", "ADDRESS", "Where to receive, UDP and TCP both, such as 127.0.0.1:5070; port 0 takes free ones", SampleCommand.EndPoint, required: true);

    private static readonly Option<PushApplicationId[]> ApplicationOption =
        SampleCommand.Options("--app", "ID", "An application that takes pushes, such as mms.ua; any number of times", PushApplicationId.Parse, required: true);

    private static readonly Option<string[]> AcceptOption =
        SampleCommand.Options("--accept", "TYPE", "A media type that is taken, such as image/png or text/*; any number of times, all when absent", text => text);

    private static readonly Option<DirectoryInfo?> InboxOption =
        SampleCommand.Option<DirectoryInfo?>("--inbox", "DIR", "Write each push to a file in this folder, which is made if it is not there", path => new DirectoryInfo(path));

    private static readonly Option<string?> PasswordOption =
        SampleCommand.Option<string?>("--password-env", "NAME", "The environment variable that holds the password, where the core asks for one", name => name);

    private static readonly Option<int?> ExpiresOption =
        SampleCommand.Option("--expires", "SECONDS", "The lifetime of the registration to ask for; 7200 when absent", SampleCommand.Number(1));

    private static readonly Option<long?> MaxSizeOption =
        SampleCommand.Option("--max-size", "OCTETS", "The largest push that is taken; when absent 1 MiB by MESSAGE, 10 GiB in a session", SampleCommand.LargeNumber(1));

    private static readonly Option<SessionSetup?> SetupOption =
        SampleCommand.Option<SessionSetup?>("--setup", "active|passive|auto", "Who connects for the content of a session: the receiver, the sender, or the sender and after 5 s the receiver; auto when absent", text => text switch
        {
            "active" => SessionSetup.Active,
            "passive" => SessionSetup.Passive,
            "auto" => SessionSetup.Auto,
            _ => throw new FormatException($"'{text}' is not active, passive or auto"),
        });

    private static readonly Option<int?> RateOption =
        SampleCommand.Option("--rate", "BYTES", "Read no more than this many octets a second of each content, as a slow device would", SampleCommand.Number(1));

    private static readonly Option<int?> CountOption =
        SampleCommand.Option("--count", "N", "End after N pushes; without it, Ctrl+C ends", SampleCommand.Number(1));

    private static readonly Option<bool> NoRegisterOption = new("--no-register") { Description = "Only listen: for a sender that uses --direct" };

    private static readonly Option<bool> JsonOption = SampleCommand.JsonOption();

    private static readonly Option<bool> TraceOption = SampleCommand.TraceOption();

    private static readonly Option<FileInfo?> CaptureOption = SampleCommand.CaptureOption();

    /// <summary>Who receives.</summary>
    public required SipUri Aor { get; init; }

    /// <summary>The core; null only when it does not register.</summary>
    public CoreAddress? Core { get; init; }

    /// <summary>Where it receives.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>The applications that take pushes.</summary>
    public required IReadOnlyList<PushApplicationId> Applications { get; init; }

    /// <summary>The media types that are taken.</summary>
    public required IReadOnlyList<string> AcceptTypes { get; init; }

    /// <summary>Where pushes are written; null for nowhere.</summary>
    public DirectoryInfo? Inbox { get; init; }

    /// <summary>The variable with the password; null for none.</summary>
    public string? PasswordVariable { get; init; }

    /// <summary>The lifetime to ask for.</summary>
    public TimeSpan Expires { get; init; }

    /// <summary>The largest push taken; null when nothing was said.</summary>
    public long? MaxSize { get; init; }

    /// <summary>Who connects for the content of a session.</summary>
    public SessionSetup Setup { get; init; }

    /// <summary>Octets a second that are read of a content; null for as many as come.</summary>
    public int? Rate { get; init; }

    /// <summary>How many pushes end it; null for none.</summary>
    public int? Count { get; init; }

    /// <summary>Whether it registers.</summary>
    public bool Registers { get; init; }

    /// <summary>Whether it draws the messages.</summary>
    public bool Trace { get; init; }

    /// <summary>The file of the capture; null for none.</summary>
    public FileInfo? Capture { get; init; }

    /// <summary>The command with its options.</summary>
    public static RootCommand CreateCommand() => new("Registers at a SIP core and receives push messages.")
    {
        AorOption, CoreOption, ListenOption, ApplicationOption, AcceptOption, InboxOption, PasswordOption,
        ExpiresOption, MaxSizeOption, CountOption, NoRegisterOption, SetupOption, RateOption, JsonOption, TraceOption, CaptureOption,
    };

    /// <summary>Reads what was given.</summary>
    /// <exception cref="SampleException">There is nowhere to register.</exception>
    public static ReceiverSettings Read(ParseResult parsed)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        var registers = !parsed.GetValue(NoRegisterOption);
        if (registers && parsed.GetResult(CoreOption) is null)
        {
            throw new SampleException("--core says where to register; --no-register does without", SampleExit.Usage);
        }

        return new ReceiverSettings
        {
            Aor = parsed.GetRequiredValue(AorOption)!,
            Core = parsed.GetValue(CoreOption),
            Listen = parsed.GetRequiredValue(ListenOption)!,
            Applications = parsed.GetRequiredValue(ApplicationOption),
            AcceptTypes = parsed.GetValue(AcceptOption) is { Length: > 0 } types ? types : ["*/*"],
            Inbox = parsed.GetValue(InboxOption),
            PasswordVariable = parsed.GetValue(PasswordOption),
            Expires = TimeSpan.FromSeconds(parsed.GetValue(ExpiresOption) ?? 7200),
            MaxSize = parsed.GetValue(MaxSizeOption),
            Count = parsed.GetValue(CountOption),
            Registers = registers,
            Setup = parsed.GetValue(SetupOption) ?? SessionSetup.Auto,
            Rate = parsed.GetValue(RateOption),
            Trace = parsed.GetValue(TraceOption),
            Capture = parsed.GetValue(CaptureOption),
        };
    }
}
