using System.Text;
using System.Threading.Channels;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>A stack with one user agent at 192.0.2.10, and the core at 192.0.2.1 as literal text, on a network and a clock of their own.</summary>
internal sealed class AgentWire : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly MemoryNetwork _network;
    private readonly MemoryTransport _core;
    private readonly Channel<string> _arrived = Channel.CreateUnbounded<string>();

    private AgentWire()
    {
        _network = new MemoryNetwork(Clock);
        _core = new MemoryTransport(_network, SipEndPoint.Parse("udp:192.0.2.1:5060"));
    }

    public ManualTimeProvider Clock { get; } = new();

    public SipStack Stack { get; private set; } = null!;

    public SipUserAgent UserAgent { get; private set; } = null!;

    /// <summary>Answers each request that reaches the core with a response, or with nothing when null.</summary>
    public Func<SipRequest, string?>? Answer { get; set; }

    /// <summary>What has arrived at the core and has not been looked at.</summary>
    public int Arrived => _arrived.Reader.Count;

    public static async Task<AgentWire> StartAsync(string aor, bool trusted = true, SipProfile profile = SipProfile.Strict)
    {
        var wire = new AgentWire();
        await wire._core.StartAsync(new Receiver(wire), default);
        wire.Stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(wire._network, SipEndPoint.Parse("udp:192.0.2.10:5060"))],
            TimeProvider = wire.Clock,
            Identifiers = new CountingIdentifiers(),
            Profile = profile,
            TrustDomain = trusted ? TrustDomain.Of("192.0.2.1") : TrustDomain.Nobody,
        });
        wire.UserAgent = wire.Stack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse(aor),
            OutboundProxies = [SipUri.Parse("sip:192.0.2.1")],
            InstanceId = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            IsTrusted = trusted,
        });
        return wire;
    }

    /// <summary>The core sends text; line ends become CRLF, and Content-Length is filled in where it stands as &lt;CL&gt;.</summary>
    public async Task SendAsync(string text)
    {
        var message = Wire(text);
        var body = message.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        message = message.Replace("<CL>", (message.Length - body).ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var flow = await _core.ConnectAsync(SipEndPoint.Parse("udp:192.0.2.10:5060"), default);
        await _core.SendAsync(flow, Encoding.Latin1.GetBytes(message), default);
    }

    /// <summary>The next message that reached the core, with LF as line end.</summary>
    public async Task<string> NextAsync() =>
        (await _arrived.Reader.ReadAsync().AsTask().WaitAsync(Patience)).Replace("\r\n", "\n", StringComparison.Ordinal);

    public async Task<string> AskAsync(string text)
    {
        await SendAsync(text);
        return await NextAsync();
    }

    /// <summary>A response to a request as the far end would write it.</summary>
    public static string Response(SipRequest request, int status, string headers = "")
    {
        using var builder = new SipResponseBuilder(request, status, "far");
        foreach (var line in headers.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            builder.Add(new SipHeaderName(line[..line.IndexOf(':')]), line[(line.IndexOf(':') + 1)..].Trim());
        }

        return builder.Build().ToString();
    }

    public static string Wire(string text) => text.ReplaceLineEndings("\r\n");

    public async ValueTask DisposeAsync()
    {
        await Stack.DisposeAsync();
        await _core.DisposeAsync();
    }

    private sealed class Receiver(AgentWire wire) : SipTransportReceiver
    {
        public override void Received(SipFlow flow, ReadOnlySpan<byte> message)
        {
            wire._arrived.Writer.TryWrite(Encoding.Latin1.GetString(message));
            if (!message.StartsWith("SIP/2.0"u8) && wire.Answer?.Invoke(SipRequest.Parse(message)) is { } answer)
            {
                _ = flow.Transport.SendAsync(flow, Encoding.Latin1.GetBytes(answer), default);
            }
        }

        public override void Unframeable(SipFlow flow, ReadOnlySpan<byte> head, SipFramingError error) => throw new InvalidOperationException();

        public override void Closed(SipFlow flow, Exception? reason)
        {
        }
    }

    private sealed class CountingIdentifiers : SipIdentifiers
    {
        private int _last;

        public override void Fill(Span<byte> destination)
        {
            destination.Clear();
            destination[^1] = (byte)Interlocked.Increment(ref _last);
        }
    }
}
