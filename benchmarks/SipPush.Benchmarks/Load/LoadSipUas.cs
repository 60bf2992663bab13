using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>A stack that answers every MESSAGE with 200. Measures from one second after the first, as the other side does.</summary>
internal sealed class LoadSipUas : IAsyncDisposable
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly LoadMeter _meter = new();
    private SipStack? _stack;
    private long? _measureFrom;

    private LoadSipUas()
    {
    }

    public static async Task<LoadSipUas> StartAsync(SipEndPoint listen, SipTlsOptions tls)
    {
        var uas = new LoadSipUas();
        uas._stack = await SipStack.StartAsync(new SipStackOptions { Listen = [listen], Tls = tls, OnRequest = uas.AnswerAsync }).ConfigureAwait(false);
        return uas;
    }

    public LoadReport Report()
    {
        lock (_gate)
        {
            return _meter.Report();
        }
    }

    public ValueTask DisposeAsync() => _stack!.DisposeAsync();

    private ValueTask AnswerAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        Count();

        var answer = transaction.RespondAsync(transaction.Request.Method == SipMethod.Message ? 200 : 405, cancellationToken: cancellationToken);
        return answer.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(answer.AsTask());
    }

    private void Count()
    {
        lock (_gate)
        {
            var now = LoadMeter.Now;
            _measureFrom ??= now + (long)(WarmUp.TotalSeconds * TimeProvider.System.TimestampFrequency);
            if (now >= _measureFrom)
            {
                _meter.Answered(1);
            }
        }
    }
}
