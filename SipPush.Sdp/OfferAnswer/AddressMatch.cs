using System.Net;

namespace SipPush.Sdp;

/// <summary>Whether the <c>c=</c> and <c>m=</c> lines name the address of the path (RFC 6714 §4.4).</summary>
internal static class AddressMatch
{
    public static bool IsMatch(MessageMedia media, Func<string, string, bool>? isSameHost)
    {
        // 0.0.0.0 is how a call was once put on hold (RFC 3264 §8.4).
        if (media.Host is null || media.Path.Count == 0 || (IPAddress.TryParse(media.Host, out var host) && (host.Equals(IPAddress.Any) || host.Equals(IPAddress.IPv6Any))))
        {
            return true;
        }

        foreach (var uri in media.Path)
        {
            // Who is active gives port 9, and not everybody does so in both places.
            var isSamePort = uri.Port == media.Port || (media.Setup == SetupRole.Active && (media.Port == MessageMedia.DiscardPort || uri.Port == MessageMedia.DiscardPort));
            if (isSamePort && IsSame(media.Host, uri.Host, isSameHost))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSame(string one, string other, Func<string, string, bool>? isSameHost)
    {
        if (one.Equals(other, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        return IPAddress.TryParse(one, out var first) && IPAddress.TryParse(other, out var second)
            ? first.Equals(second)
            : isSameHost?.Invoke(one, other) ?? true;
    }
}
