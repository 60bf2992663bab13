using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SipPush.Tests.Interop;

/// <summary>One process that a test owns, with its output. Whatever happens, it and its children are gone after dispose.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private const int MaxLines = 5_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly Queue<string> _lines = new();
    private readonly Task _output;

    private PeerProcess(Process process)
    {
        _process = process;
        _output = Task.WhenAll(CollectAsync(process.StandardOutput), CollectAsync(process.StandardError));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it said so far on either stream: the last 5,000 lines.</summary>
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

    public string Output => string.Join('\n', Lines);

    public static PeerProcess Start(string program, string workingDirectory, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        start.Environment["TERM"] = "dumb";
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        process.StandardInput.Close();
        return new PeerProcess(process);
    }

    /// <summary>Waits for its own end, at most <paramref name="limit"/>; the exit code.</summary>
    /// <exception cref="TimeoutException">It is still running. Dispose ends it.</exception>
    public async Task<int> WaitAsync(TimeSpan limit, CancellationToken cancellationToken = default)
    {
        await _process.WaitForExitAsync(cancellationToken).WaitAsync(limit, TimeProvider.System, cancellationToken);
        // A grandchild may still hold the pipe open, so the rest of the output has a limit as well.
        await Task.WhenAny(_output, Task.Delay(Patience, TimeProvider.System, cancellationToken));
        return _process.ExitCode;
    }

    /// <summary>Sends a signal such as SIGTERM (15) or SIGINT (2) to this process alone.</summary>
    public void Signal(int signal)
    {
        if (!_process.HasExited)
        {
            _ = SendSignal(_process.Id, signal);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Signal(15);
            try
            {
                await WaitAsync(Patience);
            }
            catch (TimeoutException)
            {
                KillTree();
                await WaitAsync(Patience);
            }
        }
        _process.Dispose();
    }

    private void KillTree()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself in between.
        }
    }

    private async Task CollectAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_gate)
            {
                _lines.Enqueue(line);
                if (_lines.Count > MaxLines)
                {
                    _lines.Dequeue();
                }
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);
}
