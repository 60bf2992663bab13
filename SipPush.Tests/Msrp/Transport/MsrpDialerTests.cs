using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Msrp;
using SipPush.Msrp.Transport;
using SipPush.Tests.Interop;
using SipPush.Tests.Support;
using static SipPush.Tests.Msrp.Transport.TransportScene;

namespace SipPush.Tests.Msrp.Transport;

public sealed class MsrpDialerTests
{
    private readonly ManualTimeProvider _clock = new();

    [Test]
    public async Task A_host_name_is_looked_up_and_its_addresses_are_tried_in_order()
    {
        await using var scene = new TransportScene { Addresses = [IPAddress.Parse("127.0.0.9"), IPAddress.Loopback] };

        var link = await scene.DialAsync("push.example.com");

        Assert.That(link.RemoteEndPoint, Is.EqualTo(scene.Listener.LocalEndPoint));
    }

    [Test]
    public async Task IPv6_is_reached_by_address()
    {
        await using var scene = new TransportScene(address: IPAddress.IPv6Loopback);

        var (here, there) = await scene.ConnectAsync("::1");
        await SendAsync(here, "ping");

        Assert.That(await ReadAsync(there, 4), Is.EqualTo("ping"));
    }

    [Test]
    public void A_refused_connection_is_an_error_that_names_the_host()
    {
        var port = FreePort.Next();

        var failure = Assert.ThrowsAsync<IOException>(async () => await DialAsync(Dialer(), "127.0.0.1", port));

        Assert.That(failure!.Message, Does.StartWith($"127.0.0.1, port {port}, can't be reached: "));
    }

    [Test]
    public void A_name_without_addresses_is_an_error()
    {
        var dialer = Dialer((_, _) => new([]));

        Assert.That(async () => await DialAsync(dialer, "nowhere.example.com", 2855), Throws.InstanceOf<IOException>());
    }

    [Test]
    public void A_name_that_is_not_resolved_in_time_is_given_up()
    {
        var never = new TaskCompletionSource<IReadOnlyList<IPAddress>>();
        var dialing = DialAsync(Dialer((_, _) => new(never.Task)), "slow.example.com", 2855);
        _clock.Advance(TimeSpan.FromSeconds(9.9));
        Assert.That(dialing.IsCompleted, Is.False);

        _clock.Advance(TimeSpan.FromSeconds(.1));

        Assert.That(async () => await dialing.WaitAsync(Patience), Throws.InstanceOf<IOException>().With.InnerException.InstanceOf<TimeoutException>());
    }

    [Test]
    public void A_cancelled_attempt_is_cancelled()
    {
        var never = new TaskCompletionSource<IReadOnlyList<IPAddress>>();
        using var cancelled = new CancellationTokenSource();
        var dialing = Dialer((_, _) => new(never.Task))
            .ConnectAsync("slow.example.com", 2855, isSecure: false, MsrpPeerIdentity.ByName, cancelled.Token).AsTask();

        cancelled.Cancel();

        Assert.That(async () => await dialing.WaitAsync(Patience), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task An_address_that_does_not_answer_does_not_hold_up_the_next_one()
    {
        await using var scene = new TransportScene { Addresses = [IPAddress.Parse("127.0.0.9"), IPAddress.Loopback] };
        using var deaf = new DeafListener(new IPEndPoint(IPAddress.Parse("127.0.0.9"), scene.Port));
        var dialing = scene.DialAsync("push.example.com");

        // The time-out of all and the wait for the first address.
        Assert.That(await Poll.UntilAsync(() => scene.Clock.ActiveTimers == 2, Patience), Is.True);
        scene.Clock.Advance(TimeSpan.FromMilliseconds(250));

        Assert.That((await dialing).RemoteEndPoint, Is.EqualTo(scene.Listener.LocalEndPoint));
        Assert.That(scene.Clock.ActiveTimers, Is.Zero);
    }

    [Test]
    public async Task A_connection_that_is_not_answered_in_time_is_given_up()
    {
        using var deaf = new DeafListener(new IPEndPoint(IPAddress.Loopback, 0));
        var dialing = DialAsync(Dialer(), "127.0.0.1", deaf.Port);
        Assert.That(await Poll.UntilAsync(() => _clock.ActiveTimers == 1, Patience), Is.True);

        _clock.Advance(TimeSpan.FromSeconds(10));

        Assert.That(async () => await dialing.WaitAsync(Patience), Throws.InstanceOf<IOException>().With.InnerException.InstanceOf<TimeoutException>());
        Assert.That(_clock.ActiveTimers, Is.Zero);
    }

    private MsrpDialer Dialer(Func<string, CancellationToken, ValueTask<IReadOnlyList<IPAddress>>>? resolve = null) =>
        new(null, new MsrpTransportLimits(), _clock, NullLogger.Instance, resolve);

    private static Task<MsrpLink> DialAsync(MsrpDialer dialer, string host, int port) =>
        dialer.ConnectAsync(host, port, isSecure: false, MsrpPeerIdentity.ByName, CancellationToken.None).AsTask();

    /// <summary>Listens, and has so many connections waiting that the system lets one more go unanswered.</summary>
    private sealed class DeafListener : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        private readonly List<Socket> _waiting = [];

        public DeafListener(IPEndPoint local)
        {
            _socket.Bind(local);
            _socket.Listen(0);

            for (var count = 0; count < 4; count++)
            {
                var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
                _waiting.Add(client);

                try
                {
                    client.Connect(_socket.LocalEndPoint!);
                }
                catch (SocketException)
                {
                    // It is under way.
                }
            }
        }

        public int Port => ((IPEndPoint)_socket.LocalEndPoint!).Port;

        public void Dispose()
        {
            _waiting.ForEach(client => client.Dispose());
            _socket.Dispose();
        }
    }
}
