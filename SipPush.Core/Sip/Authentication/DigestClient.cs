namespace SipPush.Sip;

/// <summary>
/// The client's side of Digest for one user agent (RFC 3261 §22.2, RFC 8760 §2.4): remembers the last challenge of each realm
/// and counts the uses of its nonce. Keep one for WWW-Authenticate and one for Proxy-Authenticate. Safe for concurrent use;
/// each request gets a <see cref="DigestAttempt"/> of its own.
/// </summary>
public sealed class DigestClient
{
    private const int MaxRealms = 8;

    private readonly SipCredential[] _credentials;
    private readonly Func<string> _createCnonce;
    private readonly Dictionary<string, DigestNonceUse> _lastUses = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    /// <summary>A client that has not been challenged yet.</summary>
    /// <param name="credentials">What it may answer with; one for the very realm comes before one for any.</param>
    /// <param name="createCnonce">Makes a fresh unpredictable cnonce; called from any thread.</param>
    public DigestClient(IEnumerable<SipCredential> credentials, Func<string> createCnonce)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        ArgumentNullException.ThrowIfNull(createCnonce);
        _credentials = [.. credentials];
        _createCnonce = createCnonce;
    }

    /// <summary>Begins a request: its <see cref="DigestAttempt.Credentials"/> answer the challenges remembered, if any, with
    /// the next nonce count.</summary>
    /// <param name="method">The method of the request.</param>
    /// <param name="uri">Its Request-URI as it is written.</param>
    /// <exception cref="ArgumentException">A text holds CR, LF, NUL or another control character.</exception>
    public DigestAttempt Begin(string method, string uri)
    {
        FieldText.CheckedToken(method, nameof(method));
        FieldText.Checked(uri, nameof(uri));

        lock (_lock)
        {
            return new DigestAttempt(this, method, uri, _lastUses.Values);
        }
    }

    internal SipCredential? CredentialFor(string realm) =>
        Array.Find(_credentials, credential => credential.Realm == realm) ?? Array.Find(_credentials, credential => credential.Realm is null);

    /// <summary>Remembers the challenge for requests to come; null when there are too many realms.</summary>
    internal DigestNonceUse? Remember(DigestChallenge challenge, SipCredential credential)
    {
        lock (_lock)
        {
            // Two requests challenged with one nonce count its uses together.
            if (_lastUses.TryGetValue(challenge.Realm, out var use))
            {
                if (use.Challenge.Nonce == challenge.Nonce && use.Challenge.Algorithm == challenge.Algorithm)
                {
                    return use;
                }
            }
            else if (_lastUses.Count == MaxRealms)
            {
                return null;
            }

            return _lastUses[challenge.Realm] = new DigestNonceUse(challenge, credential);
        }
    }

    /// <summary>Forgets a challenge whose answer was refused, so that no later request begins with it.</summary>
    internal void Forget(DigestNonceUse use)
    {
        lock (_lock)
        {
            if (_lastUses.TryGetValue(use.Challenge.Realm, out var current) && current == use)
            {
                _lastUses.Remove(use.Challenge.Realm);
            }
        }
    }

    internal string CreateCnonce() => _createCnonce();
}
