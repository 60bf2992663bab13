namespace SipPush.Sip.Parsing;

/// <summary>Where one header line stands in its message. A line ends where the next one starts; offsets fit 16 bits by the limit on the section.</summary>
internal struct HeaderEntry
{
    public HeaderId Id;
    public ushort Start;
    public ushort NameLength;
    public ushort ValueStart;
    public ushort ValueLength;
}
