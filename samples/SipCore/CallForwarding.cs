using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>
/// An INVITE on its way to all contacts of an address at once (RFC 3261 §16.6 to §16.10): whatever rings is passed back, and each 2xx; the
/// first 2xx, a 6xx and a CANCEL end what still rings. Without a 2xx the best refusal goes back when all have ended.
/// </summary>
internal sealed class CallForwarding(SipServerTransaction transaction, CoreSide side, Way way)
{
    private readonly Lock _gate = new();
    private readonly List<SipInviteTransaction> _branches = [];
    private readonly List<(SipResponse Response, Hop Hop)> _refusals = [];
    private bool _isDecided;
    private bool _timedOut;

    /// <summary>Ends when no more 2xx can come: 64*T1 after the first, or with the refusal.</summary>
    public async ValueTask RunAsync(CancellationToken cancellationToken)
    {
        transaction.HandlesCancel = true;
        await transaction.RespondAsync(100, cancellationToken: cancellationToken);
        await using var registration = transaction.Cancelled.Register(Decide);

        try
        {
            // The flows of one instance lead to one phone, which is to ring once (RFC 5626 §7, RFC 5627 §6.1).
            await Task.WhenAll(way.Hops.GroupBy(hop => way.IsGruu ? way : hop.Instance ?? (object)hop).Select(flows => RingAsync(flows, cancellationToken)));
        }
        finally
        {
            Decide();
        }

        if (!transaction.IsAnswered)
        {
            await RefuseAsync(cancellationToken);
        }
    }

    private async Task RingAsync(IEnumerable<Hop> flows, CancellationToken cancellationToken)
    {
        foreach (var hop in flows)
        {
            if (IsDecided)
            {
                return;
            }

            var branch = hop.SendInvite();
            Add(branch);
            await foreach (var response in branch.ReadResponsesAsync(cancellationToken))
            {
                if (response.StatusCode >= 300)
                {
                    Add(response, hop);
                    continue;
                }

                await transaction.RespondAsync(ForwardedResponse.Create(response, side, hop.IsToUserAgent, way.Called), cancellationToken);
                if (response.IsSuccess)
                {
                    Decide();
                }
            }

            var result = await branch.Completion;
            if (result.Response is { } final && !Way.LeadsOn(final))
            {
                return;
            }

            _timedOut |= result.Outcome == SipTransactionOutcome.TimedOut;
        }
    }

    private async ValueTask RefuseAsync(CancellationToken cancellationToken)
    {
        // What the branches have said to their CANCEL is no news to who has sent one.
        if (transaction.Cancelled.IsCancellationRequested)
        {
            await transaction.RespondAsync(487, cancellationToken: cancellationToken);
            return;
        }

        var refusals = _refusals.Select(refusal => refusal.Response).Where(response => response.StatusCode != 430 || way.Called is null).ToArray();
        var best = BestResponse.Of(refusals);

        // 503 would make the caller give up on the core itself (§16.7 step 6).
        if (best is null or { StatusCode: 503 })
        {
            await transaction.RespondAsync(best is not null ? 500 : _timedOut ? 408 : way.Otherwise, cancellationToken: cancellationToken);
            return;
        }

        var isFromUserAgent = _refusals.Find(refusal => refusal.Response == best).Hop.IsToUserAgent;
        await transaction.RespondAsync(ForwardedResponse.CreateRefusal(best, refusals, side, isFromUserAgent), cancellationToken);
    }

    private bool IsDecided
    {
        get
        {
            lock (_gate)
            {
                return _isDecided;
            }
        }
    }

    private void Add(SipInviteTransaction branch)
    {
        lock (_gate)
        {
            _branches.Add(branch);
            if (!_isDecided)
            {
                return;
            }
        }

        branch.Cancel();
    }

    private void Add(SipResponse refusal, Hop hop)
    {
        lock (_gate)
        {
            _refusals.Add((refusal, hop));
        }

        if (refusal.StatusCode >= 600)
        {
            Decide();
        }
    }

    // Nothing begins to ring any more, and what rings is cancelled; what has its answer is not troubled by that.
    private void Decide()
    {
        SipInviteTransaction[] branches;
        lock (_gate)
        {
            _isDecided = true;
            branches = [.. _branches];
        }

        foreach (var branch in branches)
        {
            branch.Cancel();
        }
    }
}
