using Microsoft.Extensions.Logging;
using SipPush.Diagnostics;

namespace SipPush.Sip;

/// <summary>
/// The client's side of Digest for one user agent (RFC 3261 §22.2–22.3, RFC 8760 §2.4): remembers the session of each realm and
/// whether a user agent server or a proxy asked. Safe for concurrent use; each request gets <see cref="RequestCredentials"/> of its own.
/// </summary>
/// <param name="credentials">What it may answer with; one for the very realm comes before one for any.</param>
/// <param name="createCnonce">Makes a fresh unpredictable cnonce; called from any thread.</param>
/// <param name="log">Where a server that does not prove itself is told of.</param>
internal sealed class DigestClient(IReadOnlyList<SipCredential> credentials, Func<string> createCnonce, ILogger log)
{
    /// <summary>How many sessions are remembered; past that the oldest is forgotten, so a stranger's realms can't fill the place up.</summary>
    public const int MaxSessions = 8;

    private readonly SipCredential[] _credentials = [.. credentials];
    private readonly List<DigestSession> _sessions = [];
    private readonly Lock _lock = new();

    /// <summary>Begins a request, with answers to what is remembered.</summary>
    public RequestCredentials Begin()
    {
        lock (_lock)
        {
            return new RequestCredentials(this, _sessions);
        }
    }

    public bool HasCredentials => _credentials.Length > 0;

    public Func<string> CreateCnonce { get; } = createCnonce;

    /// <summary>Opens a session, or joins the one that a request challenged at the same time has opened; null without credentials for the realm.</summary>
    public DigestSession? Open(DigestChallenge challenge, bool isProxy)
    {
        var credential = Array.Find(_credentials, credential => credential.Realm == challenge.Realm) ?? Array.Find(_credentials, credential => credential.Realm is null);
        if (credential is null)
        {
            return null;
        }

        lock (_lock)
        {
            var at = _sessions.FindIndex(session => session.IsProxy == isProxy && session.Challenge.Realm == challenge.Realm);
            if (at >= 0)
            {
                // Two requests challenged with one nonce count its uses together.
                if (_sessions[at].Challenge.Nonce == challenge.Nonce && _sessions[at].Challenge.Algorithm == challenge.Algorithm)
                {
                    return _sessions[at];
                }
                _sessions.RemoveAt(at);
            }
            else if (_sessions.Count == MaxSessions)
            {
                _sessions.RemoveAt(0);
            }

            var opened = new DigestSession(challenge, credential, isProxy, CreateCnonce);
            _sessions.Add(opened);
            return opened;
        }
    }

    /// <summary>Takes the nonce for the next request; when others have gone on meanwhile, theirs stays.</summary>
    public void Renew(DigestSession session, string nonce)
    {
        lock (_lock)
        {
            var at = _sessions.IndexOf(session);
            if (at >= 0 && session.Renew(nonce, CreateCnonce) is { } renewed)
            {
                _sessions[at] = renewed;
            }
        }
    }

    /// <summary>Forgets a session whose answer was refused, so that no later request begins with it.</summary>
    public void Forget(DigestSession session)
    {
        lock (_lock)
        {
            _sessions.Remove(session);
        }
    }

    /// <summary>Forgets a session whose server did not know the password.</summary>
    public void Distrust(DigestSession session)
    {
        SipLog.ServerNotProven(log, session.Challenge.Realm);
        Forget(session);
    }
}
