using System.Net;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;

namespace SipPush;

/// <summary>The MSRP side of an agent: its endpoint, begun when it is needed, and what its session descriptions say of it.</summary>
internal sealed class PushMedia(SipStack stack, PushMediaOptions options) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private MsrpEndpoint? _own;
    private bool _isDisposed;

    public PushMediaOptions Options => options;

    /// <summary>The endpoint.</summary>
    /// <exception cref="IOException">It can't listen.</exception>
    public MsrpEndpoint Endpoint
    {
        get
        {
            if (options.Endpoint is { } given)
            {
                return given;
            }

            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                return _own ??= MsrpEndpoint.Start(new MsrpEndpointOptions
                {
                    Listen = new IPEndPoint(stack.Local.Count > 0 ? stack.Local[0].Address.Address : IPAddress.Loopback, 0),
                    TimeProvider = stack.TimeProvider,
                    LoggerFactory = stack.LoggerFactory,
                    Tap = options.Tap,
                });
            }
        }
    }

    /// <summary>The host that is named to a far end. Of an endpoint that listens at every address it is the one by which SIP reaches this end from there.</summary>
    /// <param name="peer">Where SIP sends to first, or has received from; null where that is a name.</param>
    /// <exception cref="InvalidOperationException">It can't be known.</exception>
    public string HostTowards(IPAddress? peer)
    {
        var endpoint = Endpoint;
        var local = (endpoint.LocalEndPoint ?? endpoint.SecureLocalEndPoint)?.Address;
        if (endpoint.Options.AdvertisedHost is { } advertised)
        {
            return advertised;
        }

        if (local is null)
        {
            return "localhost";
        }

        return !local.Equals(IPAddress.Any) && !local.Equals(IPAddress.IPv6Any) ? local.ToString()
            : stack.HostTowards(peer) ?? (options.IsReachable
                ? throw new InvalidOperationException("MSRP and SIP listen at every address, and which of them the far end reaches is not known: MsrpEndpointOptions.AdvertisedHost or SipStackOptions.Advertise says it")
                : "localhost");
    }

    public async ValueTask DisposeAsync()
    {
        MsrpEndpoint? own;
        lock (_gate)
        {
            _isDisposed = true;
            own = _own;
        }

        if (own is not null)
        {
            await own.DisposeAsync().ConfigureAwait(false);
        }
    }
}
