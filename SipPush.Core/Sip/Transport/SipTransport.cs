namespace SipPush.Sip;

/// <summary>
/// Carries whole SIP messages as octets, each with its flow. This is the seam for a channel that somebody else owns: an
/// adapter derives from this class, hands what it receives to the <see cref="SipTransportReceiver"/> and sends what it is given.
/// </summary>
public abstract class SipTransport : IAsyncDisposable
{
    /// <summary>Where it listens, with the real port once it has started.</summary>
    public abstract SipEndPoint Local { get; }

    /// <summary>Begins to listen and to hand messages to <paramref name="receiver"/>. Called once.</summary>
    /// <exception cref="IOException">The address can't be bound.</exception>
    public abstract ValueTask StartAsync(SipTransportReceiver receiver, CancellationToken cancellationToken);

    /// <summary>A flow to <paramref name="remote"/>: an open connection to it if there is one, otherwise a new one.</summary>
    /// <exception cref="IOException">The far end can't be reached.</exception>
    public abstract ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="ConnectAsync(SipEndPoint, CancellationToken)"/>, where the far end must prove to be a domain. Only transports with certificates
    /// look at it; the others connect to the address alone.
    /// </summary>
    /// <param name="remote">What the domain was located at (RFC 3263).</param>
    /// <param name="domain">The host of the URI as it was before it was located (RFC 5922 §7.3); null asks for the address itself.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The far end can't be reached, or proves to be somebody else.</exception>
    public virtual ValueTask<SipFlow> ConnectAsync(SipEndPoint remote, string? domain, CancellationToken cancellationToken) =>
        ConnectAsync(remote, cancellationToken);

    /// <summary>
    /// Sends one message. <paramref name="message"/> is read before the returned task completes and not after. The task
    /// completes when the octets have been taken over, not when they have arrived. Completes synchronously unless the
    /// flow's queue is full; a queue that stays full ends in an <see cref="IOException"/>.
    /// </summary>
    /// <exception cref="IOException">The flow is closed, or the system refused the octets.</exception>
    public abstract ValueTask SendAsync(SipFlow flow, ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>Closes one flow; nothing on UDP. Octets already taken over are still written.</summary>
    public virtual ValueTask CloseAsync(SipFlow flow) => ValueTask.CompletedTask;

    /// <summary>Stops listening, closes every flow and waits for the loops to end.</summary>
    public abstract ValueTask DisposeAsync();
}
