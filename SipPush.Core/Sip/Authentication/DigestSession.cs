namespace SipPush.Sip;

/// <summary>An authentication session (RFC 7616 §3.6): a challenge that is being answered, and how often its nonce has been used.
/// Safe for concurrent use.</summary>
internal sealed class DigestSession
{
    private readonly SipCredential _credential;
    private readonly DigestAlgorithm _algorithm;
    private readonly string _userName;
    private readonly string _secret;
    private readonly string? _qop;
    private readonly string? _sessionCnonce;
    private uint _count;

    /// <param name="challenge">One that is supported.</param>
    /// <param name="credential">What it is answered with.</param>
    /// <param name="isProxy">True for Proxy-Authenticate.</param>
    /// <param name="createCnonce">Makes a fresh unpredictable cnonce.</param>
    public DigestSession(DigestChallenge challenge, SipCredential credential, bool isProxy, Func<string> createCnonce)
    {
        Challenge = challenge;
        IsProxy = isProxy;
        _credential = credential;
        _algorithm = challenge.Algorithm!.Value;
        _qop = challenge.Qop.Count == 0 ? null : challenge.Offers("auth") ? "auth" : "auth-int";

        // The session key is made of the first cnonce (RFC 7616 §3.4.2). Servers that keep no sessions take that of the request:
        // one that never changes suits both.
        _sessionCnonce = _algorithm.HasSessionKey() ? createCnonce() : null;

        _secret = DigestCalculator.HashSecret(_algorithm, credential.UserName, challenge.Realm, credential.Password);
        _userName = challenge.UserHash ? DigestCalculator.HashUserName(_algorithm, credential.UserName, challenge.Realm) : credential.UserName;
    }

    public DigestChallenge Challenge { get; }

    public bool IsProxy { get; }

    /// <summary>The credentials for one more request, with the next nonce count.</summary>
    public DigestCredentials Answer(string method, string uri, ReadOnlySpan<byte> body, Func<string> createCnonce)
    {
        var credentials = new DigestCredentials
        {
            UserName = _userName,
            UserHash = Challenge.UserHash,
            Realm = Challenge.Realm,
            Nonce = Challenge.Nonce,
            Uri = uri,
            Response = "",
            AlgorithmName = Challenge.AlgorithmName,
            Cnonce = _qop is null ? null : _sessionCnonce ?? createCnonce(),
            Opaque = Challenge.Opaque,
            Qop = _qop,
            NonceCount = _qop is null ? null : Interlocked.Increment(ref _count),
        };
        return credentials with { Response = DigestCalculator.ComputeResponse(_algorithm, _secret, method, credentials, body) };
    }

    /// <summary>Whether the server has shown that it knows the password too (RFC 7616 §3.5); true when it did not try.</summary>
    /// <param name="sent">The credentials of the request.</param>
    /// <param name="info">What the response says of them.</param>
    /// <param name="body">The body of the response.</param>
    public bool IsProven(DigestCredentials sent, AuthenticationInfo info, ReadOnlySpan<byte> body)
    {
        if ((info.Cnonce is not null && info.Cnonce != sent.Cnonce) || (info.NonceCount is not null && info.NonceCount != sent.NonceCount))
        {
            return false;
        }

        if (info.ResponseAuth is null)
        {
            return true;
        }

        // A server may protect less than it was asked for; what it says it covered is what is counted.
        var covered = sent.Qop is null || info.Qop is null ? sent : sent with { Qop = info.Qop };
        return DigestCalculator.AreSame(DigestCalculator.ComputeResponse(_algorithm, _secret, method: "", covered, body), info.ResponseAuth);
    }

    /// <summary>The session that goes on with the nonce the server names for the next request; null where the session key holds
    /// the old one, and the server's next challenge has to be waited for.</summary>
    public DigestSession? Renew(string nonce, Func<string> createCnonce) =>
        _sessionCnonce is not null || nonce == Challenge.Nonce ? null : new DigestSession(Challenge with { Nonce = nonce }, _credential, IsProxy, createCnonce);
}
