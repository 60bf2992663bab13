using System.Threading.Channels;
using SipPush.Sip.Transactions;

namespace SipPush.Sip;

/// <summary>
/// An INVITE that a proxy or a B2BUA has sent by <see cref="SipStack.SendInvite(SipRequest, SipUri?)"/> (RFC 3261 §16.6 to §16.10). A refusal is
/// acknowledged here; the ACK of each 2xx is whose session it is. Safe for concurrent use.
/// </summary>
#pragma warning disable CA1001 // A token source without a timer holds nothing that needs disposing.
public sealed class SipInviteTransaction
#pragma warning restore CA1001
{
    // Far more than a call brings. Who does not keep up loses provisional responses first: they matter least, and leave room for the end.
    private const int MostWaiting = 64;
    private const int MostProvisionalWaiting = 32;

    private readonly ClientTransactions _clients;
    private readonly Func<SipFlow, string> _sentBy;
    private readonly CancellationToken _stopping;
    private readonly CancellationTokenSource _cancelling = new();
    private readonly Channel<SipResponse> _responses = Channel.CreateBounded<SipResponse>(MostWaiting);
    private readonly Lock _gate = new();
    private PendingInvite? _pending;
    private bool _isCancelled;

    internal SipInviteTransaction(SipRequest request, ClientTransactions clients, Func<SipFlow, string> sentBy, CancellationToken stopping)
    {
        Request = request;
        _clients = clients;
        _sentBy = sentBy;
        _stopping = stopping;
    }

    /// <summary>The INVITE as it was given, without the Via that it went out with.</summary>
    public SipRequest Request { get; }

    /// <summary>
    /// The first final response, or the end without one; it never fails. The error is an <see cref="OperationCanceledException"/> where the INVITE was
    /// cancelled, or the stack stopped, before it could be sent.
    /// </summary>
    public Task<SipTransactionResult> Completion { get; private set; } = null!;

    /// <summary>
    /// The responses as they come, but 100: each 1xx, then each 2xx, the same again and those of other branches too, until 64*T1 have passed since
    /// the first; or one refusal, with which it ends. It ends empty where nothing came: <see cref="Completion"/> tells why. To be read once.
    /// Of what nobody reads 64 are kept, 32 of them provisional; then the newest are lost.
    /// </summary>
    /// <param name="cancellationToken">Ends the reading, and nothing else.</param>
    public IAsyncEnumerable<SipResponse> ReadResponsesAsync(CancellationToken cancellationToken = default) => _responses.Reader.ReadAllAsync(cancellationToken);

    /// <summary>
    /// Gives the call up: CANCEL goes out as soon as there has been a provisional response (RFC 3261 §9.1), and no other server is tried. The final
    /// response is waited for, at most 64*T1 from there: mostly 487, but a 2xx may have crossed the CANCEL. Does nothing after the end.
    /// </summary>
    public void Cancel()
    {
        PendingInvite? pending;
        lock (_gate)
        {
            if (_isCancelled)
            {
                return;
            }

            _isCancelled = true;
            pending = _pending;
        }

        // Ends the search for the server, if it is still that.
        _cancelling.Cancel();
        if (pending is not null)
        {
            _clients.GiveUp(pending);
        }
    }

    /// <summary>Sends it.</summary>
    /// <param name="send">Finds the way, and tries one after the other.</param>
    /// <param name="ended">Called when <see cref="Completion"/> has ended.</param>
    internal void Begin(Func<RequestRouter.FlowSender, CancellationToken, ValueTask<SipTransactionResult>> send, Action ended) => Completion = RunAsync(send, ended);

    private async Task<SipTransactionResult> RunAsync(Func<RequestRouter.FlowSender, CancellationToken, ValueTask<SipTransactionResult>> send, Action ended)
    {
        var result = default(SipTransactionResult);
        var hasTried = false;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_cancelling.Token, _stopping);
        try
        {
            result = await send(TryAsync, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error)
        {
            result = hasTried ? result : new SipTransactionResult(SipTransactionOutcome.TransportFailed, null, error);
        }
        finally
        {
            End(result.Response);
            ended();
        }

        return result;

        async ValueTask<SipTransactionResult> TryAsync(SipRequest request, SipFlow flow, CancellationToken cancellationToken)
        {
            var pending = _clients.CreateInvite(request, flow, _sentBy(flow), OnResponse, over: () => _responses.Writer.TryComplete());
            lock (_gate)
            {
                if (_isCancelled)
                {
                    throw new OperationCanceledException(cancellationToken);
                }

                _pending = pending;
            }

            result = await _clients.SendInviteAsync(pending).ConfigureAwait(false);
            hasTried = true;
            lock (_gate)
            {
                // Timer C may have done it. What rings too long here does not begin to ring elsewhere.
                _isCancelled |= pending.IsGivenUp;
            }

            return result;
        }
    }

    // After a 2xx others may come.
    private void End(SipResponse? final)
    {
        if (final is { IsSuccess: false })
        {
            _responses.Writer.TryWrite(final);
        }

        if (final?.IsSuccess != true)
        {
            _responses.Writer.TryComplete();
        }
    }

    // On the thread that received. A refusal waits for its turn: there may be another server to try.
    private void OnResponse(SipResponse response)
    {
        if (response.IsSuccess || (!response.IsFinal && _responses.Reader.Count < MostProvisionalWaiting))
        {
            _responses.Writer.TryWrite(response);
        }
    }
}
