using System.Security.Cryptography;

namespace SipPush.Sdp;

/// <summary>Where session ids and file transfer ids come from. Tests give one that counts; everybody else takes <see cref="Random"/>.</summary>
public abstract class SdpIdentifiers
{
    // Sixty-four characters of a token, so that each stands for six bits.
    private const string Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// <summary>The system's cryptographic generator.</summary>
    public static SdpIdentifiers Random { get; } = new CryptographicIdentifiers();

    /// <summary>Fills <paramref name="destination"/> with random octets. Called from several threads at once.</summary>
    public abstract void Fill(Span<byte> destination);

    /// <summary>Digits for <see cref="Origin.SessionId"/>: a number below 2^62, which every implementation can hold (RFC 3264 §5).</summary>
    public string NewSessionId()
    {
        Span<byte> octets = stackalloc byte[8];
        Fill(octets);
        return (BitConverter.ToUInt64(octets) >> 2).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>A file transfer id: 32 random characters (RFC 5547 §8.1).</summary>
    public string NewFileTransferId()
    {
        Span<byte> octets = stackalloc byte[32];
        Span<char> text = stackalloc char[32];
        Fill(octets);
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = Characters[octets[i] & 63];
        }

        return new string(text);
    }

    private sealed class CryptographicIdentifiers : SdpIdentifiers
    {
        public override void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
    }
}
