namespace SipPush.Sip;

/// <summary>
/// SIP over TLS: as <see cref="TcpTransport"/>, with certificates by domain (RFC 5922). A server must prove to be the domain that a
/// request is for; a connection is used again only for that domain at that address. A client's domains, when it is asked for a
/// certificate, are its flow's <see cref="SipFlow.PeerIdentities"/>.
/// </summary>
public sealed class TlsTransport : SipTransport
{
    private readonly ConnectionPool _connections;

    /// <param name="listen">A TLS end point.</param>
    /// <param name="tls">Certificates, the server's among them.</param>
    /// <param name="options">Defaults when null.</param>
    /// <exception cref="ArgumentException">The end point is not TLS, or there is no server certificate.</exception>
    public TlsTransport(SipEndPoint listen, SipTlsOptions tls, SipTransportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(tls);

        if (listen.Protocol != SipProtocol.Tls)
        {
            throw new ArgumentException($"{listen} is not TLS", nameof(listen));
        }

        if (tls.ServerCertificate is null)
        {
            throw new ArgumentException($"Listening on {listen} takes a server certificate", nameof(tls));
        }

        options ??= new SipTransportOptions();
        _connections = new ConnectionPool(this, listen, options, new TlsHandshakes(tls, options.TimeProvider));
    }

    /// <inheritdoc/>
    public override SipEndPoint Local => _connections.Local;

    /// <summary>Connections open at the moment, in both directions, without those that are still within the handshake.</summary>
    public int ConnectionCount => _connections.Count;

    /// <inheritdoc/>
    public override ValueTask StartAsync(SipTransportReceiver receiver, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        _connections.Start(receiver);
        return ValueTask.CompletedTask;
    }

    /// <summary>As <see cref="ConnectAsync(SipEndPoint, string?, CancellationToken)"/>; the certificate must be for the address itself.</summary>
    public override ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, CancellationToken cancellationToken) =>
        ConnectAsync(remote, domain: null, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, string? domain, CancellationToken cancellationToken)
    {
        if (remote.Protocol != SipProtocol.Tls)
        {
            throw new ArgumentException($"{remote} is not TLS", nameof(remote));
        }

        var proof = domain?.Trim('[', ']').TrimEnd('.');
        return _connections.ConnectAsync(
            remote.Address, string.IsNullOrEmpty(proof) ? remote.Address.Address.ToString() : proof, cancellationToken);
    }

    /// <inheritdoc/>
    public override ValueTask SendAsync(SipFlow flow, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) =>
        _connections.Own(flow).SendAsync(message, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask CloseAsync(SipFlow flow) => _connections.CloseAsync(flow);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => _connections.DisposeAsync();
}
