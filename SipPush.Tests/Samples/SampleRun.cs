using System.Text;
using System.Text.Json;

namespace SipPush.Tests.Samples;

/// <summary>One run of a sample inside the test process: what it printed, line by line, and how to end it.</summary>
internal sealed class SampleRun : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly LineWriter _output = new();
    private readonly StringWriter _error = new();
    private readonly Task<int> _exit;

    private SampleRun(Func<string[], TextWriter, TextWriter, CancellationToken, Task<int>> program, string[] args) =>
        _exit = Task.Run(() => program(args, _output, TextWriter.Synchronized(_error), _stop.Token));

    public IReadOnlyList<string> Output => _output.Lines;

    public string Error => _error.ToString();

    public IReadOnlyList<JsonElement> Events => [.. Output.Select(line => JsonDocument.Parse(line).RootElement)];

    public static SampleRun Start(Func<string[], TextWriter, TextWriter, CancellationToken, Task<int>> program, params string[] args) => new(program, args);

    /// <summary>The exit code, when the sample has ended by itself.</summary>
    public Task<int> ExitAsync() => _exit.WaitAsync(Patience, TimeProvider.System);

    /// <summary>The exit code after Ctrl+C.</summary>
    public async Task<int> StopAsync()
    {
        await _stop.CancelAsync();
        return await ExitAsync();
    }

    /// <summary>The first event of that name, past or to come.</summary>
    public async Task<JsonElement> EventAsync(string name)
    {
        var arrived = _output.WaitAsync(line => Named(line, name));
        if (await Task.WhenAny(arrived, _exit).WaitAsync(Patience, TimeProvider.System) == _exit && !arrived.IsCompleted)
        {
            Assert.Fail($"It ended with {await _exit} before '{name}':\n{string.Join('\n', Output)}\n{Error}");
        }

        return JsonDocument.Parse(await arrived).RootElement;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _exit.WaitAsync(Patience, TimeProvider.System);
        _stop.Dispose();
    }

    private static bool Named(string line, string name) =>
        line.StartsWith($$"""{"event":"{{name}}",""", StringComparison.Ordinal) || line == $$"""{"event":"{{name}}"}""";

    private sealed class LineWriter : TextWriter
    {
        private readonly Lock _gate = new();
        private readonly StringBuilder _line = new();
        private readonly List<string> _lines = [];
        private readonly List<(Func<string, bool> Matches, TaskCompletionSource<string> Arrived)> _waiting = [];

        public override Encoding Encoding => Encoding.UTF8;

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_gate)
                {
                    return [.. _lines];
                }
            }
        }

        public override void Write(char value)
        {
            lock (_gate)
            {
                if (value != '\n')
                {
                    _line.Append(value);
                    return;
                }

                var line = _line.ToString();
                _line.Clear();
                _lines.Add(line);
                foreach (var (matches, arrived) in _waiting)
                {
                    if (matches(line))
                    {
                        arrived.TrySetResult(line);
                    }
                }
            }
        }

        public Task<string> WaitAsync(Func<string, bool> matches)
        {
            lock (_gate)
            {
                var arrived = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_lines.Find(line => matches(line)) is { } line)
                {
                    arrived.SetResult(line);
                }

                _waiting.Add((matches, arrived));
                return arrived.Task;
            }
        }
    }
}
