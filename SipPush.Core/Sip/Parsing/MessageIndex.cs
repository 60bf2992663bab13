namespace SipPush.Sip.Parsing;

/// <summary>
/// Where the parts of a message stand in its octets. One is kept a receiving thread and filled again for each message; what
/// outlives the call takes a copy of the entries.
/// </summary>
internal sealed class MessageIndex
{
    public HeaderEntry[] Entries = new HeaderEntry[32];
    public int Count;

    public bool IsRequest;
    public int MethodStart;
    public int MethodLength;
    public int UriStart;
    public int UriLength;
    public int Status;
    public int ReasonStart;
    public int ReasonLength;

    /// <summary>Just past the last header line, where the empty line begins.</summary>
    public int HeadersEnd;

    public int BodyStart;
    public int BodyLength;

    public int Length => BodyStart + BodyLength;

    public void Reset()
    {
        Count = 0;
        IsRequest = false;
        MethodStart = UriStart = ReasonStart = 0;
        MethodLength = UriLength = Status = ReasonLength = HeadersEnd = BodyStart = BodyLength = 0;
    }

    public ref HeaderEntry Add()
    {
        if (Count == Entries.Length)
        {
            Array.Resize(ref Entries, Entries.Length * 2);
        }

        return ref Entries[Count++];
    }

    /// <summary>The position of the first entry of that header from <paramref name="from"/> on; -1 when there is none.</summary>
    public int Find(HeaderId id, int from = 0)
    {
        for (var i = from; i < Count; i++)
        {
            if (Entries[i].Id == id)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The value of the first header of that kind; empty when there is none.</summary>
    public ReadOnlySpan<byte> Value(ReadOnlySpan<byte> message, HeaderId id) =>
        Find(id) is >= 0 and var i ? message.Slice(Entries[i].ValueStart, Entries[i].ValueLength) : default;
}
