namespace SipPush.Sip;

/// <summary>A challenge that is being answered, and how often its nonce has been used.</summary>
internal sealed class DigestNonceUse(DigestChallenge challenge, SipCredential credential)
{
    private uint _count;

    public DigestChallenge Challenge { get; } = challenge;

    /// <summary>The credentials for one more request, with the next nonce count.</summary>
    public DigestCredentials Answer(string method, string uri, Func<string> createCnonce)
    {
        var algorithm = Challenge.Algorithm!.Value;
        var qop = Challenge.Qop.Count == 0 ? DigestQop.None : DigestQop.Auth;
        var cnonce = qop == DigestQop.None ? null : createCnonce();
        var count = qop == DigestQop.None ? 0 : Interlocked.Increment(ref _count);

        return new DigestCredentials
        {
            UserName = credential.UserName,
            Realm = Challenge.Realm,
            Nonce = Challenge.Nonce,
            Uri = uri,
            Response = DigestCalculator.ComputeResponse(
                algorithm, credential.UserName, Challenge.Realm, credential.Password, method, uri, Challenge.Nonce, cnonce, count, qop),
            AlgorithmName = Challenge.AlgorithmName,
            Cnonce = cnonce,
            Opaque = Challenge.Opaque,
            Qop = qop == DigestQop.None ? null : "auth",
            NonceCount = qop == DigestQop.None ? null : count,
        };
    }
}
