namespace SipPush.Sip;

/// <summary>
/// The credentials of one request and what becomes of it when it is challenged, by proxies and by the user agent server
/// (RFC 3261 §22.2–22.3). Before each sending <see cref="Apply"/> them; after each final response ask <see cref="TryAnswer"/>, and
/// when that is true send again with the next CSeq. They have one owner at a time.
/// </summary>
internal sealed class RequestCredentials
{
    /// <summary>How often challenges of one request are answered: a server that calls every nonce stale must not be asked for ever.</summary>
    public const int MaxAnswers = 4;

    private readonly DigestClient _client;
    private readonly List<Entry> _entries = [];
    private int _answers;
    private bool _hasEnded;

    internal RequestCredentials(DigestClient client, IEnumerable<DigestSession> remembered)
    {
        _client = client;
        _entries.AddRange(remembered.Select(session => new Entry { Session = session }));
    }

    /// <summary>Puts credentials into the request in place of those that stand there, each with a nonce count of its own: once
    /// before each sending, when method, Request-URI and body stand. Without configured credentials it leaves the request alone.</summary>
    public void Apply(SipRequestBuilder request)
    {
        if (!_client.HasCredentials)
        {
            return;
        }

        var uri = request.RequestUri?.ToString() ?? "";
        foreach (var entry in _entries)
        {
            entry.Sent = entry.Session.Answer(request.Method.Name, uri, request.Body.Span, _client.CreateCnonce);
        }

        Repeat(request);
    }

    /// <summary>Puts the credentials that were sent last into an ACK as they were (RFC 3261 §22.1).</summary>
    public void Repeat(SipRequestBuilder ack)
    {
        if (!_client.HasCredentials)
        {
            return;
        }

        ack.Remove(SipHeaderNames.Authorization);
        ack.Remove(SipHeaderNames.ProxyAuthorization);
        foreach (var entry in _entries)
        {
            if (entry.Sent is { } sent)
            {
                ack.Add(entry.Session.IsProxy ? SipHeaderNames.ProxyAuthorization : SipHeaderNames.Authorization, sent.ToString());
            }
        }
    }

    /// <summary>
    /// Takes a final response. Of a 401 or 407 the first supported challenge of each realm is answered: true when that made
    /// something new to send. False when the attempt has ended: nothing can be answered, a realm asks again for what it was just
    /// given without calling the nonce stale, or <see cref="MaxAnswers"/> is reached. From a 2xx the nonce for the next request is taken.
    /// </summary>
    public bool TryAnswer(SipResponse response)
    {
        switch (response.StatusCode)
        {
            // One response may hold both kinds where a proxy has forked (RFC 8760 §2.5).
            case 401 or 407:
                var answered = Answer(response, isProxy: false) | Answer(response, isProxy: true);
                _hasEnded |= ++_answers > MaxAnswers;
                return answered && !_hasEnded;

            case >= 200 and < 300:
                TakeInfo(response, isProxy: false);
                TakeInfo(response, isProxy: true);
                return false;

            default:
                return false;
        }
    }

    private bool Answer(SipResponse response, bool isProxy)
    {
        var answered = 0;
        var seen = new HashSet<string>(StringComparer.Ordinal);

        foreach (var line in response.Lines(isProxy ? SipHeaderNames.ProxyAuthenticate : SipHeaderNames.WwwAuthenticate))
        {
            if (_hasEnded || answered == DigestClient.MaxSessions)
            {
                break;
            }

            if (!DigestChallenge.TryParse(line.Span, out var challenge) || !challenge.IsSupported || !seen.Add(challenge.Realm))
            {
                continue;
            }

            var entry = _entries.Find(entry => entry.Session.IsProxy == isProxy && entry.Session.Challenge.Realm == challenge.Realm);
            if (entry is not null && (_answers == MaxAnswers || IsRefused(entry, challenge)))
            {
                _client.Forget(entry.Session);
                _hasEnded = true;
            }
            else if (_client.Open(challenge, isProxy) is { } session)
            {
                if (entry is null)
                {
                    _entries.Add(entry = new Entry { Session = session });
                }

                entry.Session = session;
                entry.WasAsked = true;
                answered++;
            }
        }

        return answered > 0;
    }

    // What was sent unasked, from an earlier challenge, may have aged without the server saying so; a new nonce then gets its answer.
    private static bool IsRefused(Entry entry, DigestChallenge challenge) =>
        entry.Session.Challenge.Nonce == challenge.Nonce || (entry.WasAsked && !challenge.Stale);

    private void TakeInfo(SipResponse response, bool isProxy)
    {
        if (!AuthenticationInfo.TryParse(response[isProxy ? SipHeaderNames.ProxyAuthenticationInfo : SipHeaderNames.AuthenticationInfo].Span, out var info))
        {
            return;
        }

        // The field names no realm. Where several were answered, the cnonce tells whose it is.
        var sent = _entries.FindAll(entry => entry.Sent is not null && entry.Session.IsProxy == isProxy);
        var entry = sent.Count == 1 ? sent[0] : sent.Find(entry => info.Cnonce is not null && entry.Sent!.Cnonce == info.Cnonce);
        if (entry is null)
        {
            return;
        }

        if (!entry.Session.IsProven(entry.Sent!, info, response.Body.Span))
        {
            _client.Distrust(entry.Session);
        }
        else if (info.NextNonce is not null)
        {
            _client.Renew(entry.Session, info.NextNonce);
        }
    }

    private sealed class Entry
    {
        public required DigestSession Session { get; set; }

        /// <summary>The credentials of the last sending; null before one.</summary>
        public DigestCredentials? Sent { get; set; }

        /// <summary>True when this request was challenged for them; false when they went unasked.</summary>
        public bool WasAsked { get; set; }
    }
}
