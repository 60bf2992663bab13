using System.Buffers;
using System.Globalization;
using System.Text;

namespace SipPush.Sip.Transactions;

/// <summary>A request as a client transaction sends it: with this stack's own Via above all others (RFC 3261 §18.1.1).</summary>
internal static class SentRequest
{
    private static ReadOnlySpan<byte> MagicCookie => "z9hG4bK"u8;

    /// <summary>Writes into a buffer rented from the shared pool, which the caller returns. <c>rport</c> is asked for on UDP (RFC 3581 §3).</summary>
    public static (byte[] Octets, int Length) Write(SipRequest request, SipProtocol protocol, string sentBy, UInt128 branch)
    {
        var source = request.Octets.Span;
        var startLine = source.IndexOf((byte)'\n') + 1;
        var octets = ArrayPool<byte>.Shared.Rent(source.Length + sentBy.Length + 80);
        var length = 0;

        Append(octets, ref length, source[..startLine]);
        Append(octets, ref length, protocol switch
        {
            SipProtocol.Tcp => "Via: SIP/2.0/TCP "u8,
            SipProtocol.Tls => "Via: SIP/2.0/TLS "u8,
            _ => "Via: SIP/2.0/UDP "u8,
        });
        length += Encoding.ASCII.GetBytes(sentBy, octets.AsSpan(length));
        Append(octets, ref length, ";branch="u8);
        Append(octets, ref length, MagicCookie);
        branch.TryFormat(octets.AsSpan(length), out var written, "x32", CultureInfo.InvariantCulture);
        length += written;
        Append(octets, ref length, protocol.IsReliable() ? "\r\n"u8 : ";rport\r\n"u8);
        Append(octets, ref length, source[startLine..]);
        return (octets, length);
    }

    /// <summary>Reads back a branch that <see cref="Write"/> made; false for any other, so no two texts name one transaction.</summary>
    public static bool TryReadBranch(ReadOnlySpan<byte> text, out UInt128 branch)
    {
        branch = default;
        return text.Length == MagicCookie.Length + 32
            && text.StartsWith(MagicCookie)
            && !text[MagicCookie.Length..].ContainsAnyInRange((byte)'A', (byte)'F')
            && UInt128.TryParse(text[MagicCookie.Length..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out branch);
    }

    private static void Append(byte[] destination, ref int length, ReadOnlySpan<byte> part)
    {
        part.CopyTo(destination.AsSpan(length));
        length += part.Length;
    }
}
