using Microsoft.Extensions.Logging;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Seed;

/// <summary>What the lenient profile repairs is said in the log, once a message.</summary>
public sealed class LenientLogTests
{
    private const string Faulty = """
        MESSAGE sip:user@domain.com;gr=1"  SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1
        Max-Forwards: 70
        From: <sip:psa.domain.com>;tag=49583>
        To: Bob <sip:user@domain.com
        Call-ID: c1
        CSeq: 1 MESSAGE
        """;

    [Test, Description("PUSH-28")]
    public async Task Each_repair_of_a_message_is_named_once_at_Debug()
    {
        var log = new Lines();
        var clock = new ManualTimeProvider();
        var network = new MemoryNetwork(clock);
        await using var peer = await WirePeer.StartAsync(network, "udp:192.0.2.9:5060");
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Transports = [new MemoryTransport(network, SipEndPoint.Parse("udp:192.0.2.1:5060"))],
            TimeProvider = clock,
            LoggerFactory = log,
            Profile = SipProfile.Lenient,
        });

        await peer.SendAsync("udp:192.0.2.1:5060", Faulty);
        await peer.SendAsync("udp:192.0.2.1:5060", Faulty.Replace("\"  ", " ", StringComparison.Ordinal).Replace("3>", "3", StringComparison.Ordinal).Replace(".com\nCall", ".com>\nCall", StringComparison.Ordinal));

        Assert.That(log.Written, Is.EqualTo(["Debug: A message on udp 192.0.2.1:5060 <- 192.0.2.9:5060 was read leniently: RequestLineSpaces, StrayQuote, UnclosedBracket, ExtraBracket"])
            .Using<string>((left, right) => Tail(left) == Tail(right)));

        // How a flow is written is its own matter.
        static string Tail(string line) => line[..line.IndexOf(' ')] + line[line.IndexOf("was read", StringComparison.Ordinal)..];
    }

    private sealed class Lines : ILoggerFactory, ILogger
    {
        public List<string> Written { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == 1021)
            {
                Written.Add($"{logLevel}: {formatter(state, exception)}");
            }
        }
    }
}
