using System.Net;

namespace SipPush.Sip;

/// <summary>What a connection is found again by: the remote address, and on TLS the domain that the far end has proved to be (RFC 5923 §8).</summary>
/// <param name="Remote">Address and port.</param>
/// <param name="Domain">Compared without regard to case; null on TCP.</param>
internal readonly record struct ConnectionKey(IPEndPoint Remote, string? Domain)
{
    public bool Equals(ConnectionKey other) =>
        Remote.Equals(other.Remote) && string.Equals(Domain, other.Domain, StringComparison.OrdinalIgnoreCase);

    public override int GetHashCode() =>
        Domain is null ? Remote.GetHashCode() : HashCode.Combine(Remote, StringComparer.OrdinalIgnoreCase.GetHashCode(Domain));
}
