using System.Globalization;
using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip.Transactions;

/// <summary>What the receiving side adds to the top Via: where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4).</summary>
internal static class ReceivedVia
{
    /// <summary>
    /// An owned copy of the request. Where sent-by and source differ, or the client asked for it by <c>rport</c>, its top Via
    /// carries <c>received</c> and <c>rport</c>; a <c>received</c> that the client wrote itself is taken out.
    /// </summary>
    public static SipRequest Copy(ReadOnlySpan<byte> message, MessageIndex index, in ViaReader via, SipFlow flow)
    {
        if (!via.HasRport && IsSource(via.SentBy, flow.RemoteHost))
        {
            return SipRequest.Copy(message, index);
        }

        var line = index.Value(message, HeaderId.Via);
        Span<byte> small = stackalloc byte[512];
        var most = line.Length + 96;
        var value = most <= small.Length ? small : new byte[most];
        var length = 0;
        var isFilledIn = false;

        Append(value, ref length, SipGrammar.Trim(via.Head));
        foreach (var (name, content) in via.Parameters)
        {
            // One rport is filled in and there is room for one; any other says nothing.
            var isRport = Ascii.EqualsIgnoreCase(name, "rport"u8);
            if ((isRport && isFilledIn) || Ascii.EqualsIgnoreCase(name, "received"u8))
            {
                continue;
            }

            Append(value, ref length, ";"u8);
            Append(value, ref length, name);
            if (isRport)
            {
                isFilledIn = true;
                Append(value, ref length, "="u8);
                flow.Remote.Address.Port.TryFormat(value[length..], out var digits, default, CultureInfo.InvariantCulture);
                length += digits;
            }
            else if (!content.IsEmpty)
            {
                Append(value, ref length, "="u8);
                Append(value, ref length, content);
            }
        }

        Append(value, ref length, ";received="u8);
        Append(value, ref length, flow.RemoteHost);
        Append(value, ref length, line[via.Value.Length..]);
        return SipRequest.Copy(message, index, value[..length]);
    }

    // host, "host:port" or "[v6]:port" against the bare address
    private static bool IsSource(ReadOnlySpan<byte> sentBy, ReadOnlySpan<byte> source)
    {
        if (sentBy[0] == '[')
        {
            sentBy = sentBy[1..];
            return sentBy.StartsWith(source) && sentBy.Length > source.Length && sentBy[source.Length] == ']';
        }

        return sentBy.StartsWith(source) && (sentBy.Length == source.Length || sentBy[source.Length] is (byte)':' or (byte)' ');
    }

    private static void Append(Span<byte> destination, ref int length, ReadOnlySpan<byte> part)
    {
        part.CopyTo(destination[length..]);
        length += part.Length;
    }
}
