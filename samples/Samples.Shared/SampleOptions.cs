using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using SipPush.Sip;

namespace SipPush.Samples;

/// <summary>The options that the programs have in common, and how their command lines are run.</summary>
public static class SampleOptions
{
    /// <summary>The exit code of a command line that makes no sense.</summary>
    public const int UsageError = 2;

    /// <summary><c>--json</c></summary>
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON object a line and nothing else on standard output." };

    /// <summary><c>--trace</c></summary>
    public static Option<bool> Trace() => new("--trace") { Description = "Draw each SIP message as an arrow of a sequence diagram on standard error." };

    /// <summary>An address and port to listen on; port 0 takes a free one.</summary>
    public static Option<IPEndPoint> Listen(string name, string description, string defaultValue) => new(name)
    {
        Description = description,
        HelpName = "address:port",
        CustomParser = ReadEndPoint,
        DefaultValueFactory = _ => IPEndPoint.Parse(defaultValue),
    };

    /// <summary>A next hop such as <c>127.0.0.1:5060;transport=udp</c>, with or without <c>sip:</c> before it.</summary>
    public static Option<SipUri?> Hop(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "host:port;transport=udp|tcp",
        CustomParser = ReadHop,
    };

    /// <summary>An address such as <c>sip:bob@example.com</c>.</summary>
    public static Option<SipUri?> Uri(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "sip:user@domain",
        CustomParser = result => ReadUri(result, text => text),
    };

    /// <summary>Runs a command line: usage errors go to standard error and end with <see cref="UsageError"/>.</summary>
    public static async Task<int> RunAsync(RootCommand command, string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(command);
        var parsed = command.Parse(arguments);

        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync(error.Message);
            }

            await Console.Error.WriteLineAsync("Try --help.");
            return UsageError;
        }

        // The programs watch the signals themselves, so as to end in their own way.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    private static IPEndPoint? ReadEndPoint(ArgumentResult result)
    {
        var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        if (TryReadEndPoint(text, out var endPoint))
        {
            return endPoint;
        }

        result.AddError($"'{text}' is not an address and port such as 127.0.0.1:5060 or [::1]:5060.");
        return null;
    }

    private static bool TryReadEndPoint(string text, out IPEndPoint? endPoint)
    {
        // Without a port in the text IPEndPoint makes it 0, and an IPv6 address without brackets loses its last group.
        endPoint = null;
        return text.LastIndexOf(':') > text.LastIndexOf(']')
            && (text.Count(character => character == ':') == 1 || text.StartsWith('['))
            && IPEndPoint.TryParse(text, out endPoint);
    }

    private static SipUri? ReadHop(ArgumentResult result) =>
        ReadUri(result, text => text.StartsWith("sip:", StringComparison.OrdinalIgnoreCase) ? text : $"sip:{text}");

    private static SipUri? ReadUri(ArgumentResult result, Func<string, string> complete)
    {
        var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        if (SipUri.TryParse(complete(text), out var uri) && uri.IsSip)
        {
            return uri;
        }

        result.AddError($"'{text}' is no SIP address.");
        return null;
    }
}
