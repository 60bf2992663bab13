using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using SipPush.Sip;

namespace SipPush.Samples;

/// <summary>What every sample does with its command line: help, usage errors, and failures told in one sentence.</summary>
public static class SampleCommand
{
    /// <summary>Runs a sample.</summary>
    /// <param name="command">The options it takes.</param>
    /// <param name="args">The command line.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="run">The sample itself; cancelled by Ctrl+C.</param>
    /// <param name="cancellationToken">Cancelled when the sample is to end.</param>
    /// <returns>One of <see cref="SampleExit"/>.</returns>
    public static async Task<int> RunAsync(
        RootCommand command,
        string[] args,
        TextWriter output,
        TextWriter error,
        Func<ParseResult, SampleOutput, CancellationToken, Task<int>> run,
        CancellationToken cancellationToken)
    {
        var parsed = command.Parse(args);
        var said = new SampleOutput(output, error, json: args.Contains("--json", StringComparer.Ordinal));

        if (parsed.Errors.Count > 0)
        {
            foreach (var message in parsed.Errors.Select(found => found.Message).Distinct(StringComparer.Ordinal))
            {
                said.Fail(message);
            }

            said.Say("Use --help to see what can be said.");
            return SampleExit.Usage;
        }

        // Help and the version have an action; a sample's own command has none.
        if (parsed.Action is not null)
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = error }, cancellationToken);
        }

        try
        {
            return await run(parsed, said, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            said.Fail("Stopped before it was done");
            return SampleExit.NotDelivered;
        }
        catch (SampleException problem)
        {
            said.Fail(problem.Message);
            return problem.ExitCode;
        }
        catch (Exception problem) when (problem is IOException or SipRegistrationException or UnauthorizedAccessException)
        {
            said.Fail(problem.Message);
            return SampleExit.NotDelivered;
        }
    }

    /// <summary><c>--json</c></summary>
    public static Option<bool> JsonOption() => new("--json") { Description = "Print one JSON object a line and nothing else on standard output." };

    /// <summary><c>--trace</c></summary>
    public static Option<bool> TraceOption() => new("--trace") { Description = "Draw each SIP message and MSRP frame as an arrow of a sequence diagram on standard error." };

    /// <summary><c>--pcap</c></summary>
    public static Option<FileInfo?> CaptureOption() =>
        Option<FileInfo?>("--pcap", "FILE", "Write what is sent and received to this file, for Wireshark", path => new FileInfo(path));

    /// <summary>An option whose one value a function reads, and whose misreading is a usage error.</summary>
    /// <param name="name">The name, with its hyphens.</param>
    /// <param name="helpName">What the help calls the value.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="read">Reads the value; a <see cref="FormatException"/> or <see cref="ArgumentException"/> says what is wrong with it.</param>
    /// <param name="required">Whether it must be there.</param>
    public static Option<T?> Option<T>(string name, string helpName, string description, Func<string, T> read, bool required = false) => new(name)
    {
        HelpName = helpName,
        Description = description,
        Required = required,
        CustomParser = result => Read(name, result, read).FirstOrDefault(),
    };

    /// <summary>As <see cref="Option"/>, for one that may be given any number of times.</summary>
    public static Option<T[]> Options<T>(string name, string helpName, string description, Func<string, T> read, bool required = false) => new(name)
    {
        HelpName = helpName,
        Description = description,
        Required = required,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result => [.. Read(name, result, read)],
        DefaultValueFactory = _ => [],
    };

    /// <summary>Reads a whole number that is at least <paramref name="least"/>.</summary>
    public static Func<string, int?> Number(int least) => text =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least
            ? number
            : throw new FormatException($"'{text}' is not a whole number from {least} up");

    /// <summary>As <see cref="Number"/>, for what may be larger.</summary>
    public static Func<string, long?> LargeNumber(long least) => text =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least
            ? number
            : throw new FormatException($"'{text}' is not a whole number from {least} up");

    /// <summary>Reads an address with its port.</summary>
    public static IPEndPoint EndPoint(string text)
    {
        ArgumentNullException.ThrowIfNull(text);

        // IPEndPoint takes a missing port for 0, and an IPv6 address without brackets for one that has none.
        return text.LastIndexOf(':') > text.LastIndexOf(']')
            && (text.AsSpan().Count(':') == 1 || text.StartsWith('['))
            && IPEndPoint.TryParse(text, out var endPoint)
                ? endPoint
                : throw new FormatException($"'{text}' is not an address and port such as 127.0.0.1:5070 or [::1]:5070");
    }

    /// <summary>Reads a SIP URI with a user, such as an address of record.</summary>
    public static SipUri UserUri(string text)
    {
        var uri = SipUri.Parse(text);
        return uri.IsSip && !uri.User.IsEmpty ? uri : throw new FormatException($"'{text}' is not a SIP URI with a user, such as sip:bob@example.com");
    }

    private static List<T> Read<T>(string name, ArgumentResult result, Func<string, T> read)
    {
        var values = new List<T>();
        foreach (var token in result.Tokens)
        {
            try
            {
                values.Add(read(token.Value));
            }
            catch (Exception problem) when (problem is FormatException or ArgumentException)
            {
                result.AddError($"{name}: {problem.Message}");
            }
        }

        return values;
    }
}
