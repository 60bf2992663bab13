using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SipPush.Sip;

/// <summary>
/// The server's side of Digest (RFC 3261 §22, RFC 7616 §3.3–3.4, RFC 8760). A nonce carries its age under a key of this
/// instance, so challenges leave nothing behind; only nonces that were answered rightly are remembered, for their counts.
/// Safe for concurrent use.
/// </summary>
public sealed class DigestVerifier
{
    // Time and sequence number, then their authentication code.
    private const int StampLength = 16;
    private const int CodeLength = 32;

    private readonly DigestVerifierOptions _options;
    private readonly long _start;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Use> _uses = [];
    private readonly PriorityQueue<long, long> _oldest = new();
    private long _sequence;
    private long _forgotten;

    /// <summary>A verifier with a fresh key.</summary>
    /// <exception cref="ArgumentException">The realm holds a control character, or there is no algorithm.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The lifetime or the number of nonces is not positive.</exception>
    public DigestVerifier(DigestVerifierOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        FieldText.Checked(options.Realm, nameof(options.Realm));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.NonceLifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxNonces);

        if (options.Algorithms.Count == 0)
        {
            throw new ArgumentException("There is no algorithm to offer", nameof(options));
        }

        _options = options;
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
                Qop = ["auth"],
                Stale = stale,
            }),
        ];
    }

    /// <summary>Judges the credentials of a request.</summary>
    /// <param name="credentials">Those for this realm; null when the request has none.</param>
    /// <param name="method">The method of the request.</param>
    /// <param name="requestUri">Its Request-URI as it came; the <c>uri</c> parameter must be the same text.</param>
    /// <param name="passwordOf">The password of a user name, or null when there is no such user.</param>
    public DigestVerdict Verify(DigestCredentials? credentials, string method, string requestUri, Func<string, string?> passwordOf)
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(requestUri);
        ArgumentNullException.ThrowIfNull(passwordOf);

        if (credentials is null || credentials.Realm != _options.Realm)
        {
            return DigestVerdict.NoCredentials;
        }

        // Without qop is what clients of RFC 2069 send, and servers must go on taking it (RFC 3261 §22.4).
        if (credentials.Algorithm is not { } algorithm || !_options.Algorithms.Contains(algorithm)
            || (credentials.Qop is not null && !credentials.Qop.Equals("auth", StringComparison.OrdinalIgnoreCase))
            || credentials.Uri != requestUri)
        {
            return DigestVerdict.Rejected;
        }

        // The nonce comes after the response: only who knows the password is told that it is stale (RFC 7616 §3.3).
        if (!IsResponseRight(credentials, algorithm, method, passwordOf(credentials.UserName)))
        {
            return DigestVerdict.Rejected;
        }

        if (!TryReadNonce(credentials.Nonce, out var issued, out var sequence))
        {
            return DigestVerdict.Stale;
        }

        // A response without a count is good for one time.
        var count = credentials.Qop is null ? uint.MaxValue : credentials.NonceCount ?? 0;
        return Count(issued, sequence, count);
    }

    private static bool IsResponseRight(DigestCredentials credentials, DigestAlgorithm algorithm, string method, string? password)
    {
        // An unknown user takes as long as a wrong password.
        var qop = credentials.Qop is null ? DigestQop.None : DigestQop.Auth;
        var expected = DigestCalculator.ComputeResponse(
            algorithm,
            credentials.UserName,
            credentials.Realm,
            password ?? "",
            method,
            credentials.Uri,
            credentials.Nonce,
            credentials.Cnonce ?? "",
            credentials.NonceCount ?? 0,
            qop);

        Span<byte> expectedDigits = stackalloc byte[DigestAlgorithms.MaxHashLength];
        Span<byte> givenDigits = stackalloc byte[DigestAlgorithms.MaxHashLength];
        var length = Encoding.ASCII.GetBytes(expected, expectedDigits);

        if (credentials.Response.Length != length
            || Ascii.ToLower(credentials.Response, givenDigits, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        return CryptographicOperations.FixedTimeEquals(expectedDigits[..length], givenDigits[..length]) && password is not null;
    }

    private DigestVerdict Count(TimeSpan issued, long sequence, uint count)
    {
        lock (_lock)
        {
            var now = Now();

            if (now - issued > _options.NonceLifetime || sequence <= _forgotten)
            {
                return DigestVerdict.Stale;
            }

            if (_uses.TryGetValue(sequence, out var use))
            {
                if (count <= use.Count)
                {
                    return DigestVerdict.Replayed;
                }

                _uses[sequence] = use with { Count = count };
                return DigestVerdict.Accepted;
            }

            if (count == 0)
            {
                return DigestVerdict.Replayed;
            }

            MakeRoom(now);

            // Making room may have gone past this very nonce.
            if (sequence <= _forgotten)
            {
                return DigestVerdict.Stale;
            }

            _uses.Add(sequence, new Use(issued, count));
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
        BinaryPrimitives.WriteInt64BigEndian(nonce, Now().Ticks);
        BinaryPrimitives.WriteInt64BigEndian(nonce[8..], Interlocked.Increment(ref _sequence));
        Authenticate(nonce[..StampLength], nonce[StampLength..]);
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
            || !Base64Url.TryDecodeFromChars(text, nonce, out var length) || length != nonce.Length)
        {
            return false;
        }

        Authenticate(nonce[..StampLength], code);
        if (!CryptographicOperations.FixedTimeEquals(code, nonce[StampLength..]))
        {
            return false;
        }

        issued = TimeSpan.FromTicks(BinaryPrimitives.ReadInt64BigEndian(nonce));
        sequence = BinaryPrimitives.ReadInt64BigEndian(nonce[8..]);
        return true;
    }

    private void Authenticate(ReadOnlySpan<byte> stamp, Span<byte> code)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hmac.AppendData(stamp);
        hmac.AppendData(Encoding.UTF8.GetBytes(_options.Realm));
        hmac.GetHashAndReset(code);
    }

    private readonly record struct Use(TimeSpan Issued, uint Count);
}
