using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>Accepts every call and waits for its BYE.</summary>
internal sealed class LoadCallsUas : IAsyncDisposable
{
    private readonly LoadCallMeter _calls = new();
    private readonly SipStack _stack;
    private readonly SipBody _answer = LoadCallsUac.Description("answer");

    private LoadCallsUas(SipStack stack, SipEndPoint listen)
    {
        _stack = stack;
        stack.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = LoadCallsUac.Callee(listen) }).HandleInvitations(TakeAsync);
    }

    public static async Task<LoadCallsUas> StartAsync(SipEndPoint listen, SipTlsOptions tls, SipTimers timers)
    {
        var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Listen = [listen],
            Tls = tls,
            Timers = timers,
        }).ConfigureAwait(false);
        return new LoadCallsUas(stack, listen);
    }

    public Task<LoadCallReport> ReportAsync() => _calls.ReportAsync(_stack);

    public async ValueTask DisposeAsync()
    {
        await _stack.DisposeAsync().ConfigureAwait(false);
        _calls.Dispose();
    }

    private async ValueTask TakeAsync(Invitation invitation, CancellationToken cancellationToken)
    {
        var session = await invitation.AcceptAsync(_answer, cancellationToken).ConfigureAwait(false);
        await using var ended = session.ConfigureAwait(false);
        var end = await session.Completion.ConfigureAwait(false);

        if (end.Cause == SipSessionEndCause.Remote)
        {
            _calls.Ended();
        }
        else
        {
            _calls.Failed();
        }
    }
}
