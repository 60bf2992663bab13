using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>A stack that answers every MESSAGE with 200.</summary>
internal sealed class LoadSipUas : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly LoadMeter _meter = new();
    private SipStack? _stack;

    private LoadSipUas()
    {
    }

    public static async Task<LoadSipUas> StartAsync(SipEndPoint listen)
    {
        var uas = new LoadSipUas();
        uas._stack = await SipStack.StartAsync(new SipStackOptions { Listen = [listen], OnRequest = uas.AnswerAsync }).ConfigureAwait(false);
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
        lock (_gate)
        {
            _meter.Answered(1);
        }

        var answer = transaction.RespondAsync(transaction.Request.Method == SipMethod.Message ? 200 : 405, cancellationToken: cancellationToken);
        return answer.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(answer.AsTask());
    }
}
