using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;

namespace SipPush.Sip;

/// <summary>
/// A binding of a user agent at its registrar (RFC 3261 §10), kept alive until it is disposed: refreshed in time, taken up again
/// with growing waits when the core has gone, and removed at the end.
/// </summary>
/// <remarks>
/// Where the registrar granted outbound registration (RFC 5626), the connection is pinged and watched. One that fails after it has answered a
/// ping is replaced at once, another after the wait of a failed attempt, so that a core that takes connections only to lose them is
/// not run over. Until then <see cref="Binding"/> stays what it was.
/// </remarks>
public sealed class Registration : IAsyncDisposable
{
    // Timers reach no further than 49 days, and a registrar may name any time.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(1);

    private const string Supported = "gruu, path";

    // There is one flow at a time, so each replaces the one before at the registrar, whichever proxy it goes to (RFC 5626 §4.2.1).
    private const string RegId = "1";

    private readonly SipUserAgent _userAgent;
    private readonly RegistrationOptions _options;
    private readonly ILogger _log;
    private readonly string _callId;
    private readonly CancellationTokenSource _stopping;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loop = Task.CompletedTask;
    private volatile RegistrationBinding? _binding;
    private SipFlow? _flow;
    private bool _outbound;
    private TimeSpan _expires;
    private uint _cseq;
    private int _failures;
    private int _disposed;

    private Registration(SipUserAgent userAgent, RegistrationOptions options)
    {
        _userAgent = userAgent;
        _options = options;
        _expires = options.Expires;
        _outbound = options.Outbound && userAgent.InstanceId is not null;
        _callId = userAgent.Stack.Identifiers.NewCallId();
        _log = userAgent.Stack.LoggerFactory.CreateLogger(SipPushTelemetry.SipCategory);
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(userAgent.Stack.Stopping);
    }

    /// <summary>What the registrar granted last; null while there is no binding: after the core has been gone for longer than it.</summary>
    public RegistrationBinding? Binding => _binding;

    /// <summary>Ends when the registration has: in order when it is disposed, with a <see cref="SipRegistrationException"/> when a refresh is refused for good,
    /// with another error when one can't be sent at all.</summary>
    public Task Completion => _completion.Task;

    /// <summary>
    /// Registers and returns once the registrar has granted it. A core that does not answer is asked again, with growing waits, until
    /// <paramref name="cancellationToken"/> is cancelled.
    /// </summary>
    /// <exception cref="SipRegistrationException">The registrar refused for good.</exception>
    internal static async ValueTask<Registration> StartAsync(SipUserAgent userAgent, RegistrationOptions options, CancellationToken cancellationToken)
    {
        var registration = new Registration(userAgent, options);
        try
        {
            await registration.RegisterAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            registration._stopping.Dispose();
            throw;
        }

        registration._loop = registration.RunAsync(registration._stopping.Token);
        return registration;
    }

    /// <summary>Removes the binding at the registrar, bounded by <see cref="RegistrationOptions.UnregisterTimeout"/>, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);

        if (_binding is not null)
        {
            using var limit = new CancellationTokenSource(_options.UnregisterTimeout, _userAgent.Stack.TimeProvider);
            try
            {
                await SendAsync(TimeSpan.Zero, limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // The core is gone; the binding will lapse by itself.
            }

            Unbind("de-registered");
        }

        Watch(flow: null, interval: null);

        _completion.TrySetResult();
        _stopping.Dispose();
    }

    // Until granted, refused for good, or cancelled.
    private async ValueTask RegisterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await SendAsync(_expires, cancellationToken).ConfigureAwait(false);

            // Asked once to stay longer, it does; a second 423 is a registrar that can't be pleased (RFC 3261 §10.2.8).
            if (result.StatusCode == 423 && result.Response!.Seconds(SipHeaderNames.MinExpires) is { } least && least > _expires)
            {
                _expires = least;
                result = await SendAsync(_expires, cancellationToken).ConfigureAwait(false);
            }

            if (result.Response is { IsSuccess: true } granted)
            {
                Watch(granted, result.Flow!);
                Bind(RegistrationBinding.Read(granted, _userAgent.InstanceId, ContactOf(granted), _expires));
                return;
            }

            // The registrar knows outbound, the first hop does not; it is not asked again while the registration lasts (RFC 5626 §11.6).
            if (result.StatusCode == 439 && _outbound)
            {
                _outbound = false;
                continue;
            }

            // The connection was lost before, or under this very request. A registrar that has still answered is waited for as it said.
            if (result.Response is null && _flow is { IsOpen: false })
            {
                await AfterFlowFailureAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            var cause = result.Response is { } refusal
                ? string.Create(CultureInfo.InvariantCulture, $"{refusal.StatusCode} {refusal.ReasonPhrase}")
                : result.Error?.Message ?? "no answer";

            if (!RegistrationSchedule.IsTransient(result))
            {
                throw new SipRegistrationException($"{_userAgent.AddressOfRecord} was refused: {cause}", result.Response);
            }

            var wait = RegistrationSchedule.RetryAfter(++_failures, _options, result.Response?.RetryAfter, _userAgent.Stack.Identifiers.NextFraction());
            SipLog.RegistrationFailed(_log, _userAgent.AddressOfRecord, cause, wait);
            await WaitAsync(wait, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (!await WaitForRefreshAsync(RegistrationSchedule.RefreshAfter(_binding!.Lifetime, _userAgent.Stack.Timers), cancellationToken).ConfigureAwait(false))
                {
                    await AfterFlowFailureAsync(cancellationToken).ConfigureAwait(false);
                }

                await RegisterAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Disposed, or the stack has stopped.
        }
        catch (Exception error)
        {
            // Refused for good, or a proxy that this stack has no transport for: whoever awaits Completion learns which.
            Watch(flow: null, interval: null);
            Unbind(error.Message);
            _completion.TrySetException(error);
        }
    }

    // False when the flow failed first.
    private async ValueTask<bool> WaitForRefreshAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        if (_flow is not { } flow)
        {
            await WaitAsync(wait, cancellationToken).ConfigureAwait(false);
            return true;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var refresh = WaitAsync(wait, either.Token).AsTask();
        if (await Task.WhenAny(refresh, flow.Ended).ConfigureAwait(false) == refresh)
        {
            await refresh.ConfigureAwait(false);
            return true;
        }

        await either.CancelAsync().ConfigureAwait(false);
        await refresh.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        return false;
    }

    // A flow that answered a ping was a success and is replaced at once; one that did not counts as another failed attempt (RFC 5626 §4.5).
    private async ValueTask AfterFlowFailureAsync(CancellationToken cancellationToken)
    {
        var wait = TimeSpan.Zero;
        var cause = _flow is { Ended: { IsCompleted: true } ended } && await ended.ConfigureAwait(false) is { } reason ? reason.Message : "closed";
        if (_flow is { KeepAlive.HasAnswered: true })
        {
            _failures = 0;
        }
        else
        {
            wait = RegistrationSchedule.RetryAfter(++_failures, _options, null, _userAgent.Stack.Identifiers.NextFraction());
        }

        SipLog.RegistrationFlowFailed(_log, _userAgent.AddressOfRecord, cause, wait);
        Watch(flow: null, interval: null);
        await WaitAsync(wait, cancellationToken).ConfigureAwait(false);
    }

    private void Watch(SipResponse granted, SipFlow flow)
    {
        var isOutbound = _outbound && flow.Protocol.IsReliable() && granted.Values(SipHeaderNames.Require).Any(tag => tag.EqualsIgnoreCase("outbound"u8));
        var interval = RegistrationSchedule.PingInterval(granted, isOutbound, _options);
        var isWatched = isOutbound || (interval is not null && flow.KeepAlive is not null);

        // With pings in use a success is one only with the first pong (RFC 5626 §4.5).
        if (!isWatched || flow.KeepAlive is not { HasAnswered: false })
        {
            _failures = 0;
        }

        Watch(isWatched ? flow : null, interval);
    }

    private void Watch(SipFlow? flow, TimeSpan? interval)
    {
        if (_flow != flow)
        {
            _flow?.KeepAlive?.Release(this);
            _flow = flow;
        }

        if (interval is { } longest)
        {
            flow?.KeepAlive?.Hold(this, longest, _userAgent.Stack.Identifiers);
        }
    }

    // While it waits to try again, a binding may run out.
    private async ValueTask WaitAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        var clock = _userAgent.Stack.TimeProvider;
        if (_binding is { } binding && binding.Ends - clock.GetUtcNow() is var left && left < wait)
        {
            left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
            await DelayAsync(left, clock, cancellationToken).ConfigureAwait(false);
            Unbind("it ran out");
            wait -= left;
        }

        await DelayAsync(wait, clock, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask DelayAsync(TimeSpan wait, TimeProvider clock, CancellationToken cancellationToken)
    {
        for (; wait > LongestDelay; wait -= LongestDelay)
        {
            await Task.Delay(LongestDelay, clock, cancellationToken).ConfigureAwait(false);
        }

        await Task.Delay(wait, clock, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<SipTransactionResult> SendAsync(TimeSpan expires, CancellationToken cancellationToken)
    {
        var aor = _userAgent.AddressOfRecord;
        var registrar = _options.Registrar ?? RegistrarOf(aor);

        using var request = _userAgent.CreateRequest(SipMethod.Register, registrar, aor);
        request.Set(SipHeaderNames.CallId, _callId);
        request.Add(SipHeaderNames.Supported, Supported);
        request.Add(SipHeaderNames.Expires, ((long)expires.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        return await _userAgent.SendAsync(request, () => ++_cseq, SetContact, _userAgent.Stack.SendAsync, cancellationToken).ConfigureAwait(false);
    }

    // That of a SIPS address is asked over TLS as well, or else the password's digest would go in the clear.
    private static SipUri RegistrarOf(SipUri aor) => aor.Scheme == "sips"
        ? SipUri.Of(null, aor.Host.ToString(), aor.Port ?? 0, SipProtocol.Tls).AsSips()
        : SipUri.Of(null, aor.Host.ToString(), aor.Port ?? 0, SipProtocol.Udp);

    private void SetContact(SipRequestBuilder request, SipUri nextHop)
    {
        var contact = new StringBuilder();

        // A transport that the next hop names must be there; what a name leads to is what the stack has.
        var named = nextHop.Scheme == "sips" ? SipProtocol.Tls : nextHop.Transport;
        var uri = named is { } protocol
            ? _userAgent.Stack.CreateContact(_userAgent.ContactUser, protocol, nextHop.HostAddress())
            : _userAgent.Stack.CreateContact(_userAgent.ContactUser, nextHop);
        contact.Append(CultureInfo.InvariantCulture, $"<{(request.RequestUri?.Scheme == "sips" ? uri.AsSips() : uri)}>");
        var outbound = _outbound && uri.Transport?.IsReliable() == true;
        if (outbound)
        {
            contact.Append(CultureInfo.InvariantCulture, $";reg-id={RegId}");
        }

        if (_userAgent.InstanceId is { } instance)
        {
            contact.Append(CultureInfo.InvariantCulture, $";+sip.instance=\"<{instance}>\"");
        }

        foreach (var parameter in _options.ContactParameters)
        {
            contact.Append(';').Append(parameter);
        }

        request.Set(SipHeaderNames.Supported, outbound ? $"{Supported}, outbound" : Supported);
        request.Set(SipHeaderNames.Contact, contact.ToString());
    }

    // The registrar lists every binding of the AOR, and one of this instance may be left from an earlier registration without reg-id.
    private NameAddress ContactOf(SipResponse granted)
    {
        var contacts = granted.Addresses(SipHeaderNames.Contact).ToList();
        var ours = contacts.Where(IsOurs).OrderByDescending(contact => _flow is not null && contact.Parameters.Get("reg-id") == RegId).FirstOrDefault();
        return ours.Address.IsEmpty && contacts.Count == 1 ? contacts[0] : ours;
    }

    // Without an instance id it is known by its URI.
    private bool IsOurs(NameAddress contact) => _userAgent.InstanceId is { } instance
        ? contact.Parameters.Get("+sip.instance") == $"<{instance}>"
        : contact.Uri is { } uri && uri.User == (_userAgent.ContactUser ?? "") && _userAgent.Stack.Local.Any(local => local.Address.Port == (uri.Port ?? 5060));

    private void Bind(RegistrationBinding binding)
    {
        _binding = binding with { Ends = _userAgent.Stack.TimeProvider.GetUtcNow() + binding.Lifetime };
        _userAgent.UseBinding(binding);
        SipLog.Registered(_log, _userAgent.AddressOfRecord, binding.Lifetime);
    }

    private void Unbind(string cause)
    {
        _binding = null;
        _userAgent.UseBinding(null);
        SipLog.Unregistered(_log, _userAgent.AddressOfRecord, cause);
    }
}
