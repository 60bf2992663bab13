using SipPush.Msrp.Connections;
using SipPush.Msrp.Diagnostics;
using SipPush.Msrp.Relays;

namespace SipPush.Msrp;

/// <summary>
/// A path through relays of this end, for one session (RFC 4976 §3.1), and the connection to the first relay that it is valid on. It is renewed in time by itself, until it
/// is disposed or <see cref="Completion"/> says that it is over. All members may be called by any thread.
/// </summary>
public sealed class MsrpRelayLease : IAsyncDisposable
{
    // What failed for want of an answer is tried again this much later, as long as the path is valid.
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    private readonly MsrpEndpoint _endpoint;
    private readonly MsrpRelayOptions _options;
    private readonly RelayAuthorization[] _relays;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private MsrpSession? _session;
    private MsrpPath? _usePath;
    private long _renewAt = long.MaxValue;
    private long _expiresAt = long.MaxValue;
    private bool _hasEnded;

    internal MsrpRelayLease(MsrpEndpoint endpoint, MsrpConnection connection, MsrpUri localUri, MsrpRelayOptions options)
    {
        _endpoint = endpoint;
        _options = options;
        _relays = [.. options.Relays.Select(relay => new RelayAuthorization(relay, options.Authenticate(relay), options.Expires))];
        Connection = connection;
        LocalUri = localUri;
    }

    /// <summary>The URI of this end: that of the session.</summary>
    public MsrpUri LocalUri { get; }

    /// <summary>The path through the relays, in the order in which this end uses it: the first relay first. It may change with a renewal.</summary>
    public MsrpPath UsePath => Volatile.Read(ref _usePath)!;

    /// <summary>The path of the session for its session description: that of the relays reversed, this end last (RFC 4976 §5.1).</summary>
    public MsrpPath LocalPath => new([.. UsePath.Uris.Reverse(), LocalUri]);

    /// <summary>Completes when the path is not valid any more, and with it the session: disposed, refused at a renewal, or the connection lost. It never fails.</summary>
    public Task Completion => _completion.Task;

    /// <summary>What ended it, when it was not meant to end; null otherwise.</summary>
    public Exception? Failure { get; private set; }

    internal MsrpConnection Connection { get; }

    /// <summary>Gives the path up: its session ends, and the connection unless somebody else uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        End(MsrpSessionEnd.Closed, null);
        await _stopped.Task.ConfigureAwait(false);
        _ending.Dispose();
    }

    /// <summary>Asks the relays for the path, and begins to keep it.</summary>
    internal async Task BeginAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!Connection.Hold(this))
            {
                throw new MsrpException("The connection to the relay has ended");
            }

            await ObtainAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            _stopped.TrySetResult();
            End(MsrpSessionEnd.NeverConnected, null);
            throw;
        }

        _endpoint.Run(KeepAsync);
    }

    internal MsrpSession CreateSession(MsrpSessionOptions? options)
    {
        lock (_gate)
        {
            if (_session is not null || _hasEnded)
            {
                throw new InvalidOperationException(_hasEnded ? "The lease has ended" : "A lease is for one session (RFC 4976 §3.1)");
            }

            return _session = _endpoint.CreateSession(LocalPath, options, this);
        }
    }

    /// <summary>The connection to the relay has ended. The session that was bound to it knows already.</summary>
    internal void ConnectionEnded(Exception? failure) =>
        End(failure is null ? MsrpSessionEnd.ClosedByPeer : MsrpSessionEnd.ConnectionLost, new MsrpException("The connection to the relay has ended", 0, failure));

    // Each relay is asked by the path through those before it; the last one's answer has the whole path.
    private async Task ObtainAsync(CancellationToken cancellationToken)
    {
        MsrpPath? path = null;
        TimeSpan? expires = null;
        var askedAt = _endpoint.Now;
        foreach (var relay in _relays)
        {
            var grant = await relay.AskAsync(Connection, path?.Uris ?? [], LocalUri, cancellationToken).ConfigureAwait(false);
            path = grant.UsePath;
            expires = expires is null || grant.Expires < expires ? grant.Expires ?? expires : expires;
        }

        var margin = expires / 2 < _options.RenewBefore ? expires / 2 : _options.RenewBefore;
        _expiresAt = askedAt + expires?.Ticks ?? long.MaxValue;
        _renewAt = askedAt + (expires - margin)?.Ticks ?? long.MaxValue;
        MsrpLog.PathGranted(_endpoint.Logger, path!, expires?.TotalSeconds);
        Take(path!);
    }

    private void Take(MsrpPath path)
    {
        lock (_gate)
        {
            var former = _usePath;
            Volatile.Write(ref _usePath, path);
            if (former is null || former.Equals(path))
            {
                return;
            }

            _session?.Move(LocalPath);
        }

        _options.OnPathChanged?.Invoke(this);
    }

    private async Task KeepAsync()
    {
        try
        {
            while (true)
            {
                var wait = _renewAt == long.MaxValue ? Timeout.InfiniteTimeSpan : _endpoint.Until(_renewAt);
                await Task.Delay(wait, _endpoint.Options.TimeProvider, _ending.Token).ConfigureAwait(false);
                try
                {
                    await ObtainAsync(_ending.Token).ConfigureAwait(false);
                }
                catch (MsrpException failure) when (IsWorthRetrying(failure))
                {
                    MsrpLog.PathNotRenewed(_endpoint.Logger, failure);
                    _renewAt = _endpoint.Now + RetryDelay.Ticks;
                }
            }
        }
        catch (Exception failure)
        {
            // An exception of the application's authentication ends the lease like a refusal; when the lease has ended already, this is its cancellation.
            End(MsrpSessionEnd.ConnectionLost, failure);
        }
        finally
        {
            _stopped.TrySetResult();
        }
    }

    // A refusal of the credentials is final: asking again and again with wrong ones locks accounts.
    private bool IsWorthRetrying(MsrpException failure) =>
        failure.StatusCode is not (MsrpStatus.Unauthorized or MsrpStatus.Forbidden) && _endpoint.Now + RetryDelay.Ticks < _expiresAt;

    private void End(MsrpSessionEnd end, Exception? failure)
    {
        MsrpSession? session;
        lock (_gate)
        {
            if (_hasEnded)
            {
                return;
            }

            _hasEnded = true;
            Failure = failure;
            session = _session;
        }

        _ending.Cancel();
        session?.LeaseEnded(end, failure);
        Connection.LetGo(this);
        MsrpLog.PathEnded(_endpoint.Logger, failure);
        _completion.TrySetResult();
    }
}
