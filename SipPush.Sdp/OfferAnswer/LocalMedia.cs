namespace SipPush.Sdp;

/// <summary>The own side of an MSRP session, the same in offers and answers.</summary>
internal static class LocalMedia
{
    public static MessageMedia Create(MessageCapabilities capabilities, IReadOnlyList<PathUri> path, bool isSecure, SetupRole setup, bool hasCema)
    {
        if (path.Count == 0 || path.Any(uri => uri.Port is null) || path[^1].IsSecure != isSecure)
        {
            throw new InvalidOperationException("A path has a URI at least, every URI a port, and the own one msrps for TLS and msrp for none.");
        }

        // Nobody connects to an endpoint that is active, and port 9 says so (RFC 6135 §4.2.2); behind a relay it is connected to anyway.
        if (path.Count == 1 && setup == SetupRole.Active)
        {
            path = [path[0].WithPort(MessageMedia.DiscardPort)];
        }

        // The c= and m= lines have the own address, or that of the relay where they are what is connected to (RFC 6714 §4.2).
        var shown = path.Count > 1 && hasCema ? path[0] : path[^1];
        return new MessageMedia
        {
            Host = shown.Host,
            Port = shown.Port!.Value,
            IsSecure = isSecure,
            Path = path,
            AcceptTypes = capabilities.AcceptTypes,
            AcceptWrappedTypes = capabilities.AcceptWrappedTypes,
            MaxSize = capabilities.MaxSize,
            Setup = setup,
            HasCema = hasCema,
            Fingerprints = isSecure ? capabilities.Fingerprints : [],
        };
    }
}
