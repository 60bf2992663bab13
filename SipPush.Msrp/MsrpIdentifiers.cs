using System.Security.Cryptography;

namespace SipPush.Msrp;

/// <summary>Where transaction ids, Message-IDs and session ids come from. Tests give one that counts; everybody else takes <see cref="Random"/>.</summary>
public abstract class MsrpIdentifiers
{
    /// <summary>The system's cryptographic generator.</summary>
    public static MsrpIdentifiers Random { get; } = new CryptographicIdentifiers();

    /// <summary>Length of what <see cref="WriteTransactionId"/> writes, in octets.</summary>
    public const int TransactionIdLength = 16;

    /// <summary>Writes a transaction id of <see cref="TransactionIdLength"/> characters of <c>ident</c>, with at least 64 random bits (RFC 4975 §7.1). Called from several threads at once.</summary>
    public abstract void WriteTransactionId(Span<byte> destination);

    /// <summary>A Message-ID, unique within a session (RFC 4975 §7.1.1).</summary>
    public abstract string NewMessageId();

    /// <summary>A session id of at least 80 random bits (RFC 4975 §14.1).</summary>
    public abstract string NewSessionId();

    private sealed class CryptographicIdentifiers : MsrpIdentifiers
    {
        // One call to the system's generator fills many identifiers: its price is hardly more for some thousand octets than for 16.
        private const int PoolSize = 4096;

        // 20 characters of five bits each.
        private const int SessionIdLength = 20;

        [ThreadStatic]
        private static byte[]? _pool;

        [ThreadStatic]
        private static int _used;

        // Letters and digits only, which every grammar of an identifier has; 32 of them, so that five bits of an octet are one of them.
        private static ReadOnlySpan<byte> Alphabet => "abcdefghijkmnpqrstuvwxyz23456789"u8;

        public override void WriteTransactionId(Span<byte> destination) => Write(destination[..TransactionIdLength]);

        public override string NewMessageId() => NewText(TransactionIdLength);

        public override string NewSessionId() => NewText(SessionIdLength);

        private static string NewText(int length) => string.Create(length, 0, static (text, _) =>
        {
            Span<byte> octets = stackalloc byte[text.Length];
            Write(octets);
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = (char)octets[i];
            }
        });

        private static void Write(Span<byte> destination)
        {
            if (_pool is null || _used + destination.Length > PoolSize)
            {
                _pool ??= new byte[PoolSize];
                RandomNumberGenerator.Fill(_pool);
                _used = 0;
            }

            var taken = _pool.AsSpan(_used, destination.Length);
            for (var i = 0; i < taken.Length; i++)
            {
                destination[i] = Alphabet[taken[i] & 31];
            }

            taken.Clear();
            _used += destination.Length;
        }
    }
}
