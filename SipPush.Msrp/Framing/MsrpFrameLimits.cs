namespace SipPush.Msrp.Framing;

/// <summary>What a frame may cost.</summary>
/// <param name="Head">Start line and headers, in octets.</param>
/// <param name="Headers">Number of headers.</param>
/// <param name="NonSendBody">Body of a request that is not SEND, in octets (RFC 4975 §7.1: 10,240).</param>
internal readonly record struct MsrpFrameLimits(int Head, int Headers, int NonSendBody)
{
    public static MsrpFrameLimits Default { get; } = new(Head: 8192, Headers: 64, NonSendBody: 10_240);
}
