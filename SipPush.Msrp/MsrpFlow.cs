using System.Net;

namespace SipPush.Msrp;

/// <summary>A connection as a <see cref="MsrpTap"/> knows it. The same object for as long as the connection lives.</summary>
public sealed class MsrpFlow
{
    internal MsrpFlow(EndPoint? local, EndPoint? remote, bool isSecure)
    {
        LocalEndPoint = local;
        RemoteEndPoint = remote;
        IsSecure = isSecure;
    }

    /// <summary>This end; null where the transport has no address.</summary>
    public EndPoint? LocalEndPoint { get; }

    /// <summary>The far end; null where the transport has no address.</summary>
    public EndPoint? RemoteEndPoint { get; }

    /// <summary>Whether it is TLS: the tap sees what goes inside.</summary>
    public bool IsSecure { get; }
}
