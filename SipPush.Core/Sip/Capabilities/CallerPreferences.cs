namespace SipPush.Sip;

/// <summary>What a request says about the contacts it wants to reach, and what that does to a target set (RFC 3841 §7.2).</summary>
/// <param name="accept">The Accept-Contact values.</param>
/// <param name="reject">The Reject-Contact values.</param>
public sealed class CallerPreferences(IReadOnlyList<CallerPreference> accept, IReadOnlyList<CallerPreference> reject)
{
    /// <summary>The Accept-Contact values.</summary>
    public IReadOnlyList<CallerPreference> Accept { get; } = accept ?? throw new ArgumentNullException(nameof(accept));

    /// <summary>The Reject-Contact values.</summary>
    public IReadOnlyList<CallerPreference> Reject { get; } = reject ?? throw new ArgumentNullException(nameof(reject));

    /// <summary>True when the request has neither header, so that its method, and the Event of a SUBSCRIBE, speak for it (RFC 3841 §7.2.2).</summary>
    public bool IsImplicit { get; private init; }

    /// <summary>The preferences of a request.</summary>
    public static CallerPreferences Of(SipRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Contains(SipHeaderNames.AcceptContact) || request.Contains(SipHeaderNames.RejectContact)
            ? new CallerPreferences(
                CallerPreference.Read(request, SipHeaderNames.AcceptContact),
                CallerPreference.Read(request, SipHeaderNames.RejectContact))
            : new CallerPreferences([new CallerPreference(Implied(request)) { Require = true }], []) { IsImplicit = true };
    }

    /// <summary>The contacts that stay, in the order to try them. None left from some means 480 (RFC 3841 §7.2.4).</summary>
    public IReadOnlyList<ContactMatch<NameAddress>> Match(IEnumerable<NameAddress> contacts) =>
        Match(contacts, FeatureSet.FromContact, ContactParameters.Q);

    /// <summary>The contacts that stay, in the order to try them: by q, then by Qa, then as given. None left from some means 480 (RFC 3841 §7.2.4).</summary>
    /// <param name="contacts">The target set.</param>
    /// <param name="features">What a contact can do.</param>
    /// <param name="q">The callee's preference for it, from 0 to 1.</param>
    public IReadOnlyList<ContactMatch<T>> Match<T>(IEnumerable<T> contacts, Func<T, FeatureSet> features, Func<T, double> q)
    {
        ArgumentNullException.ThrowIfNull(contacts);
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(q);

        T[] targets = [.. contacts];
        var kept = new List<ContactMatch<T>>(targets.Length);
        foreach (var target in targets)
        {
            if (Judge(features(target)) is { } preference)
            {
                kept.Add(new ContactMatch<T>(target, q(target), preference));
            }
        }

        // What nobody asked for must not keep a request from its targets: their own 405 or 489 says more.
        if (kept.Count == 0 && IsImplicit)
        {
            kept.AddRange(targets.Select(target => new ContactMatch<T>(target, q(target), 0)));
        }

        return [.. kept.OrderByDescending(match => match.Q).ThenByDescending(match => match.Qa)];
    }

    // Qa, or null when the contact is dropped.
    private double? Judge(FeatureSet contact)
    {
        if (contact.IsEmpty)
        {
            return 1;
        }

        // Only what a contact says itself can be held against it.
        if (Reject.Any(predicate => contact.Score(predicate.Features) >= 1 && contact.Matches(predicate.Features)))
        {
            return null;
        }

        var sum = 0.0;
        var matching = 0;
        foreach (var predicate in Accept)
        {
            if (!contact.Matches(predicate.Features))
            {
                if (predicate.Require)
                {
                    return null;
                }
                continue;
            }

            // Figure 1.
            var score = contact.Score(predicate.Features);
            if (score < 1 && predicate.Explicit)
            {
                if (predicate.Require)
                {
                    return null;
                }
                score = 0;
            }

            sum += score;
            matching++;
        }

        return Accept.Count == 0 ? 1 : matching == 0 ? 0 : sum / matching;
    }

    private static FeatureSet Implied(SipRequest request)
    {
        var method = new FeatureTag("methods", FeatureValue.OfToken(request.Method.Name));
        var package = request[SipHeaderNames.Event].ToString().Split(';')[0].Trim();

        return request.Method.Name == "SUBSCRIBE" && package.Length > 0
            ? new FeatureSet(method, new FeatureTag("events", FeatureValue.OfToken(package)))
            : new FeatureSet(method);
    }
}
