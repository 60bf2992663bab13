using System.Text;
using SipPush.Msrp;

namespace SipPush.Sip;

/// <summary>Answers the challenges of an MSRP relay by Digest (RFC 4976 §9.1): one for each relay of each <see cref="MsrpRelayLease"/>. A nonce that the relay names for the next
/// request is used at the next renewal.</summary>
/// <param name="credentials">What it may answer with; one for the very realm comes before one for any.</param>
/// <param name="identifiers">Where cnonces come from; null for <see cref="SipIdentifiers.Random"/>.</param>
public sealed class MsrpDigestAuthentication(IReadOnlyList<SipCredential> credentials, SipIdentifiers? identifiers = null) : MsrpAuthentication
{
    private readonly SipCredential[] _credentials = [.. credentials];
    private readonly Func<string> _createCnonce = (identifiers ?? SipIdentifiers.Random).NewTag;

    private DigestSession? _session;
    private DigestCredentials? _sent;
    private bool _wasAsked;

    /// <inheritdoc/>
    public override string? Authorize(string method, string uri)
    {
        _sent = _session?.Answer(method, uri, [], _createCnonce);
        return _sent?.ToString();
    }

    /// <inheritdoc/>
    public override bool TryAnswer(IReadOnlyList<string> challenges)
    {
        ArgumentNullException.ThrowIfNull(challenges);
        foreach (var text in challenges)
        {
            if (!DigestChallenge.TryParse(Encoding.UTF8.GetBytes(text), out var challenge) || !IsAllowed(challenge) || Find(challenge.Realm) is not { } credential)
            {
                continue;
            }

            // What was sent unasked, with the nonce of an earlier answer, may have aged without the relay saying so.
            if (_sent is not null && (_sent.Nonce == challenge.Nonce || (_wasAsked && !challenge.Stale)))
            {
                break;
            }

            _session = new DigestSession(challenge, credential, isProxy: false, _createCnonce);
            _wasAsked = true;
            return true;
        }

        _session = null;
        _sent = null;
        _wasAsked = false;
        return false;
    }

    /// <inheritdoc/>
    public override bool TryAccept(string? info)
    {
        _wasAsked = false;
        if (_session is not { } session || _sent is not { } sent || info is null || !AuthenticationInfo.TryParse(Encoding.UTF8.GetBytes(info), out var read))
        {
            return true;
        }

        if (!session.IsProven(sent, read, body: []))
        {
            _session = null;
            return false;
        }

        if (read.NextNonce is { } nonce)
        {
            _session = session.Renew(nonce, _createCnonce) ?? session;
        }

        return true;
    }

    // A qop there has to be, and auth-int and session keys may not be (RFC 4976 §9.1).
    private static bool IsAllowed(DigestChallenge challenge) =>
        challenge.Algorithm is { } algorithm && !algorithm.HasSessionKey() && challenge.Offers("auth");

    private SipCredential? Find(string realm) =>
        Array.Find(_credentials, credential => credential.Realm == realm) ?? Array.Find(_credentials, credential => credential.Realm is null);
}
