using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SipPush.Sip;

/// <summary>What the transports on sockets can be told.</summary>
public sealed record SipTransportOptions
{
    /// <summary>What one far end may take.</summary>
    public SipTransportLimits Limits { get; init; } = new();

    /// <summary>What one message on a stream may cost. A stack puts its own limits here, so that both agree.</summary>
    public SipLimits MessageLimits { get; init; } = new();

    /// <summary>Where the time-outs take their time from.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>UDP: threads that receive. By default one a processor, four at most.</summary>
    public int ReceiveThreads
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = Math.Min(Environment.ProcessorCount, 4);

    /// <summary>UDP: octets of the system's buffer in each direction, as far as it grants them; 4 MiB by default.</summary>
    public int SocketBufferBytes
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 4 * 1024 * 1024;

    /// <summary>
    /// Called with what a <see cref="SipTransportReceiver"/> threw, which it must not. UDP then goes on; a connection is closed.
    /// </summary>
    public Action<Exception>? ReceiverFault { get; init; }

    /// <summary>Where failed TLS handshakes are logged; default nowhere. A stack puts its own here.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}
