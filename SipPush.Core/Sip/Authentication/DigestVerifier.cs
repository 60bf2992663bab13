using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SipPush.Sip;

/// <summary>
/// The server's side of Digest (RFC 3261 §22, RFC 7616 §3.3–3.6, RFC 8760 §2.3). A nonce carries its age under a key of this
/// instance, so challenges leave nothing behind; only nonces that were answered rightly are remembered, for their counts. The key
/// is replaced once a lifetime. Safe for concurrent use.
/// </summary>
/// <remarks>ACK and CANCEL are not to be verified: they can't be challenged, and an ACK repeats what its INVITE was let in with
/// (RFC 3261 §22.1).</remarks>
public sealed class DigestVerifier
{
    // Several proxies of one realm may be answered in one request, but not any number of them (RFC 3261 §22.3).
    private const int MaxCredentials = 4;

    // Time and sequence number, then their authentication code.
    private const int StampLength = 16;
    private const int CodeLength = 32;

    private readonly DigestVerifierOptions _options;
    private readonly string[] _qop;
    private readonly byte[] _realm;
    private readonly long _start;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, NonceCounts> _uses = [];
    private readonly PriorityQueue<long, long> _oldest = new();
    private long _sequence;
    private long _forgotten;
    private long _epoch;
    private byte[] _key = RandomNumberGenerator.GetBytes(CodeLength);
    private byte[]? _lastKey;

    /// <summary>A verifier with a fresh key.</summary>
    /// <exception cref="ArgumentException">The realm holds a control character, or there is no algorithm or no qop.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The lifetime or the number of nonces is not positive.</exception>
    public DigestVerifier(DigestVerifierOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        FieldText.Checked(options.Realm, nameof(options.Realm));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.NonceLifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxNonces);

        if (options.Algorithms.Count == 0 || options.Qop.Count == 0)
        {
            throw new ArgumentException("There is no algorithm or no qop to offer", nameof(options));
        }

        _options = options;
        _qop = [.. options.Qop.Select(qop => qop == DigestQop.Auth ? "auth" : "auth-int")];
        _realm = Encoding.UTF8.GetBytes(options.Realm);
        _start = options.TimeProvider.GetTimestamp();
    }

    /// <summary>The challenges of a 401 or 407, one a field in this order, all with one fresh nonce.</summary>
    /// <param name="stale">True after <see cref="DigestVerdict.Stale"/> and <see cref="DigestVerdict.Replayed"/>.</param>
    public IReadOnlyList<DigestChallenge> CreateChallenges(bool stale = false)
    {
        var nonce = CreateNonce();
        return
        [
            .. _options.Algorithms.Select(algorithm => new DigestChallenge
            {
                Realm = _options.Realm,
                Nonce = nonce,
                AlgorithmName = algorithm.Name(),
                Qop = _qop,
                Stale = stale,
                UserHash = _options.UserNameOfHash is not null,
            }),
        ];
    }

    /// <summary>Judges the credentials of a request: of its Authorization fields, or Proxy-Authorization fields as the options
    /// say, those for this realm. Fields of other realms and schemes, and those that can't be read, count for nothing.</summary>
    /// <param name="request">The request as it came.</param>
    /// <param name="passwordOf">The password of a user name, or null when there is no such user.</param>
    public DigestResult Verify(SipRequest request, Func<string, string?> passwordOf)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(passwordOf);

        DigestResult? first = null;
        var judged = 0;
        foreach (var line in request.Lines(_options.IsProxy ? SipHeaderNames.ProxyAuthorization : SipHeaderNames.Authorization))
        {
            if (!DigestCredentials.TryParse(line.Span, out var credentials) || credentials.Realm != _options.Realm)
            {
                continue;
            }

            var result = Judge(request, credentials, passwordOf);
            first ??= result;
            if (result.Verdict == DigestVerdict.Accepted)
            {
                return result;
            }

            if (++judged == MaxCredentials)
            {
                break;
            }
        }

        return first ?? new DigestResult(DigestVerdict.NoCredentials, _options.Realm);
    }

    /// <summary>
    /// What to say in the Authentication-Info or Proxy-Authentication-Info of the response to a request that was accepted: that
    /// this server knows the password too, and a new nonce when the present one is good for no more than half its lifetime, or for
    /// no second time. Null when there is nothing to say.
    /// </summary>
    /// <param name="accepted">The result for the request.</param>
    /// <param name="body">The body of the response.</param>
    /// <exception cref="ArgumentException">The request was not accepted.</exception>
    public AuthenticationInfo? CreateInfo(DigestResult accepted, ReadOnlySpan<byte> body = default)
    {
        ArgumentNullException.ThrowIfNull(accepted);
        if (accepted.Verdict != DigestVerdict.Accepted || accepted.Credentials is not { } credentials)
        {
            throw new ArgumentException("The request was not accepted", nameof(accepted));
        }

        var nextNonce = credentials.Qop is null || Now() - accepted.Issued > _options.NonceLifetime / 2 ? CreateNonce() : null;
        if (credentials.Qop is null)
        {
            return new AuthenticationInfo { NextNonce = nextNonce };
        }

        return new AuthenticationInfo
        {
            NextNonce = nextNonce,
            Qop = credentials.Qop,
            ResponseAuth = DigestCalculator.ComputeResponse(credentials.Algorithm!.Value, accepted.Secret!, method: "", credentials, body),
            Cnonce = credentials.Cnonce,
            NonceCount = credentials.NonceCount,
        };
    }

    private DigestResult Judge(SipRequest request, DigestCredentials credentials, Func<string, string?> passwordOf)
    {
        if (credentials.Algorithm is not { } algorithm || !_options.Algorithms.Contains(algorithm) || !IsOffered(credentials.Qop, algorithm))
        {
            return Refuse(DigestVerdict.Rejected);
        }

        if (!NamesTarget(credentials.Uri, request))
        {
            return Refuse(DigestVerdict.WrongUri);
        }

        // An unknown user takes as long as a wrong password.
        var userName = credentials.UserHash ? _options.UserNameOfHash?.Invoke(credentials.UserName, algorithm) : credentials.UserName;
        var password = userName is null ? null : passwordOf(userName);
        var secret = DigestCalculator.HashSecret(algorithm, userName ?? "", credentials.Realm, password ?? "");
        var expected = DigestCalculator.ComputeResponse(algorithm, secret, request.Method.Name, credentials, request.Body.Span);

        // The nonce comes after the response: only who knows the password is told that it is stale (RFC 7616 §3.3).
        if (!DigestCalculator.AreSame(expected, credentials.Response) || password is null)
        {
            return Refuse(DigestVerdict.Rejected);
        }

        if (!TryReadNonce(credentials.Nonce, out var issued, out var sequence))
        {
            return Refuse(DigestVerdict.Stale);
        }

        var verdict = Count(issued, sequence, credentials.Qop is null ? null : credentials.NonceCount);
        return verdict != DigestVerdict.Accepted ? Refuse(verdict) : new DigestResult(verdict, _options.Realm)
        {
            UserName = userName,
            Credentials = credentials,
            Secret = secret,
            Issued = issued,
        };

        DigestResult Refuse(DigestVerdict verdict) => new(verdict, _options.Realm) { Credentials = credentials };
    }

    // Without qop is what clients of RFC 2069 send, and servers must go on taking it (RFC 3261 §22.4); it means auth (RFC 8760 §2.6).
    private bool IsOffered(string? qop, DigestAlgorithm algorithm) => qop is null
        ? !algorithm.HasSessionKey() && _options.Qop.Contains(DigestQop.Auth)
        : _qop.Contains(qop, StringComparer.OrdinalIgnoreCase);

    private static bool NamesTarget(string uri, SipRequest request) =>
        uri == request.RequestUriText.ToString()
        || (SipUri.TryParse(uri, out var named) && named.Equals(request.RequestUri));

    private DigestVerdict Count(TimeSpan issued, long sequence, uint? count)
    {
        lock (_lock)
        {
            var now = Now();

            if (now - issued > _options.NonceLifetime || sequence <= _forgotten)
            {
                return DigestVerdict.Stale;
            }

            if (_uses.TryGetValue(sequence, out var counts))
            {
                return counts.TryUse(count) ? DigestVerdict.Accepted : DigestVerdict.Replayed;
            }

            counts = new NonceCounts(issued);
            if (!counts.TryUse(count))
            {
                return DigestVerdict.Replayed;
            }

            MakeRoom(now);

            // Making room may have gone past this very nonce.
            if (sequence <= _forgotten)
            {
                return DigestVerdict.Stale;
            }

            _uses.Add(sequence, counts);
            _oldest.Enqueue(sequence, sequence);
            return DigestVerdict.Accepted;
        }
    }

    // Every nonce that is remembered is younger than all that have been forgotten, so a forgotten one is never counted from 1 again.
    private void MakeRoom(TimeSpan now)
    {
        while (_oldest.TryPeek(out var sequence, out _)
            && (_uses.Count >= _options.MaxNonces || now - _uses[sequence].Issued > _options.NonceLifetime))
        {
            _oldest.Dequeue();
            _uses.Remove(sequence);
            _forgotten = Math.Max(_forgotten, sequence);
        }
    }

    private TimeSpan Now() => _options.TimeProvider.GetElapsedTime(_start);

    private string CreateNonce()
    {
        Span<byte> nonce = stackalloc byte[StampLength + CodeLength];
        lock (_lock)
        {
            var now = Now();
            BinaryPrimitives.WriteInt64BigEndian(nonce, now.Ticks);
            BinaryPrimitives.WriteInt64BigEndian(nonce[8..], ++_sequence);
            UseKeyOf(EpochOf(now));
            Authenticate(_key, nonce[..StampLength], nonce[StampLength..]);
        }

        return Base64Url.EncodeToString(nonce);
    }

    private bool TryReadNonce(string text, out TimeSpan issued, out long sequence)
    {
        Span<byte> nonce = stackalloc byte[StampLength + CodeLength];
        Span<byte> code = stackalloc byte[CodeLength];
        issued = default;
        sequence = 0;

        // The only spelling of these octets: another would be the same nonce under a second name.
        if (text.Length != Base64Url.GetEncodedLength(nonce.Length)
            || Base64Url.DecodeFromChars(text, nonce, out _, out var length) != OperationStatus.Done || length != nonce.Length)
        {
            return false;
        }

        issued = TimeSpan.FromTicks(BinaryPrimitives.ReadInt64BigEndian(nonce));
        sequence = BinaryPrimitives.ReadInt64BigEndian(nonce[8..]);
        if (KeyOf(EpochOf(issued)) is not { } key)
        {
            return false;
        }

        Authenticate(key, nonce[..StampLength], code);
        return CryptographicOperations.FixedTimeEquals(code, nonce[StampLength..]);
    }

    // A key makes nonces for one lifetime, so what is still good was made with this key or the last one.
    private long EpochOf(TimeSpan issued) => issued.Ticks / _options.NonceLifetime.Ticks;

    private void UseKeyOf(long epoch)
    {
        if (epoch > _epoch)
        {
            _lastKey = epoch == _epoch + 1 ? _key : null;
            _key = RandomNumberGenerator.GetBytes(CodeLength);
            _epoch = epoch;
        }
    }

    private byte[]? KeyOf(long epoch)
    {
        lock (_lock)
        {
            return epoch == _epoch ? _key : epoch == _epoch - 1 ? _lastKey : null;
        }
    }

    private void Authenticate(byte[] key, ReadOnlySpan<byte> stamp, Span<byte> code)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hmac.AppendData(stamp);
        hmac.AppendData(_realm);
        hmac.GetHashAndReset(code);
    }
}
