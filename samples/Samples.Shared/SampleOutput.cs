using System.Text;
using Spectre.Console;

namespace SipPush.Samples;

/// <summary>
/// What a sample says: lines for a person, or with <c>--json</c> one object a line and nothing else on standard output. Safe
/// for concurrent use.
/// </summary>
public sealed class SampleOutput
{
    private const int Unwrapped = 4096;

    private readonly Lock _gate = new();
    private readonly TextWriter _output;
    private readonly bool _json;
    private readonly IAnsiConsole _console;
    private readonly IAnsiConsole _errors;

    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="json">Whether a program reads it.</param>
    public SampleOutput(TextWriter output, TextWriter error, bool json)
        : this(CreateConsole(output), CreateConsole(error), output, json)
    {
    }

    internal SampleOutput(IAnsiConsole console, IAnsiConsole errors, TextWriter output, bool json)
    {
        _output = output;
        _json = json;
        _console = console;
        _errors = errors;
    }

    /// <summary>Tells of an event, in words or as an object with those members.</summary>
    /// <param name="name">The name of the event.</param>
    /// <param name="words">The line for a person.</param>
    /// <param name="members">The members, in order; the name comes before them.</param>
    public void Report(string name, string words, params (string Name, object? Value)[] members)
    {
        lock (_gate)
        {
            if (_json)
            {
                WriteEvent(name, members);
            }
            else
            {
                _console.Write(new Text(Printable(words), StyleOf(name)));
                _console.WriteLine();
            }
        }
    }

    /// <summary>Tells a person only.</summary>
    public void Say(string words)
    {
        lock (_gate)
        {
            if (!_json)
            {
                _console.Write(new Text(Printable(words), new Style(Color.Grey)));
                _console.WriteLine();
            }
        }
    }

    /// <summary>Tells what went wrong: on standard error, or as an event.</summary>
    public void Fail(string message)
    {
        lock (_gate)
        {
            if (_json)
            {
                WriteEvent("error", ("message", message));
            }
            else
            {
                _errors.Write(new Text(Printable(message), new Style(Color.Red)));
                _errors.WriteLine();
            }
        }
    }

    /// <summary>Runs something with progress bars, when a person looks at a terminal; otherwise without.</summary>
    public Task<int> WithBarsAsync(Func<TransferBars?, Task<int>> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return !_json && _console.Profile.Out.IsTerminal ? TransferBars.RunAsync(_console, run) : run(null);
    }

    /// <summary>The text with what would steer a terminal made visible: much of what samples print comes from the wire.</summary>
    public static string Printable(string text) =>
        string.Create(text.Length, text, static (copy, from) =>
        {
            for (var i = 0; i < copy.Length; i++)
            {
                copy[i] = char.IsControl(from[i]) ? '\uFFFD' : from[i];
            }
        });

    private void WriteEvent(string name, params (string, object?)[] members)
    {
        using var line = new MemoryStream();
        new JsonEvents(line).Write(name, members);
        _output.Write(Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length));
        _output.Flush();
    }

    /// <summary>A console on a writer; where that is no terminal, lines are as long as is said.</summary>
    public static IAnsiConsole CreateConsole(TextWriter writer, int width = Unwrapped)
    {
        var destination = new AnsiConsoleOutput(writer);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = destination, Ansi = destination.IsTerminal ? AnsiSupport.Detect : AnsiSupport.No });
        if (!destination.IsTerminal)
        {
            // A file or a pipe has no width to wrap lines at.
            console.Profile.Width = width;
        }

        return console;
    }

    private static Style StyleOf(string name) => name switch
    {
        "registered" or "pushReceived" or "deliveryReport" => new Style(Color.Green),
        "thirdPartyRegister" => new Style(Color.Blue),
        _ => Style.Plain,
    };
}
