using System.CommandLine;
using System.Net;
using SipPush.Sip;

namespace SipPush.Samples.PushSender;

/// <summary>What the command line of the sender says.</summary>
public sealed record SenderSettings
{
    private static readonly Option<SipUri?> AorOption =
        SampleCommand.Option<SipUri?>("--aor", "URI", "Who sends, such as sip:psa@example.com", SampleCommand.UserUri, required: true);

    private static readonly Option<CoreAddress?> CoreOption =
        SampleCommand.Option<CoreAddress?>("--core", "ADDRESS", "The core to send through, such as \"127.0.0.1:5062;transport=tcp\"; its third-party REGISTER counts", CoreAddress.Parse);

    private static readonly Option<CoreAddress?> DirectOption =
        SampleCommand.Option<CoreAddress?>("--direct", "ADDRESS", "The receiver itself, without a core, such as \"127.0.0.1:5070;transport=udp\"", CoreAddress.Parse);

    private static readonly Option<IPEndPoint?> ListenOption =
        SampleCommand.Option<IPEndPoint?>("--listen", "ADDRESS", "Where to listen, UDP and TCP both, such as 127.0.0.1:5080; port 0 takes free ones", SampleCommand.EndPoint, required: true);

    private static readonly Option<SipUri[]> ToOption =
        SampleCommand.Options("--to", "URI", "Who is to receive, such as sip:bob@example.com; any number of times", SampleCommand.UserUri, required: true);

    private static readonly Option<PushApplicationId?> ApplicationOption =
        SampleCommand.Option<PushApplicationId?>("--app", "ID", "The application that is to take the push, such as mms.ua", PushApplicationId.Parse, required: true);

    private static readonly Option<string?> TextOption =
        SampleCommand.Option<string?>("--text", "TEXT", "The content, as text", text => text);

    private static readonly Option<FileInfo?> FileOption =
        SampleCommand.Option<FileInfo?>("--file", "FILE", "The content, as a file", path => new FileInfo(path));

    private static readonly Option<string?> TypeOption =
        SampleCommand.Option<string?>("--type", "MIME", "The media type of the content; without it plain text, or what the name of the file suggests", type =>
        {
            PushContent.FromBytes(default, type);
            return type;
        });

    private static readonly Option<SenderMode?> ModeOption =
        SampleCommand.Option<SenderMode?>("--mode", "auto|message|session", "How to send: by SIP MESSAGE, by INVITE and MSRP, or by MESSAGE what fits into one; auto when absent", mode => mode switch
        {
            "auto" => SenderMode.Auto,
            "message" => SenderMode.Message,
            "session" => SenderMode.Session,
            _ => throw new FormatException($"'{mode}' is not auto, message or session"),
        });

    private static readonly Option<bool> ReportOption = new("--report") { Description = "Ask the receiver to report when it has all of it, and wait for that; takes a session" };

    private static readonly Option<int?> WaitOption =
        SampleCommand.Option("--wait-for-registration", "SECONDS", "Wait until the core has told that each receiver is registered", SampleCommand.Number(1));

    private static readonly Option<FileInfo?> RegistrationsOption =
        SampleCommand.Option<FileInfo?>("--registrations", "FILE", "Keep what the core tells of registrations in this file, and know it again at the next start", path => new FileInfo(path));

    private static readonly Option<int?> RepeatOption =
        SampleCommand.Option("--repeat", "N", "Send to each receiver N times; 1 when absent", SampleCommand.Number(1));

    private static readonly Option<int?> ConcurrencyOption =
        SampleCommand.Option("--concurrency", "N", "Pushes under way at once; 1 when absent. One receiver gets one at a time", SampleCommand.Number(1));

    private static readonly Option<bool> JsonOption = SampleCommand.JsonOption();

    private static readonly Option<bool> TraceOption = SampleCommand.TraceOption();

    private static readonly Option<FileInfo?> CaptureOption = SampleCommand.CaptureOption();

    /// <summary>Who sends.</summary>
    public required SipUri Aor { get; init; }

    /// <summary>The core; null when it sends to the receiver itself.</summary>
    public CoreAddress? Core { get; init; }

    /// <summary>The receiver itself; null when it sends through the core.</summary>
    public CoreAddress? Direct { get; init; }

    /// <summary>Where it listens.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Who receives.</summary>
    public required IReadOnlyList<SipUri> To { get; init; }

    /// <summary>The application that takes the push.</summary>
    public required PushApplicationId Application { get; init; }

    /// <summary>The text to push; null for a file.</summary>
    public string? Text { get; init; }

    /// <summary>The file to push; null for a text.</summary>
    public FileInfo? File { get; init; }

    /// <summary>The media type; null to find one.</summary>
    public string? ContentType { get; init; }

    /// <summary>How to send.</summary>
    public SenderMode Mode { get; init; }

    /// <summary>Whether a delivery report is asked for.</summary>
    public bool Report { get; init; }

    /// <summary>How long to wait for the registration of the receivers; null not to.</summary>
    public TimeSpan? WaitForRegistration { get; init; }

    /// <summary>Where registrations are kept; null for memory.</summary>
    public FileInfo? Registrations { get; init; }

    /// <summary>How many times each receiver gets it.</summary>
    public int Repeat { get; init; }

    /// <summary>Pushes under way at once.</summary>
    public int Concurrency { get; init; }

    /// <summary>Whether it draws the messages.</summary>
    public bool Trace { get; init; }

    /// <summary>The file of the capture; null for none.</summary>
    public FileInfo? Capture { get; init; }

    /// <summary>The command with its options.</summary>
    public static RootCommand CreateCommand() => new("Sends push messages through a SIP core, or straight to a receiver.")
    {
        AorOption, CoreOption, DirectOption, ListenOption, ToOption, ApplicationOption, TextOption, FileOption, TypeOption,
        ModeOption, ReportOption, WaitOption, RegistrationsOption, RepeatOption, ConcurrencyOption, JsonOption, TraceOption, CaptureOption,
    };

    /// <summary>Reads what was given.</summary>
    /// <exception cref="SampleException">Options that don't go together were given.</exception>
    public static SenderSettings Read(ParseResult parsed)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        if (Has(parsed, CoreOption) == Has(parsed, DirectOption))
        {
            throw new SampleException("Say either --core or --direct", SampleExit.Usage);
        }

        if (Has(parsed, TextOption) == Has(parsed, FileOption))
        {
            throw new SampleException("Say either --text or --file", SampleExit.Usage);
        }

        if (Has(parsed, WaitOption) && Has(parsed, DirectOption))
        {
            throw new SampleException("--wait-for-registration needs --core: a receiver does not tell of its own registration", SampleExit.Usage);
        }

        if (Has(parsed, RegistrationsOption) && Has(parsed, DirectOption))
        {
            throw new SampleException("--registrations needs --core: a receiver does not tell of its own registration", SampleExit.Usage);
        }

        var mode = parsed.GetValue(ModeOption) ?? SenderMode.Auto;
        if (mode == SenderMode.Message && parsed.GetValue(ReportOption))
        {
            throw new SampleException("--report takes a session: a MESSAGE has no report", SampleExit.Usage);
        }

        return new SenderSettings
        {
            Aor = parsed.GetRequiredValue(AorOption)!,
            Core = parsed.GetValue(CoreOption),
            Direct = parsed.GetValue(DirectOption),
            Listen = parsed.GetRequiredValue(ListenOption)!,
            To = parsed.GetRequiredValue(ToOption),
            Application = parsed.GetRequiredValue(ApplicationOption)!,
            Text = parsed.GetValue(TextOption),
            File = parsed.GetValue(FileOption),
            ContentType = parsed.GetValue(TypeOption),
            WaitForRegistration = parsed.GetValue(WaitOption) is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Registrations = parsed.GetValue(RegistrationsOption),
            Repeat = parsed.GetValue(RepeatOption) ?? 1,
            Concurrency = parsed.GetValue(ConcurrencyOption) ?? 1,
            Mode = mode,
            Report = parsed.GetValue(ReportOption),
            Trace = parsed.GetValue(TraceOption),
            Capture = parsed.GetValue(CaptureOption),
        };
    }

    private static bool Has(ParseResult parsed, Option option) => parsed.GetResult(option) is not null;
}
