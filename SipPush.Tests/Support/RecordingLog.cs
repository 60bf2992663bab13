using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace SipPush.Tests.Support;

/// <summary>Keeps what is logged, as <c>1021 text</c>.</summary>
internal sealed class RecordingLog : ILoggerFactory, ILogger
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

    public Task<string> NextAsync() => _lines.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Writer.TryWrite($"{eventId.Id} {formatter(state, exception)}");

    public void Dispose()
    {
    }
}
