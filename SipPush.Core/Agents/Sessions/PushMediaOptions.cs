using SipPush.Msrp;
using SipPush.Sdp;

namespace SipPush;

/// <summary>What session mode needs besides SIP: the MSRP endpoint, and how sessions on it are offered and answered.</summary>
public sealed record PushMediaOptions
{
    /// <summary>The endpoint that has the sessions; any number of agents may share one. It stays the caller's to dispose, after the agents. Null, as by default, has the agent start one of its own
    /// when it is first needed, at a free port of the address that the stack listens at. Of one that listens at every address, without a host to advertise, far ends are told the address by which SIP
    /// reaches this end.</summary>
    public MsrpEndpoint? Endpoint { get; init; }

    /// <summary>Sees what goes over the wire, when the agent has started the endpoint itself; null for nobody.</summary>
    public MsrpTap? Tap { get; init; }

    /// <summary>Whether far ends can connect to the endpoint (RFC 6135 §4.2.2): true by default. Behind NAT without a forwarded port it is false, and the endpoint connects only.</summary>
    public bool IsReachable { get; init; } = true;

    /// <summary>Whether TLS is spoken; never by default. Takes an <see cref="Endpoint"/> that listens on it.</summary>
    public TlsUse Tls { get; init; }

    /// <summary>Whether middleboxes may anchor the connection (RFC 6714); not by default. When the answer shows that one is between and the far end does not know this, it is offered once more
    /// without (§4.2). Host names and addresses are not compared with each other.</summary>
    public bool SupportsCema { get; init; }

    /// <summary>How messages are sent and what of them is taken: chunk size, window, slow readers. Types and sizes are the agent's.</summary>
    public MsrpSessionOptions Messages { get; init; } = new();

    /// <summary>Whether a session ends, with BYE, when its MSRP connection is lost; true by default. Otherwise its dialog stays, and waits for either end to offer another path:
    /// <see cref="PushSession.MoveAsync"/>. Files have their own way to be resumed.</summary>
    public bool EndsWithConnection { get; init; } = true;

    /// <summary>When the far end is to connect and does not, after how long this end tries to; 5 s by default.</summary>
    public TimeSpan ConnectAfter { get; init; } = TimeSpan.FromSeconds(5);
}
