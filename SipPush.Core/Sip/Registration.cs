using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;

namespace SipPush.Sip;

/// <summary>
/// A binding of a user agent at its registrar (RFC 3261 §10), kept alive until it is disposed: refreshed in time, taken up again
/// with growing waits when the core has gone, and removed at the end.
/// </summary>
public sealed class Registration : IAsyncDisposable
{
    // Timers reach no further than 49 days, and a registrar may name any time.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromDays(1);

    private readonly SipUserAgent _userAgent;
    private readonly RegistrationOptions _options;
    private readonly ILogger _log;
    private readonly string _callId;
    private readonly CancellationTokenSource _stopping;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _loop = Task.CompletedTask;
    private volatile RegistrationBinding? _binding;
    private TimeSpan _expires;
    private uint _cseq;
    private int _failures;
    private int _disposed;

    private Registration(SipUserAgent userAgent, RegistrationOptions options)
    {
        _userAgent = userAgent;
        _options = options;
        _expires = options.Expires;
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
                _failures = 0;
                Bind(RegistrationBinding.Read(granted, _userAgent.InstanceId, ContactOf(granted), _expires));
                return;
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
                await WaitAsync(RegistrationSchedule.RefreshAfter(_binding!.Lifetime, _userAgent.Stack.Timers), cancellationToken).ConfigureAwait(false);
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
            Unbind(error.Message);
            _completion.TrySetException(error);
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
        var registrar = _options.Registrar ?? SipUri.Of(null, aor.Host.ToString(), aor.Port ?? 0, SipProtocol.Udp);

        using var request = _userAgent.CreateRequest(SipMethod.Register, registrar, aor);
        request.Set(SipHeaderNames.CallId, _callId);
        request.Add(SipHeaderNames.Supported, "gruu, path");
        request.Add(SipHeaderNames.Expires, ((long)expires.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        return await _userAgent.SendAsync(request, () => ++_cseq, SetContact, _userAgent.Stack.SendAsync, cancellationToken).ConfigureAwait(false);
    }

    private void SetContact(SipRequestBuilder request, SipUri nextHop)
    {
        var contact = new StringBuilder();
        contact.Append(CultureInfo.InvariantCulture, $"<{Contact(nextHop)}>");
        if (_userAgent.InstanceId is { } instance)
        {
            contact.Append(CultureInfo.InvariantCulture, $";+sip.instance=\"<{instance}>\"");
        }

        foreach (var parameter in _options.ContactParameters)
        {
            contact.Append(';').Append(parameter);
        }

        request.Set(SipHeaderNames.Contact, contact.ToString());
    }

    private SipUri Contact(SipUri nextHop) =>
        _userAgent.Stack.CreateContact(_userAgent.ContactUser, nextHop.Transport ?? SipProtocol.Udp, nextHop.HostAddress());

    // The registrar lists every binding of the AOR; without an instance id ours is known by its URI.
    private NameAddress ContactOf(SipResponse granted)
    {
        var contacts = granted.Addresses(SipHeaderNames.Contact).ToList();
        var ours = contacts.Find(contact => _userAgent.InstanceId is { } instance
            ? contact.Parameters.Get("+sip.instance") == $"<{instance}>"
            : contact.Uri is { } uri && uri.User == (_userAgent.ContactUser ?? "") && _userAgent.Stack.Local.Any(local => local.Address.Port == (uri.Port ?? 5060)));
        return ours.Address.IsEmpty && contacts.Count == 1 ? contacts[0] : ours;
    }

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
