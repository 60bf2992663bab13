using System.CommandLine;

namespace SipPush.Samples.Loopback;

/// <summary>What the command line of the story says.</summary>
public sealed record LoopbackSettings
{
    private static readonly Option<FileInfo?> FileOption =
        SampleCommand.Option<FileInfo?>("--file", "FILE", "What goes in the session; 10 MB made up for it when absent", path => new FileInfo(path));

    /// <summary>What goes in the session; null for something made up.</summary>
    public FileInfo? File { get; init; }

    /// <summary>The command with its options.</summary>
    public static RootCommand CreateCommand() =>
        new("Runs a SIP core, a push receiver and a push sender in one process, and draws what they say to each other.") { FileOption };

    /// <summary>Reads what was given.</summary>
    public static LoopbackSettings Read(ParseResult parsed)
    {
        ArgumentNullException.ThrowIfNull(parsed);
        return new LoopbackSettings { File = parsed.GetValue(FileOption) };
    }
}
