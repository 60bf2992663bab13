using Spectre.Console;

namespace SipPush.Samples;

/// <summary>Progress bars on a terminal: one for each content that goes in a session, with its rate and the time it still takes.</summary>
public sealed class TransferBars
{
    private readonly ProgressContext _context;

    private TransferBars(ProgressContext context) => _context = context;

    /// <summary>Runs <paramref name="run"/> with bars on a console.</summary>
    public static Task<int> RunAsync(IAnsiConsole console, Func<TransferBars, Task<int>> run)
    {
        ArgumentNullException.ThrowIfNull(console);
        return console.Progress()
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new PercentageColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn(),
                new RemainingTimeColumn())
            .StartAsync(context => run(new TransferBars(context)));
    }

    /// <summary>A bar for one content; it appears when the first of it goes.</summary>
    /// <param name="name">What stands before it.</param>
    public IProgress<PushProgress> Add(string name) => new Bar(_context, name);

    private sealed class Bar(ProgressContext context, string name) : IProgress<PushProgress>
    {
        private readonly Lock _gate = new();
        private ProgressTask? _task;

        // What the far end has answered is what has really gone.
        public void Report(PushProgress value)
        {
            lock (_gate)
            {
                _task ??= context.AddTask(Markup.Escape(SampleOutput.Printable(name)));
                _task.IsIndeterminate = value.TotalBytes is null;
                _task.MaxValue = Math.Max(1, value.TotalBytes ?? value.BytesWritten);
                _task.Value = value.BytesAcknowledged;
            }
        }
    }
}
