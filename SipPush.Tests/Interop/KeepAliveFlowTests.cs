using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>Pings to the programs of others. The clock is the test's, the sockets are real: nothing here depends on how fast they are.</summary>
[TestFixture, Category("Interop"), Parallelizable]
public sealed class KeepAliveFlowTests
{
    // Grants outbound, answers two pings on each connection and then no more.
    private const string Registrar =
        """
        import socket, sys
        server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        print("listening", flush=True)
        for connection in range(1, 3):
            peer, _ = server.accept()
            pings, waiting = 0, b""
            while True:
                octets = peer.recv(65536)
                if not octets:
                    break
                waiting += octets
                while True:
                    if waiting.startswith(b"\r\n\r\n"):
                        waiting, pings = waiting[4:], pings + 1
                        if pings <= 2:
                            peer.sendall(b"\r\n")
                        print(f"ping {pings} on {connection}", flush=True)
                    elif waiting and b"\r\n\r\n" in waiting:
                        head, _, waiting = waiting.partition(b"\r\n\r\n")
                        lines = head.decode().split("\r\n")
                        copied = [line for line in lines if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq", "Contact")]
                        print(f"{lines[0].split()[0]} on {connection}", flush=True)
                        answer = ["SIP/2.0 200 OK", *copied, "Expires: 3600", "Require: outbound", "Flow-Timer: 100", "Content-Length: 0", "", ""]
                        peer.sendall("\r\n".join(answer).encode())
                    else:
                        break
            print(f"end of {connection}", flush=True)
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(100);

    private readonly ManualTimeProvider _clock = new();
    private readonly FlowTap _tap = new();

    [Test, Description("SIP-52, SIP-53")]
    public async Task A_registrar_that_stops_to_answer_pings_is_left_and_registered_with_anew()
    {
        var python = Peer.Require("python3");
        using var directory = new RunDirectory();
        var port = FreePort.Next();
        await using var registrar = PeerProcess.Start(python, directory.Path, "-c", Registrar, $"{port}");
        await UntilAsync(() => registrar.Lines.Contains("listening"), registrar);
        await using var stack = await StartAsync();
        await using var registration = await RegisterAsync(stack, port, new RegistrationOptions());
        var first = _tap.Last!;

        for (var ping = 1; ping <= 2; ping++)
        {
            AdvanceToPing(first);
            await UntilAsync(() => registrar.Lines.Contains($"ping {ping} on 1") && first.KeepAlive is { PongAwaited: false, HasAnswered: true }, registrar);
        }

        AdvanceToPing(first);
        await UntilAsync(() => registrar.Lines.Contains("ping 3 on 1"), registrar);
        Assert.That(first.IsOpen, Is.True);
        _clock.Advance(TimeSpan.FromSeconds(10));

        await UntilAsync(() => registrar.Lines.Contains("REGISTER on 2"), registrar);
        Assert.That(first.IsOpen, Is.False);
        Assert.That((await first.Ended.WaitAsync(Limit))?.Message, Does.Contain("has not answered a ping"));
        Assert.That(_tap.Last, Is.Not.SameAs(first));
        Assert.That(registrar.Lines.Count(line => line.StartsWith("REGISTER", StringComparison.Ordinal)), Is.EqualTo(2));
        Assert.That(registrar.Lines, Does.Contain("end of 1"));
    }

    [Test, Description("SIP-52")]
    public async Task Kamailio_answers_pings()
    {
        await using var core = await KamailioCore.StartAsync(new KamailioOptions());
        await using var stack = await StartAsync();
        await using var registration = await RegisterAsync(stack, core.Gm.Port, new RegistrationOptions { KeepAlive = Interval });
        var flow = _tap.Last!;

        for (var ping = 1; ping <= 3; ping++)
        {
            AdvanceToPing(flow);
            Assert.That(await Poll.UntilAsync(() => flow.KeepAlive is { PongAwaited: false, HasAnswered: true }, Limit), Is.True);
        }

        Assert.That(flow.IsOpen, Is.True);
    }

    private ValueTask<SipStack> StartAsync() => SipStack.StartAsync(new SipStackOptions
    {
        Listen = [SipEndPoint.Parse("tcp:127.0.0.1:0")],
        Transport = new SipTransportOptions { TimeProvider = _clock },
        TimeProvider = _clock,
        Tap = _tap,
    });

    private static async Task<Registration> RegisterAsync(SipStack stack, int port, RegistrationOptions options)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        var user = stack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = AgentPair.Bob,
            InstanceId = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            OutboundProxies = [SipUri.Parse($"sip:127.0.0.1:{port};transport=tcp;lr")],
        });
        return await user.RegisterAsync(options, limit.Token);
    }

    // No further: the pong takes its way through the system, and none of its ten seconds.
    private void AdvanceToPing(SipFlow flow)
    {
        for (var second = 0; second < Interval.TotalSeconds && !flow.KeepAlive!.PongAwaited; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private static async Task UntilAsync(Func<bool> condition, PeerProcess peer) =>
        Assert.That(await Poll.UntilAsync(condition, Limit), Is.True, () => peer.Output);

    /// <summary>Knows the flow that was sent on last.</summary>
    private sealed class FlowTap : SipTap
    {
        public SipFlow? Last { get; private set; }

        public override void Received(SipFlow flow, ReadOnlySpan<byte> message)
        {
        }

        public override void Sending(SipFlow flow, ReadOnlySpan<byte> message) => Last = flow;
    }
}
