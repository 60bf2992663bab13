using System.Buffers;
using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip.Transactions;

/// <summary>A final response that says no more than its status: the octets <see cref="SipResponseBuilder"/> would build, without building.</summary>
internal static class PlainResponse
{
    private const int TagOctets = 8;

    // The status line, the tag and Content-Length, with the longest reason.
    private const int MostBesidesHeaders = 160;

    /// <summary>Writes into a buffer rented from the shared pool, which the caller returns; null where a value is folded and so has to be written anew.</summary>
    public static byte[]? TryWrite(SipRequest request, int status, SipIdentifiers identifiers, out int length)
    {
        length = 0;
        var source = request.Octets.Span;
        if (!TryMeasure(request, source, status, out var most))
        {
            return null;
        }

        var octets = ArrayPool<byte>.Shared.Rent(most);
        Append(octets, ref length, "SIP/2.0 "u8);
        status.TryFormat(octets.AsSpan(length), out var digits, provider: System.Globalization.CultureInfo.InvariantCulture);
        length += digits;
        octets[length++] = (byte)' ';
        length += Encoding.ASCII.GetBytes(SipReasons.Of(status), octets.AsSpan(length));

        foreach (ref readonly var entry in request.Entries)
        {
            if (!IsCopied(entry.Id, status))
            {
                continue;
            }

            Append(octets, ref length, "\r\n"u8);
            Append(octets, ref length, HeaderIds.WireName(entry.Id));
            Append(octets, ref length, ": "u8);
            Append(octets, ref length, source.Slice(entry.ValueStart, entry.ValueLength));

            if (entry.Id == HeaderId.To && request.To.Tag.IsEmpty)
            {
                Append(octets, ref length, ";tag="u8);
                AppendTag(octets, ref length, identifiers);
            }
        }

        Append(octets, ref length, "\r\nContent-Length: 0\r\n\r\n"u8);
        return octets;
    }

    private static bool TryMeasure(SipRequest request, ReadOnlySpan<byte> source, int status, out int most)
    {
        most = MostBesidesHeaders;
        foreach (ref readonly var entry in request.Entries)
        {
            if (!IsCopied(entry.Id, status))
            {
                continue;
            }

            if (source.Slice(entry.ValueStart, entry.ValueLength).Contains((byte)'\n'))
            {
                return false;
            }

            // A second To, which has no business there, gets its tag too.
            most += HeaderIds.WireName(entry.Id).Length + entry.ValueLength + 4 + (entry.Id == HeaderId.To ? ";tag=".Length + (2 * TagOctets) : 0);
        }

        return true;
    }

    private static bool IsCopied(HeaderId id, int status) =>
        id is HeaderId.Via or HeaderId.From or HeaderId.To or HeaderId.CallId or HeaderId.CSeq
        || (id == HeaderId.RecordRoute && status < 300);

    private static void AppendTag(byte[] destination, ref int length, SipIdentifiers identifiers)
    {
        Span<byte> random = stackalloc byte[TagOctets];
        identifiers.Fill(random);
        Convert.TryToHexStringLower(random, destination.AsSpan(length), out var written);
        length += written;
    }

    private static void Append(byte[] destination, ref int length, ReadOnlySpan<byte> part)
    {
        part.CopyTo(destination.AsSpan(length));
        length += part.Length;
    }
}
