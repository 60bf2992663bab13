using System.Buffers;
using System.Diagnostics;
using SipPush.Sip.Parsing;

namespace SipPush.Sip.Transactions;

/// <summary>
/// The octets by which a server transaction is found again. A request with the magic cookie is matched by branch, sent-by and method
/// (RFC 3261 §17.2.3); one of an older client by Request-URI, tags, Call-ID, CSeq and Via. The method stands last, and an ACK has its
/// INVITE's. The merge key is what one request that came over two ways has in common (§8.2.2.2). Built in a rented buffer, which
/// <see cref="Dispose"/> returns.
/// </summary>
internal ref struct TransactionKey
{
    private static ReadOnlySpan<byte> MagicCookie => "z9hG4bK"u8;

    private byte[] _rented;
    private int _keyLength;
    private int _mergeLength;

    public readonly ReadOnlySpan<byte> Key => _rented.AsSpan(0, _keyLength);

    /// <summary>Empty where the To header has a tag: such a request belongs to a dialog and can't be merged.</summary>
    public readonly ReadOnlySpan<byte> MergeKey => _rented.AsSpan(_keyLength, _mergeLength);

    /// <summary>Call-ID, which both keys' requests share, chooses the partition.</summary>
    public ReadOnlySpan<byte> CallId;

    /// <summary>Reads what every request must have (§8.1.1) and builds the keys; an error says what is missing or unreadable.</summary>
    public static SipParseError TryCreate(ReadOnlySpan<byte> message, MessageIndex index, scoped in ViaReader via, out TransactionKey key)
    {
        key = default;
        var method = message.Slice(index.MethodStart, index.MethodLength);
        var from = index.Value(message, HeaderId.From);
        var to = index.Value(message, HeaderId.To);
        var callId = index.Value(message, HeaderId.CallId);
        var cseq = index.Value(message, HeaderId.CSeq);

        if (callId.IsEmpty)
        {
            return SipParseError.CallId;
        }

        // The cookie alone names no transaction: all such requests of one client would be one (RFC 4475 §3.2.1).
        if (via.Branch.SequenceEqual(MagicCookie))
        {
            return SipParseError.Via;
        }

        if (!CSeq.TrySplit(cseq, out _, out var cseqMethod) || !cseqMethod.SequenceEqual(method))
        {
            return SipParseError.CSeq;
        }

        if (!TryReadTag(from, out var fromTag))
        {
            return SipParseError.From;
        }

        if (!TryReadTag(to, out var toTag))
        {
            return SipParseError.To;
        }

        key.CallId = callId;
        key._rented = ArrayPool<byte>.Shared.Rent(index.UriLength + via.Value.Length + method.Length + (2 * (callId.Length + cseq.Length + fromTag.Length)) + toTag.Length + 16);

        if (via.Branch.StartsWith(MagicCookie))
        {
            key.AppendKey(via.Branch);
            key.AppendKey(via.SentBy);
        }
        else
        {
            // The ACK has a To tag that its INVITE has not.
            var isInviteOrGoesWithOne = method.SequenceEqual("INVITE"u8) || method.SequenceEqual("ACK"u8) || method.SequenceEqual("CANCEL"u8);
            key.AppendKey(message.Slice(index.UriStart, index.UriLength));
            key.AppendKey(isInviteOrGoesWithOne ? default : toTag);
            key.AppendKey(fromTag);
            key.AppendKey(callId);
            key.AppendKey(cseq[..^cseqMethod.Length]);
            key.AppendKey(via.Value);
        }

        key.AppendKey(method.SequenceEqual("ACK"u8) ? "INVITE"u8 : method);

        if (toTag.IsEmpty)
        {
            key.AppendMerge(fromTag);
            key.AppendMerge(callId);
            key.AppendMerge(cseq);
        }

        return SipParseError.None;
    }

    /// <summary>The key of the INVITE that the CANCEL with that key is for (§9.2).</summary>
    public static byte[] OfInvite(ReadOnlySpan<byte> cancelKey)
    {
        Debug.Assert(cancelKey.EndsWith("CANCEL\n"u8), "The method stands last");
        return [.. cancelKey[..^"CANCEL\n"u8.Length], .. "INVITE\n"u8];
    }

    public void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
            _rented = null!;
        }
    }

    // Parts are parted by a line feed, which none of them can hold unfolded, so that no two keys run together.
    private void AppendKey(ReadOnlySpan<byte> part)
    {
        part.CopyTo(_rented.AsSpan(_keyLength));
        _keyLength += part.Length;
        _rented[_keyLength++] = (byte)'\n';
    }

    private void AppendMerge(ReadOnlySpan<byte> part)
    {
        var at = _keyLength + _mergeLength;
        part.CopyTo(_rented.AsSpan(at));
        _rented[at + part.Length] = (byte)'\n';
        _mergeLength += part.Length + 1;
    }

    // False where the value is no address, or its tag no token; a missing tag is an empty one.
    private static bool TryReadTag(ReadOnlySpan<byte> value, out ReadOnlySpan<byte> tag)
    {
        tag = default;
        return NameAddress.TryRead(value, out _, out var uri, out var parameters)
            && !value[uri].ContainsAny(" \t\r\n"u8)
            && (!ParameterReader.TryFind(value[parameters], "tag"u8, out tag) || SipGrammar.IsToken(tag));
    }
}
