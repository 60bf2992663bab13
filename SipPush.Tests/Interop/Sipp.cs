using System.Globalization;
using System.Net.NetworkInformation;
using System.Text;
using System.Text.RegularExpressions;

namespace SipPush.Tests.Interop;

/// <summary>A sipp that runs one of the scenarios in Sipp/, named without its extension.</summary>
internal sealed partial class Sipp : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly PeerProcess _process;
    private readonly RunDirectory _directory;
    private readonly SippOptions _options;

    private Sipp(PeerProcess process, RunDirectory directory, SippOptions options)
    {
        _process = process;
        _directory = directory;
        _options = options;
    }

    /// <summary>The port it sends from and listens on.</summary>
    public int Port => _options.Port;

    /// <summary>Starts a sender or receiver and comes back when it has its port.</summary>
    public static async Task<Sipp> StartAsync(string scenario, SippOptions options)
    {
        var program = Peer.Require("sipp");
        options = options.Port == 0 ? options with { Port = FreePort.Next() } : options;
        var directory = new RunDirectory();
        var sipp = new Sipp(PeerProcess.Start(program, directory.Path, Arguments(scenario, options)), directory, options);

        // A client may be done before anybody looks, and over TCP it listens on nothing.
        if (options.Target is null && !await Poll.UntilAsync(() => sipp.HasPort() || sipp._process.HasExited, StartLimit))
        {
            await sipp.DisposeAsync();
            throw new InvalidOperationException($"sipp {scenario} did not start");
        }
        return sipp;
    }

    /// <summary>Runs a scenario to its end.</summary>
    public static async Task<SippResult> RunAsync(string scenario, SippOptions options)
    {
        await using var sipp = await StartAsync(scenario, options);
        return await sipp.WaitAsync();
    }

    /// <summary>Waits until it has a request of that method: what comes by several processes or tasks may come in another order than it was sent in.</summary>
    public async Task UntilReceivedAsync(string method) => Assert.That(
        await Poll.UntilAsync(async () => MessagesOf(await ReadAsync("messages.log")).Any(message => !message.Sent && message.Text.StartsWith($"{method} ", StringComparison.Ordinal)), _options.Limit),
        Is.True,
        $"sipp has not received {method}");

    /// <summary>Waits until all its calls are over, or its limit is; the time-out counts as a failed run.</summary>
    public async Task<SippResult> WaitAsync()
    {
        var exitCode = await _process.WaitAsync(_options.Limit + Grace);
        var messages = MessagesOf(await ReadAsync("messages.log"));
        var output = $"{_process.Output}\n{await ReadAsync("errors.log")}";
        return new SippResult(exitCode, output, messages, await ReadAsync("actions.log"));
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _directory.Dispose();
    }

    private Task<string> ReadAsync(string name) =>
        File.Exists(_directory.File(name)) ? File.ReadAllTextAsync(_directory.File(name), Encoding.Latin1) : Task.FromResult("");

    private bool HasPort()
    {
        var properties = IPGlobalProperties.GetIPGlobalProperties();
        var listeners = _options.Tcp ? properties.GetActiveTcpListeners() : properties.GetActiveUdpListeners();
        return listeners.Any(listener => listener.Port == Port);
    }

    private static List<SippMessage> MessagesOf(string log)
    {
        var messages = new List<SippMessage>();

        foreach (Match head in MessageHead().Matches(log))
        {
            var start = head.Index + head.Length;
            var length = int.Parse(head.Groups["length"].Value, CultureInfo.InvariantCulture);
            messages.Add(new SippMessage(head.Groups["way"].Value == "sent", log.Substring(start, Math.Min(length, log.Length - start))));
        }
        return messages;
    }

    private static IEnumerable<string> Arguments(string scenario, SippOptions options)
    {
        var file = Path.Combine(AppContext.BaseDirectory, "Interop", "Sipp", $"{scenario}.xml");
        IEnumerable<KeyValuePair<string, string>> keys = [new("domain", options.Domain), .. options.Keys];

        return
        [
            "-sf", file, "-i", "127.0.0.1", "-p", Text(options.Port), "-t", options.Tcp ? "t1" : "u1",
            "-m", Text(options.Calls), "-r", Text(options.Rate), "-nostdin",
            "-timeout", $"{Text((int)Math.Ceiling(options.Limit.TotalSeconds))}s", "-timeout_error",
            "-s", options.User, "-au", options.User, "-ap", options.Password,
            "-trace_msg", "-message_file", "messages.log", "-trace_err", "-error_file", "errors.log", "-trace_logs", "-log_file", "actions.log",
            .. keys.SelectMany(key => new[] { "-key", key.Key, key.Value }),
            .. options.Loss > 0 ? ["-lost", Text(options.Loss)] : Array.Empty<string>(),
            .. options.MostRetransmissions is { } most ? ["-max_retrans", Text(most)] : Array.Empty<string>(),
            .. options.Retransmissions ? Array.Empty<string>() : ["-nr"],
            .. options.Target is { } target ? [target] : Array.Empty<string>(),
        ];
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?:UDP|TCP) message (?<way>sent|received) [(\[](?<length>\d+)(?: bytes\)|\] bytes ?):\n\n", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex MessageHead();
}
