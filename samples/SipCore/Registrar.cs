using System.Globalization;
using System.Text;
using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>
/// Takes REGISTER (RFC 3261 §10.3), with digest, GRUU (RFC 5627 §5), Path (RFC 3327), Service-Route (RFC 3608), and outbound over
/// connections (RFC 5626 §6): on UDP that would take a STUN server, so reg-id means nothing there.
/// </summary>
internal sealed class Registrar : IDisposable
{
    private static readonly string[] SupportedOptions = ["gruu", "path", "outbound"];
    private static readonly TimeSpan FlowTimer = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan FullRetryAfter = TimeSpan.FromSeconds(60);

    private readonly CoreOptions _options;
    private readonly CoreDomain _domain;
    private readonly LocationTable _locations;
    private readonly ThirdPartyRegistrar _thirdParty;
    private readonly GruuBook _gruus;
    private readonly DigestVerifier? _digest;

    public Registrar(CoreOptions options, CoreDomain domain, LocationTable locations, ThirdPartyRegistrar thirdParty, GruuBook gruus)
    {
        _options = options;
        _domain = domain;
        _locations = locations;
        _thirdParty = thirdParty;
        _gruus = gruus;
        _digest = options.Users.Count == 0 ? null : new DigestVerifier(new DigestVerifierOptions { Realm = options.Domain, TimeProvider = options.TimeProvider });
    }

    public void Dispose() => _gruus.Dispose();

    /// <summary>Answers a REGISTER whose Request-URI is the core's, and tells the application server of what it changed.</summary>
    public async ValueTask HandleAsync(SipServerTransaction transaction, CoreSide side, CancellationToken cancellationToken)
    {
        var request = transaction.Request;
        var unsupported = request.Values(SipHeaderNames.Require)
            .Select(tag => tag.ToString())
            .Except(SupportedOptions, StringComparer.OrdinalIgnoreCase)
            .ToList();

        if (unsupported.Count > 0)
        {
            using var refusal = transaction.CreateResponse(420);
            refusal.Add(SipHeaderNames.Unsupported, string.Join(", ", unsupported));
            await transaction.RespondAsync(refusal.Build(), cancellationToken);
            return;
        }

        if (!await IsAuthenticAsync(transaction, cancellationToken))
        {
            return;
        }

        if (request.To.Uri is not { IsSip: true } to)
        {
            await transaction.RespondAsync(400, "To Is No SIP URI", cancellationToken);
            return;
        }

        if (_domain.AddressOfRecord(to) is not { } addressOfRecord)
        {
            await transaction.RespondAsync(404, cancellationToken: cancellationToken);
            return;
        }

        var changes = ReadChanges(request, transaction.Flow, addressOfRecord, out var status, out var reason);
        if (changes is null)
        {
            using var refusal = transaction.CreateResponse(status, reason);
            if (status == 423)
            {
                refusal.Add(SipHeaderNames.MinExpires, Seconds(_options.MinExpires));
            }

            await transaction.RespondAsync(refusal.Build(), cancellationToken);
            return;
        }

        IReadOnlyList<Binding> before = [];
        IReadOnlyList<Binding>? after = null;
        if (!_locations.TryUpdate(addressOfRecord, bound =>
        {
            before = bound;
            after = changes.IsQuery ? bound : Apply(changes, bound, transaction, side, addressOfRecord, out status, out reason);
            return changes.IsQuery ? null : after;
        }))
        {
            (status, reason) = (503, "Too Many Registrations");
        }

        if (after is null)
        {
            using var refusal = transaction.CreateResponse(status, reason);
            if (status == 503)
            {
                refusal.Add(SipHeaderNames.RetryAfter, Seconds(FullRetryAfter));
            }

            await transaction.RespondAsync(refusal.Build(), cancellationToken);
            return;
        }

        var answer = CreateAnswer(transaction, side, addressOfRecord, after, changes.IsOutbound);
        await transaction.RespondAsync(answer, cancellationToken);
        if (!changes.IsQuery)
        {
            Announce(addressOfRecord, changes, before, after, request, answer);
        }
    }

    /// <summary>What is left of an address after the clock has ended some of it.</summary>
    public void Expired(SipUri addressOfRecord, IReadOnlyList<Binding> left)
    {
        if (left.Count == 0)
        {
            _options.Observer.Unregistered(addressOfRecord.ToString());
        }

        _thirdParty.Changed(addressOfRecord, Remaining(left), null, null);
    }

    private async ValueTask<bool> IsAuthenticAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        if (_digest is null)
        {
            return true;
        }

        var result = _digest.Verify(transaction.Request, _options.Users.GetValueOrDefault);
        if (result.Verdict == DigestVerdict.WrongUri)
        {
            await transaction.RespondAsync(400, cancellationToken: cancellationToken);
            return false;
        }

        if (result.Verdict != DigestVerdict.Accepted)
        {
            using var challenge = transaction.CreateResponse(401);
            foreach (var offer in _digest.CreateChallenges(stale: result.Verdict is DigestVerdict.Stale or DigestVerdict.Replayed))
            {
                challenge.Add(SipHeaderNames.WwwAuthenticate, offer.ToString());
            }

            await transaction.RespondAsync(challenge.Build(), cancellationToken);
            return false;
        }

        // Who he is has been shown; whether he may register that address is the next question (§10.3 step 4).
        if (result.Owns(transaction.Request.To.Uri))
        {
            return true;
        }

        await transaction.RespondAsync(403, cancellationToken: cancellationToken);
        return false;
    }

    private Changes? ReadChanges(SipRequest request, SipFlow flow, SipUri addressOfRecord, out int status, out string? reason)
    {
        (status, reason) = (400, null);
        var contacts = new List<(NameAddress Contact, TimeSpan Expires)>();
        var all = false;

        foreach (var value in request.Values(SipHeaderNames.Contact))
        {
            if (value.Span.SequenceEqual("*"u8))
            {
                all = true;
                continue;
            }

            if (!NameAddress.TryParse(value, out var contact) || contact.Uri is not { IsSip: true } uri)
            {
                reason = "Unreadable Contact";
                return null;
            }

            // A contact that leads back here would go round for ever (RFC 5627 §5.1); with a Route of its own it leads elsewhere first.
            if ((uri.Headers.IsEmpty && _domain.AddressOfRecord(uri)?.Equals(addressOfRecord) == true) || _domain.NamesListener(uri) || IsTemporaryGruuOf(uri, addressOfRecord))
            {
                (status, reason) = (403, "Contact Leads Back");
                return null;
            }

            var expires = ExpiresOf(contact) ?? request.Expires ?? _options.DefaultExpires;
            if (expires > TimeSpan.Zero && expires < _options.MinExpires)
            {
                status = 423;
                return null;
            }

            contacts.Add((contact, expires < _options.MaxExpires ? expires : _options.MaxExpires));
        }

        if (all && (contacts.Count > 0 || request.Expires != TimeSpan.Zero))
        {
            reason = "Contact * Needs Expires 0";
            return null;
        }

        var isOutbound = false;
        if (contacts.Exists(contact => FlowOf(contact.Contact) is not null))
        {
            // One flow is bound at a time (RFC 5626 §6).
            if (contacts.Count(contact => contact.Expires > TimeSpan.Zero) > 1)
            {
                reason = "One Contact with reg-id";
                return null;
            }

            isOutbound = IsOutbound(request, flow, out var lacksSupport);
            if (lacksSupport)
            {
                status = 439;
                return null;
            }
        }

        return new Changes(contacts, all, isOutbound);
    }

    // Whose first hop is not this core needs one that keeps the flow, and says so with ob in the Path it added first (RFC 5626 §5.1, §6).
    private static bool IsOutbound(SipRequest request, SipFlow flow, out bool lacksSupport)
    {
        var asks = Asks(request, "outbound"u8);
        var isFirstHop = request.Values(SipHeaderNames.Via).Count() == 1;
        lacksSupport = asks && !isFirstHop && request.Addresses(SipHeaderNames.Path).LastOrDefault().Uri?.Parameters.Contains("ob"u8) != true;
        return asks && !lacksSupport && !(isFirstHop && flow.Protocol == SipProtocol.Udp);
    }

    private static FlowName? FlowOf(NameAddress contact) =>
        contact.Parameters.TryGet("reg-id"u8, out var value)
        && int.TryParse(value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number > 0
        && InstanceOf(contact) is { } instance
            ? new FlowName(instance, number)
            : null;

    private static string? InstanceOf(NameAddress contact) =>
        FeatureSet.FromContact(contact).Instance is { Length: > 0 and <= 256 } instance ? instance : null;

    private static bool Asks(SipRequest request, ReadOnlySpan<byte> option)
    {
        foreach (var tag in request.Values(SipHeaderNames.Supported).Concat(request.Values(SipHeaderNames.Require)))
        {
            if (tag.EqualsIgnoreCase(option))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsTemporaryGruuOf(SipUri uri, SipUri addressOfRecord) =>
        _domain.Owns(uri) && _gruus.ReadUser(uri.User.Span) is { } key && _locations.FindInstance(key)?.Equals(addressOfRecord) == true;

    // All of it or nothing: a null leaves the bindings as they were (§10.3 step 7).
    private List<Binding>? Apply(Changes changes, IReadOnlyList<Binding> bound, SipServerTransaction transaction, CoreSide side, SipUri addressOfRecord, out int status, out string? reason)
    {
        (status, reason) = (400, "CSeq Out of Order");
        var request = transaction.Request;
        var callId = request.CallId.ToString();
        var number = request.CSeq.Number;
        var next = bound.ToList();

        if (changes.All)
        {
            return bound.Any(IsLate) ? null : [];
        }

        foreach (var (contact, expires) in changes.Contacts)
        {
            var outbound = changes.IsOutbound ? FlowOf(contact) : null;
            var at = next.FindIndex(binding => binding.Is(outbound, contact.Uri!));
            if (at >= 0)
            {
                if (IsLate(next[at]) && bound.Contains(next[at]))
                {
                    return null;
                }

                next.RemoveAt(at);
            }

            if (expires > TimeSpan.Zero)
            {
                Bind(next, bound, contact, outbound, expires, transaction, side);
            }
        }

        if (next.Count > _options.MaxContacts)
        {
            (status, reason) = (403, "Too Many Contacts");
            return null;
        }

        return next;

        bool IsLate(Binding binding) => binding.CallId == callId && number <= binding.CSeq;
    }

    private void Bind(List<Binding> next, IReadOnlyList<Binding> bound, NameAddress contact, FlowName? outbound, TimeSpan expires, SipServerTransaction transaction, CoreSide side)
    {
        var request = transaction.Request;
        var callId = request.CallId.ToString();
        var instance = Asks(request, "gruu"u8) ? InstanceOf(contact) : null;
        ulong key = 0;

        if (instance is not null)
        {
            // Another Call-ID makes the temporary GRUUs of the instance void, whichever contact they were given out with (RFC 5627 §5.2).
            key = next.Concat(bound).FirstOrDefault(binding => binding.Instance == instance && binding.CallId == callId)?.InstanceKey ?? GruuBook.NewInstanceKey();
            for (var i = 0; i < next.Count; i++)
            {
                if (next[i].Instance == instance)
                {
                    next[i] = next[i] with { InstanceKey = key };
                }
            }
        }

        next.Add(new Binding
        {
            Uri = contact.Uri!,
            Contact = contact,
            Instance = instance,
            InstanceKey = key,
            Outbound = outbound,
            CallId = callId,
            CSeq = request.CSeq.Number,
            ExpiresAt = _locations.Now + expires,
            Order = _locations.NextOrder(),
            Q = ReadQ(contact),
            Path = [.. request.Values(SipHeaderNames.Path).Select(value => value.ToString())],
            Flow = transaction.Flow,
            Side = side,
        });
    }

    private SipResponse CreateAnswer(SipServerTransaction transaction, CoreSide side, SipUri addressOfRecord, IReadOnlyList<Binding> bound, bool isOutbound)
    {
        using var answer = transaction.CreateResponse(200);
        var now = _locations.Now;

        foreach (var binding in bound)
        {
            answer.Add(SipHeaderNames.Contact, Describe(binding, addressOfRecord, binding.ExpiresAt - now));
        }

        foreach (var path in transaction.Request.Lines(SipHeaderNames.Path))
        {
            answer.Add(SipHeaderNames.Path, path.ToString());
        }

        if (bound.Count > 0)
        {
            answer.Add(SipHeaderNames.ServiceRoute, side.RouteTo(transaction.Flow.Remote.Protocol, transaction.Flow.Remote.Address.Address));
            answer.Add(SipHeaderNames.PAssociatedUri, $"<{addressOfRecord}>");
        }

        if (isOutbound)
        {
            answer.Add(SipHeaderNames.Require, "outbound");
            if (!transaction.Request.Contains(SipHeaderNames.Path))
            {
                answer.Add(SipHeaderNames.FlowTimer, Seconds(FlowTimer));
            }
        }

        answer.Add(SipHeaderNames.Supported, string.Join(", ", SupportedOptions));
        answer.Add(SipHeaderNames.Date, _options.TimeProvider.GetUtcNow().ToString("R", CultureInfo.InvariantCulture));
        return answer.Build();
    }

    private string Describe(Binding binding, SipUri addressOfRecord, TimeSpan expires)
    {
        var text = new StringBuilder($"<{binding.Uri}>");
        if (binding.Instance is { } instance)
        {
            text.Append(CultureInfo.InvariantCulture, $";pub-gruu=\"{CoreDomain.PublicGruu(addressOfRecord, instance)}\"");
            text.Append(CultureInfo.InvariantCulture, $";temp-gruu=\"sip:{_gruus.CreateUser(binding.InstanceKey)}@{_options.Domain};gr\"");
        }

        foreach (var (name, value) in binding.Contact.Parameters)
        {
            if (!name.EqualsIgnoreCase("expires"u8) && !name.EqualsIgnoreCase("pub-gruu"u8) && !name.EqualsIgnoreCase("temp-gruu"u8))
            {
                text.Append(';').Append(name);
                if (!value.IsEmpty)
                {
                    text.Append('=').Append(value);
                }
            }
        }

        return text.Append(";expires=").Append(Seconds(expires)).ToString();
    }

    private void Announce(SipUri addressOfRecord, Changes changes, IReadOnlyList<Binding> before, IReadOnlyList<Binding> after, SipRequest request, SipResponse answer)
    {
        if (before.Count == 0 && after.Count == 0)
        {
            return;
        }

        foreach (var (contact, expires) in changes.Contacts)
        {
            if (after.FirstOrDefault(binding => binding.Contact == contact) is not { } binding)
            {
                continue;
            }

            var gruu = binding.Instance is { } instance ? CoreDomain.PublicGruu(addressOfRecord, instance) : null;
            _options.Observer.Registered(addressOfRecord.ToString(), binding.Uri.ToString(), gruu, expires);
        }

        if (after.Count == 0)
        {
            _options.Observer.Unregistered(addressOfRecord.ToString());
        }

        _thirdParty.Changed(addressOfRecord, Remaining(after), request, answer);
    }

    // With several contacts the user can be reached as long as the last of them.
    private TimeSpan Remaining(IReadOnlyList<Binding> bound) =>
        bound.Count == 0 ? TimeSpan.Zero : bound.Max(binding => binding.ExpiresAt) - _locations.Now;

    private static TimeSpan? ExpiresOf(NameAddress contact) =>
        contact.Parameters.TryGet("expires"u8, out var value)
        && uint.TryParse(value.Unquote().ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : null;

    private static double ReadQ(NameAddress contact) =>
        contact.Parameters.TryGet("q"u8, out var value)
        && double.TryParse(value.ToString(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var q)
            ? Math.Clamp(q, 0, 1)
            : 1;

    // Rounded up: what is left of an hour a moment later is still an hour to whoever asks.
    internal static string Seconds(TimeSpan time) => ((long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    private sealed record Changes(List<(NameAddress Contact, TimeSpan Expires)> Contacts, bool All, bool IsOutbound)
    {
        public bool IsQuery => Contacts.Count == 0 && !All;
    }
}
