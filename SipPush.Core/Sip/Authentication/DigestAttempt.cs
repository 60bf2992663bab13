namespace SipPush.Sip;

/// <summary>
/// One request and what becomes of it when it is challenged (RFC 3261 §22.2–22.3). Send it with <see cref="Credentials"/>; on a
/// challenge call <see cref="TryAnswer"/> and, when that is true, send it again with the new ones. It has one owner at a time.
/// </summary>
public sealed class DigestAttempt
{
    // A server that calls every nonce stale must not be asked for ever.
    private const int MaxAnswers = 3;

    private readonly DigestClient _client;
    private readonly string _method;
    private readonly string _uri;
    private readonly Dictionary<string, Answered> _realms = new(StringComparer.Ordinal);

    internal DigestAttempt(DigestClient client, string method, string uri, IEnumerable<DigestNonceUse> remembered)
    {
        _client = client;
        _method = method;
        _uri = uri;

        foreach (var use in remembered)
        {
            _realms[use.Challenge.Realm] = new Answered(use, Answers: 0);
        }
        Credentials = Answer();
    }

    /// <summary>The values of the Authorization or Proxy-Authorization fields to send, one a realm; empty when none has asked.</summary>
    public IReadOnlyList<string> Credentials { get; private set; }

    /// <summary>
    /// Answers the challenges of a 401 or 407: in each realm the first that is supported. False when the attempt has ended:
    /// nothing can be answered, or a realm asks again for what it was just given without calling the nonce stale.
    /// </summary>
    /// <param name="challenges">The challenges in the order of their fields.</param>
    public bool TryAnswer(IEnumerable<DigestChallenge> challenges)
    {
        ArgumentNullException.ThrowIfNull(challenges);

        var seen = new HashSet<string>(StringComparer.Ordinal);
        var answered = false;

        foreach (var challenge in challenges)
        {
            if (!challenge.IsSupported || !seen.Add(challenge.Realm) || _client.CredentialFor(challenge.Realm) is not { } credential)
            {
                continue;
            }

            if (_realms.TryGetValue(challenge.Realm, out var before) && IsRefused(before, challenge))
            {
                _client.Forget(before.Use);
                return false;
            }

            if (_client.Remember(challenge, credential) is { } use)
            {
                _realms[challenge.Realm] = new Answered(use, before.Answers + 1);
                answered = true;
            }
        }

        if (answered)
        {
            Credentials = Answer();
        }
        return answered;
    }

    // What was sent unasked, from an earlier challenge, may have aged without the server saying so; a new nonce then gets its answer.
    private static bool IsRefused(Answered before, DigestChallenge challenge) =>
        before.Answers == MaxAnswers
        || before.Use.Challenge.Nonce == challenge.Nonce
        || (before.Answers > 0 && !challenge.Stale);

    private List<string> Answer()
    {
        var credentials = new List<string>(_realms.Count);
        foreach (var realm in _realms.Values)
        {
            credentials.Add(realm.Use.Answer(_method, _uri, _client.CreateCnonce).ToString());
        }
        return credentials;
    }

    private readonly record struct Answered(DigestNonceUse Use, int Answers);
}
