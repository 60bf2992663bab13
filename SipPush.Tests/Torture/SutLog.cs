using System.Text;
using Microsoft.Extensions.Logging;

namespace SipPush.Tests.Torture;

/// <summary>What the system under test logs: by it a message that was malformed is told from one that was only stray.</summary>
internal sealed class SutLog : ILoggerFactory, ILogger
{
    /// <summary>What an exception says that a scenario has ordered; to log it is no fault.</summary>
    public const string Ordered = "The application fails, as it was told to";

    private const int Malformed = 1001;
    private const int Unframeable = 1002;
    private const int Stray = 1004;

    private readonly Lock _gate = new();
    private readonly List<string> _faults = [];
    private readonly HashSet<int> _seen = [];

    /// <summary>Characters of all that was logged at Information and above.</summary>
    public long Length { get; private set; }

    public bool SawMalformed => Saw(Malformed) || Saw(Unframeable);

    public bool SawStray => Saw(Stray);

    /// <summary>What was logged as an error: a handler or the receiver threw.</summary>
    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_gate)
            {
                return [.. _faults];
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public bool IsEnabled(LogLevel logLevel) => logLevel > LogLevel.Trace;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
        {
            _seen.Add(eventId.Id);
            if (logLevel >= LogLevel.Information)
            {
                var text = new StringBuilder(formatter(state, exception)).Append(' ').Append(exception).ToString();
                Length += text.Length;
                if (logLevel >= LogLevel.Error && exception?.Message != Ordered)
                {
                    _faults.Add(text);
                }
            }
        }
    }

    /// <summary>Something that escaped where nothing may.</summary>
    public void Escaped(Exception fault)
    {
        lock (_gate)
        {
            _faults.Add($"escaped: {fault}");
        }
    }

    public void Forget()
    {
        lock (_gate)
        {
            _seen.Clear();
        }
    }

    public void Dispose()
    {
    }

    private bool Saw(int id)
    {
        lock (_gate)
        {
            return _seen.Contains(id);
        }
    }
}
