namespace SipPush.Sdp;

/// <summary>What there is to say about directions.</summary>
internal static class MediaDirections
{
    /// <summary>The same seen from the other side.</summary>
    public static MediaDirection Reversed(this MediaDirection direction) => direction switch
    {
        MediaDirection.SendOnly => MediaDirection.ReceiveOnly,
        MediaDirection.ReceiveOnly => MediaDirection.SendOnly,
        _ => direction,
    };

    public static string Name(this MediaDirection direction) => direction switch
    {
        MediaDirection.SendOnly => "sendonly",
        MediaDirection.ReceiveOnly => "recvonly",
        MediaDirection.Inactive => "inactive",
        _ => "sendrecv",
    };

    /// <summary>The first direction among the attributes; null where there is none.</summary>
    public static MediaDirection? Find(IReadOnlyList<SdpAttribute> attributes)
    {
        for (var i = 0; i < attributes.Count; i++)
        {
            if (Of(attributes[i].Name) is { } direction)
            {
                return direction;
            }
        }

        return null;
    }

    public static MediaDirection? Of(string name) => name switch
    {
        "sendrecv" => MediaDirection.SendReceive,
        "sendonly" => MediaDirection.SendOnly,
        "recvonly" => MediaDirection.ReceiveOnly,
        "inactive" => MediaDirection.Inactive,
        _ => null,
    };
}
