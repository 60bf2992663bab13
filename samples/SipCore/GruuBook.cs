using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SipPush.Samples.SipCore;

/// <summary>
/// Makes temporary GRUUs and reads them again (RFC 5627 §5.2). Each is the instance's key and a number, encrypted and
/// authenticated: no two look related, all that were given out stay good, and none takes room.
/// </summary>
internal sealed class GruuBook : IDisposable
{
    private const string Prefix = "tgruu.";
    private const int BlockLength = 16;
    private const int CodeLength = 10;

    private readonly Aes _cipher = Aes.Create();
    private readonly byte[] _codeKey = RandomNumberGenerator.GetBytes(32);
    private long _number;

    /// <summary>A fresh key for an instance.</summary>
    public static ulong NewInstanceKey() => BinaryPrimitives.ReadUInt64BigEndian(RandomNumberGenerator.GetBytes(8));

    /// <summary>The user part of another temporary GRUU.</summary>
    public string CreateUser(ulong instanceKey)
    {
        Span<byte> plain = stackalloc byte[BlockLength];
        Span<byte> sealedUp = stackalloc byte[BlockLength + CodeLength];
        BinaryPrimitives.WriteUInt64BigEndian(plain, instanceKey);
        BinaryPrimitives.WriteInt64BigEndian(plain[8..], Interlocked.Increment(ref _number));

        lock (_cipher)
        {
            _cipher.EncryptEcb(plain, sealedUp, PaddingMode.None);
        }

        Authenticate(sealedUp[..BlockLength], sealedUp[BlockLength..]);
        return Prefix + Base64Url.EncodeToString(sealedUp);
    }

    /// <summary>The instance's key in a user part; null when it was not made here.</summary>
    public ulong? ReadUser(ReadOnlySpan<byte> user)
    {
        Span<byte> sealedUp = stackalloc byte[BlockLength + CodeLength];
        Span<byte> code = stackalloc byte[CodeLength];
        Span<byte> plain = stackalloc byte[BlockLength];

        if (!user.StartsWith(Encoding.ASCII.GetBytes(Prefix))
            || user.Length != Prefix.Length + Base64Url.GetEncodedLength(sealedUp.Length)
            || Base64Url.DecodeFromUtf8(user[Prefix.Length..], sealedUp, out _, out var length) != System.Buffers.OperationStatus.Done
            || length != sealedUp.Length)
        {
            return null;
        }

        Authenticate(sealedUp[..BlockLength], code);
        if (!CryptographicOperations.FixedTimeEquals(code, sealedUp[BlockLength..]))
        {
            return null;
        }

        lock (_cipher)
        {
            _cipher.DecryptEcb(sealedUp[..BlockLength], plain, PaddingMode.None);
        }

        return BinaryPrimitives.ReadUInt64BigEndian(plain);
    }

    public void Dispose() => _cipher.Dispose();

    private void Authenticate(ReadOnlySpan<byte> block, Span<byte> code)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_codeKey, block, whole);
        whole[..CodeLength].CopyTo(code);
    }
}
