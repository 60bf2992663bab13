using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace SipPush.Sdp;

/// <summary>
/// Octets as text and back, with nothing lost: UTF-8 where it is, and each octet that is none as the lone surrogate U+DC00 + octet, since
/// <c>a=charset</c> allows any encoding (RFC 8866 §5) and what was read has to be written back as it was.
/// </summary>
internal static class SdpText
{
    public static string Decode(ReadOnlySpan<byte> octets)
    {
        if (Utf8.IsValid(octets))
        {
            return Encoding.UTF8.GetString(octets);
        }

        var text = new StringBuilder(octets.Length);
        Span<char> pair = stackalloc char[2];
        while (!octets.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(octets, out var rune, out var length) == OperationStatus.Done)
            {
                text.Append(pair[..rune.EncodeToUtf16(pair)]);
            }
            else
            {
                foreach (var octet in octets[..length])
                {
                    text.Append((char)(0xDC00 + octet));
                }
            }

            octets = octets[length..];
        }

        return text.ToString();
    }

    public static void Encode(string text, IBufferWriter<byte> writer)
    {
        var span = writer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            writer.Advance(Encoding.UTF8.GetBytes(text, span));
            return;
        }

        var length = 0;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            if (rest[0] is >= '\uDC80' and <= '\uDCFF')
            {
                span[length++] = (byte)(rest[0] - 0xDC00);
                rest = rest[1..];
                continue;
            }

            Rune.DecodeFromUtf16(rest, out var rune, out var taken);
            length += rune.EncodeToUtf8(span[length..]);
            rest = rest[taken..];
        }

        writer.Advance(length);
    }
}
