using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Transport;

[CancelAfter(60_000)]
public sealed class TlsTransportTests
{
    private const string Message = "MESSAGE sip:a SIP/2.0\r\nContent-Length: 4\r\n\r\nbody";
    private const string SipUsage = "1.3.6.1.5.5.7.3.20";
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string MailUsage = "1.3.6.1.5.5.7.3.4";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TestAuthority _authority = TestAuthority.CreateRoot();

    [TestCase(SslProtocols.Tls12)]
    [TestCase(SslProtocols.Tls13)]
    public async Task A_message_goes_there_and_its_answer_comes_back_on_the_connection(SslProtocols version)
    {
        var far = new RecordingReceiver();
        await using var server = await StartAsync(far, Server("dns:example.com"));
        await using var peer = await DialAsync(server, new SslClientAuthenticationOptions { EnabledSslProtocols = version });

        await peer.WriteAsync(Octets(Message));
        var (flow, text) = await far.NextAsync();
        await server.SendAsync(flow, Octets("answer"), default);

        Assert.That(peer.SslProtocol, Is.EqualTo(version));
        Assert.That(text, Is.EqualTo(Message));
        Assert.That(await ReadAsync(peer, 6), Is.EqualTo("answer"));
        Assert.That(flow.Protocol, Is.EqualTo(SipProtocol.Tls));
        Assert.That(flow.PeerIdentities, Is.Empty);
    }

    [Test]
    public async Task Two_transports_talk_in_both_directions()
    {
        var (near, far) = (new RecordingReceiver(), new RecordingReceiver());
        await using var client = await StartAsync(near, Server("dns:client.example.com"));
        await using var server = await StartAsync(far, Server("uri:sip:example.com"));

        var flow = await client.ConnectAsync(server.Local, "example.com", default);
        await client.SendAsync(flow, Octets(Message), default);
        var (accepted, text) = await far.NextAsync();
        await server.SendAsync(accepted, Octets(Message), default);

        Assert.That(text, Is.EqualTo(Message));
        Assert.That((await near.NextAsync()).Flow, Is.SameAs(flow));
        Assert.That(flow.PeerIdentities, Is.EqualTo(["example.com"]));
        Assert.That(await client.ConnectAsync(server.Local, "EXAMPLE.com", default), Is.SameAs(flow));
    }

    [Test]
    public async Task Records_of_one_octet_make_whole_messages()
    {
        var receiver = new RecordingReceiver();
        await using var server = await StartAsync(receiver, Server("dns:example.com"));
        await using var peer = await DialAsync(server);

        foreach (var octet in Octets(Message + Message))
        {
            await peer.WriteAsync(new[] { octet });
        }

        Assert.That((await receiver.NextAsync()).Text, Is.EqualTo(Message));
        Assert.That((await receiver.NextAsync()).Text, Is.EqualTo(Message));
    }

    [Test]
    public async Task Large_messages_from_both_sides_at_once_arrive_whole()
    {
        var (near, far) = (new RecordingReceiver(), new RecordingReceiver());
        await using var client = await StartAsync(near, Server("dns:client.example.com"));
        await using var server = await StartAsync(far, Server("dns:example.com"));
        far.OnReceived = (flow, message) => _ = server.SendAsync(flow, message, default).AsTask();
        var flow = await client.ConnectAsync(server.Local, "example.com", default);
        var messages = Enumerable.Range(0, 200).Select(index => $"A {index}\r\nl: {index * 211}\r\n\r\n{new string('b', index * 211)}").ToArray();

        var sending = Task.Run(async () =>
        {
            foreach (var message in messages)
            {
                await client.SendAsync(flow, Octets(message), default);
            }
        });

        // Answers that had to wait for room may have overtaken one another.
        var answers = new List<string>();
        while (answers.Count < messages.Length)
        {
            answers.Add((await near.NextAsync()).Text);
        }
        await sending;
        Assert.That(answers.OrderBy(answer => answer.Length), Is.EqualTo(messages.OrderBy(message => message.Length)));
    }

    [TestCase("dns:example.com", "example.com")]
    [TestCase("dns:example.com", "example.com.")]
    [TestCase("ip:127.0.0.1", null)]
    [TestCase("ip:127.0.0.1", "127.0.0.1")]
    [TestCase("ip:::1", "[::1]")]
    public async Task The_certificate_must_be_for_the_domain_and_then_the_connection_stands(string name, string? domain)
    {
        await using var client = await StartAsync(new RecordingReceiver(), Server("dns:client.example.com"));
        await using var server = await StartAsync(new RecordingReceiver(), Server(name));

        Assert.That((await client.ConnectAsync(server.Local, domain, default)).IsOpen, Is.True);
    }

    [TestCase("dns:example.net", "example.com", "its certificate is not for example.com but for example.net")]
    [TestCase("dns:*.example.com", "sip.example.com", "its certificate is not for sip.example.com but for nobody in SIP")]
    [TestCase("dns:example.com uri:sip:example.net", "example.com", "its certificate is not for example.com but for example.net")]
    [TestCase("dns:example.com", null, "its certificate is not for 127.0.0.1 but for example.com")]
    [TestCase("ip:127.0.0.2", null, "its certificate is not for 127.0.0.1 but for 127.0.0.2")]
    public async Task A_certificate_for_somebody_else_is_refused(string names, string? domain, string cause)
    {
        using var log = new RecordingLog();
        await using var client = await StartAsync(new RecordingReceiver(), Server("dns:client.example.com"), log: log);
        await using var server = await StartAsync(new RecordingReceiver(), Server(names.Split(' ')));

        var refusal = Assert.ThrowsAsync<IOException>(async () => await client.ConnectAsync(server.Local, domain, default));

        Assert.That(refusal.Message, Is.EqualTo($"{server.Local.Address} can't be reached: {cause}"));
        Assert.That(await log.NextAsync(), Is.EqualTo($"1019 {server.Local.Address} is not taken for {domain ?? "127.0.0.1"}: {cause}"));
        Assert.That(client.ConnectionCount, Is.Zero);
    }

    [Test]
    public async Task A_certificate_is_refused_when_it_has_expired()
    {
        await using var client = await StartAsync(new RecordingReceiver(), Server("dns:client.example.com"));
        var expired = _authority.IssueFor(["dns:example.com"], until: new DateTimeOffset(2001, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var server = await StartAsync(new RecordingReceiver(), Server() with { ServerCertificate = new SipCertificate(expired) });

        var refusal = Assert.ThrowsAsync<IOException>(async () => await client.ConnectAsync(server.Local, "example.com", default));

        Assert.That(refusal.Message, Does.EndWith(": its certificate has expired or is not valid yet"));
    }

    [Test]
    public async Task A_certificate_is_refused_when_nobody_trusts_its_root()
    {
        var stranger = TestAuthority.CreateRoot("Stranger");
        await using var client = await StartAsync(new RecordingReceiver(), Server("dns:client.example.com"));
        await using var bySystem = await StartAsync(new RecordingReceiver(), Server("dns:client.example.com") with { TrustedRoots = null });
        var tls = Server() with { ServerCertificate = new SipCertificate(stranger.Issue("dns:example.com")) };
        await using var server = await StartAsync(new RecordingReceiver(), tls);

        foreach (var transport in new[] { client, bySystem })
        {
            var refusal = Assert.ThrowsAsync<IOException>(async () => await transport.ConnectAsync(server.Local, "example.com", default));
            Assert.That(refusal.Message, Does.EndWith(": its certificate is not trusted: it does not lead to a trusted root"));
        }
    }

    [TestCase(ServerUsage, null, true)]
    [TestCase(SipUsage, null, true)]
    [TestCase(MailUsage, null, false)]
    [TestCase(SipUsage, SipUsage, true)]
    [TestCase(SipUsage, MailUsage, false)]
    public async Task The_usage_of_the_certificate_and_of_those_above_it_must_allow_it(string usage, string? above, bool allowed)
    {
        var intermediate = _authority.CreateIntermediate(usage: above);
        var certificate = new SipCertificate(intermediate.IssueFor(["dns:example.com"], usage: usage), [intermediate.Certificate]);
        await using var client = await StartAsync(new RecordingReceiver(), Server("dns:client.example.com"));
        await using var server = await StartAsync(new RecordingReceiver(), Server() with { ServerCertificate = certificate });

        Task connecting = client.ConnectAsync(server.Local, "example.com", default).AsTask();
        await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        Assert.That(connecting.IsCompletedSuccessfully, Is.EqualTo(allowed), connecting.Exception?.ToString());
    }

    [Test]
    public async Task A_connection_is_used_again_only_for_the_domain_that_it_was_verified_for()
    {
        await using var client = await StartAsync(new RecordingReceiver(), Server("dns:client.example.com"));
        await using var server = await StartAsync(new RecordingReceiver(), Server("dns:example.com", "dns:example.net"));

        var com = await client.ConnectAsync(server.Local, "example.com", default);
        var net = await client.ConnectAsync(server.Local, "example.net", default);

        Assert.That(net, Is.Not.SameAs(com));
        Assert.That(await client.ConnectAsync(server.Local, "example.com", default), Is.SameAs(com));
        Assert.ThrowsAsync<IOException>(async () => await client.ConnectAsync(server.Local, "example.org", default));
    }

    [Test]
    public async Task The_server_is_asked_for_the_domain_and_may_show_one_certificate_for_each()
    {
        var tls = Server("dns:example.com") with
        {
            NamedServerCertificates = new Dictionary<string, SipCertificate> { ["Example.NET"] = new(_authority.Issue("dns:example.net")) },
        };
        await using var client = await StartAsync(new RecordingReceiver(), Server("dns:client.example.com"));
        await using var server = await StartAsync(new RecordingReceiver(), tls);

        Assert.That((await client.ConnectAsync(server.Local, "example.net", default)).PeerIdentities, Is.EqualTo(["example.net"]));
        Assert.That((await client.ConnectAsync(server.Local, "example.com", default)).PeerIdentities, Is.EqualTo(["example.com"]));
    }

    [Test]
    public async Task A_certificate_can_be_replaced_while_old_connections_live_on()
    {
        var receiver = new RecordingReceiver();
        var certificate = new SipCertificate(_authority.Issue("dns:old.example.com"));
        await using var client = await StartAsync(new RecordingReceiver(), Server("dns:client.example.com"));
        await using var server = await StartAsync(receiver, Server() with { ServerCertificate = certificate });
        var before = await client.ConnectAsync(server.Local, "old.example.com", default);

        certificate.Replace(_authority.Issue("dns:new.example.com"));
        var after = await client.ConnectAsync(server.Local, "new.example.com", default);
        await client.SendAsync(before, Octets(Message), default);

        Assert.That((await receiver.NextAsync()).Flow.Remote, Is.EqualTo(before.Local));
        Assert.That(after.PeerIdentities, Is.EqualTo(["new.example.com"]));
    }

    [TestCase(SipClientCertificates.Ignored, true, "")]
    [TestCase(SipClientCertificates.Asked, true, "client.example.com")]
    [TestCase(SipClientCertificates.Required, true, "client.example.com")]
    [TestCase(SipClientCertificates.Ignored, false, "")]
    [TestCase(SipClientCertificates.Asked, false, "")]
    public async Task A_client_is_known_by_its_certificate_where_one_is_asked_for(SipClientCertificates policy, bool shown, string identities)
    {
        var receiver = new RecordingReceiver();
        var tls = Server("dns:x.example.com") with { ClientCertificate = shown ? new SipCertificate(_authority.Issue("uri:sip:client.example.com")) : null };
        await using var client = await StartAsync(new RecordingReceiver(), tls);
        await using var server = await StartAsync(receiver, Server("dns:example.com") with { ClientCertificates = policy });

        var flow = await client.ConnectAsync(server.Local, "example.com", default);
        await client.SendAsync(flow, Octets(Message), default);

        Assert.That(string.Join(' ', (await receiver.NextAsync()).Flow.PeerIdentities), Is.EqualTo(identities));
    }

    [Test]
    public async Task Requests_for_a_clients_domain_go_back_over_its_connection_and_others_do_not()
    {
        var receiver = new RecordingReceiver();
        var tls = Server("dns:x.example.com") with { ClientCertificate = new SipCertificate(_authority.Issue("dns:client.example.com")) };
        await using var client = await StartAsync(new RecordingReceiver(), tls);
        await using var server = await StartAsync(receiver, Server("dns:example.com") with { ClientCertificates = SipClientCertificates.Asked });
        await client.SendAsync(await client.ConnectAsync(server.Local, "example.com", default), Octets(Message), default);
        var (accepted, _) = await receiver.NextAsync();

        Assert.That(await server.ConnectAsync(accepted.Remote, "client.example.com", default), Is.SameAs(accepted));
        Assert.ThrowsAsync<IOException>(async () => await server.ConnectAsync(accepted.Remote, "other.example.com", default));
        Assert.ThrowsAsync<IOException>(async () => await server.ConnectAsync(accepted.Remote, default));
    }

    [TestCase(SslProtocols.Tls12, false, "it shows no certificate")]
    [TestCase(SslProtocols.Tls13, false, "it shows no certificate")]
    [TestCase(SslProtocols.Tls12, true, "its certificate is not trusted: it does not lead to a trusted root")]
    [TestCase(SslProtocols.Tls13, true, "its certificate is not trusted: it does not lead to a trusted root")]
    public async Task A_client_without_the_certificate_that_is_required_is_not_let_in(SslProtocols version, bool shown, string cause)
    {
        var stranger = TestAuthority.CreateRoot("Stranger");
        using var log = new RecordingLog();
        await using var server = await StartAsync(
            new RecordingReceiver(), Server("dns:example.com") with { ClientCertificates = SipClientCertificates.Required }, log: log);
        var options = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = version,
            ClientCertificates = shown ? [stranger.Issue("dns:client.example.com")] : null,
        };

        // Up to version 1.2 the client learns of it within the handshake, from 1.3 on when it reads.
        Assert.CatchAsync(async () =>
        {
            await using var peer = await DialAsync(server, options);
            await ReadAsync(peer, 1);
            throw new IOException("the end");
        });

        Assert.That(await log.NextAsync(), Does.StartWith("1018 127.0.0.1:").And.EndWith($" was not let in: {cause}"));
        Assert.That(server.ConnectionCount, Is.Zero);
    }

    [Test]
    [Description("SIP-96")]
    public async Task A_handshake_that_does_not_end_is_given_up_and_holds_up_nobody()
    {
        var (clock, log, receiver) = (new TransportClock(), new RecordingLog(), new RecordingReceiver());
        await using var server = await StartAsync(receiver, Server("dns:example.com"), clock: clock, log: log);
        using var silent = await SocketAsync(server.Local);
        await using var other = await DialAsync(server);
        await other.WriteAsync(Octets(Message));
        await receiver.NextAsync();

        // Its handshake begins when a thread gets to it, so the clock moves on until it has ended.
        var end = silent.ReceiveAsync(new byte[1]).WaitAsync(Patience);
        Assert.That(end.IsCompleted, Is.False);
        while (!end.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(end, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System));
        }

        Assert.That(await end, Is.Zero);
        Assert.That(await log.NextAsync(), Does.EndWith(" was not let in: the TLS handshake has not ended within 00:00:10"));
    }

    [Test]
    public async Task An_attempt_keeps_the_place_of_its_connection()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var remote = new SipEndPoint(SipProtocol.Tls, (IPEndPoint)listener.LocalEndpoint);
        await using var client = await StartAsync(new RecordingReceiver(), Server("dns:client.example.com"), limits: new SipTransportLimits { Connections = 1 });
        var connecting = client.ConnectAsync(remote, "example.com", default).AsTask();

        var failure = Assert.ThrowsAsync<IOException>(() => client.ConnectAsync(remote, "example.net", default).AsTask().WaitAsync(Patience));

        Assert.That(failure.Message, Does.EndWith("can't be reached: the limit of connections is reached"));
        (await listener.AcceptSocketAsync()).Close(0);
        Assert.ThrowsAsync<IOException>(() => connecting.WaitAsync(Patience));
    }

    [Test]
    public async Task A_server_that_does_not_answer_the_handshake_can_not_be_reached()
    {
        var clock = new TransportClock();
        await using var client = await StartAsync(new RecordingReceiver(), Server("dns:client.example.com"), clock: clock);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        var connecting = client.ConnectAsync(new SipEndPoint(SipProtocol.Tls, (IPEndPoint)listener.LocalEndpoint), "example.com", default).AsTask();
        using var accepted = await listener.AcceptSocketAsync();
        await accepted.ReceiveAsync(new byte[1]);
        clock.Advance(TimeSpan.FromSeconds(11));

        var failure = Assert.ThrowsAsync<IOException>(() => connecting.WaitAsync(Patience));
        Assert.That(failure.Message, Does.EndWith("can't be reached: the TLS handshake has not ended within 00:00:10"));
    }

    [Test]
    [Description("SIP-96")]
    public async Task Handshakes_over_the_limit_are_closed_at_once([Values] bool ofOneAddress)
    {
        using var log = new RecordingLog();
        var tls = ofOneAddress ? Server("dns:example.com") with { HandshakesPerAddress = 1 } : Server("dns:example.com") with { Handshakes = 1 };
        await using var server = await StartAsync(new RecordingReceiver(), tls, log: log);
        using var first = await SocketAsync(server.Local);
        using var second = await SocketAsync(server.Local);

        Assert.That(await second.ReceiveAsync(new byte[1]).WaitAsync(Patience), Is.Zero);
        Assert.That(await log.NextAsync(), Is.EqualTo($"1020 Over 1 TLS handshakes are under way, in all or from one address: {second.LocalEndPoint} is closed"));
    }

    [TestCase(Message)]
    [TestCase("\r\n\r\n")]
    [TestCase("\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001\u00ff")]
    [Description("SIP-96")]
    public async Task What_is_not_TLS_is_closed_and_the_next_one_is_served(string octets)
    {
        var (log, receiver) = (new RecordingLog(), new RecordingReceiver());
        await using var server = await StartAsync(receiver, Server("dns:example.com"), log: log);
        using var garbage = await SocketAsync(server.Local);
        await garbage.SendAsync(Octets(octets));
        garbage.Shutdown(SocketShutdown.Send);

        Assert.That(await log.NextAsync(), Does.Contain(" was not let in: the TLS handshake failed: "));
        await using var peer = await DialAsync(server);
        await peer.WriteAsync(Octets(Message));
        Assert.That((await receiver.NextAsync()).Text, Is.EqualTo(Message));
        Assert.That(server.ConnectionCount, Is.EqualTo(1));
    }

    [Test]
    public async Task Garbage_after_the_handshake_and_a_reset_end_the_connection()
    {
        var receiver = new RecordingReceiver();
        await using var server = await StartAsync(receiver, Server("dns:example.com"));

        foreach (var harm in new Action<Socket>[]
        {
            socket => socket.Send(Octets("MESSAGE sip:a SIP/2.0\r\n")),
            socket => socket.Close(0),
        })
        {
            using var socket = await SocketAsync(server.Local);
            await using var peer = await DialAsync(server, socket: socket);
            await peer.WriteAsync(Octets(Message));
            await receiver.NextAsync();

            harm(socket);

            Assert.That((await receiver.NextClosedAsync()).Reason, Is.InstanceOf<IOException>());
        }
    }

    [Test]
    public async Task Closing_writes_what_was_taken_over_and_says_so()
    {
        var receiver = new RecordingReceiver();
        await using var server = await StartAsync(receiver, Server("dns:example.com"));
        using var socket = await SocketAsync(server.Local);
        await using var peer = await DialAsync(server, new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 }, socket);
        await peer.WriteAsync(Octets(Message));
        var (flow, _) = await receiver.NextAsync();

        await server.SendAsync(flow, Octets("last"), default);
        var closing = server.CloseAsync(flow).AsTask();
        var octets = await ReadToEndAsync(socket);

        // In version 1.2 the kind of a record is not hidden: 23 is data, 21 an alert (RFC 5246 §6.2.1).
        Assert.That(KindsOfRecords(octets)[^2..], Is.EqualTo([23, 21]));
        socket.Dispose();
        await closing.WaitAsync(Patience);
        Assert.That((await receiver.NextClosedAsync()).Reason, Is.Null);
    }

    [Test]
    public async Task Disposing_ends_connections_and_handshakes_whose_far_end_does_nothing()
    {
        var receiver = new RecordingReceiver();
        var server = await StartAsync(receiver, Server("dns:example.com"), clock: new TransportClock());
        using var silent = await SocketAsync(server.Local);
        await using var peer = await DialAsync(server);
        await peer.WriteAsync(Octets(Message));
        var (flow, _) = await receiver.NextAsync();
        await server.SendAsync(flow, Octets("last"), default);

        await server.DisposeAsync().AsTask().WaitAsync(Patience);

        Assert.That(await ReadAsync(peer, 5), Is.EqualTo("last"));
        Assert.That(receiver.ClosedCount, Is.EqualTo(1));
        Assert.That(server.ConnectionCount, Is.Zero);
        Assert.ThrowsAsync<IOException>(async () => await server.ConnectAsync(server.Local, "example.com", default));
    }

    [Test]
    public void Listening_takes_a_certificate_with_its_key()
    {
        var listen = SipEndPoint.Parse("tls:127.0.0.1:0");
        using var certificate = X509CertificateLoader.LoadCertificate(_authority.Certificate.RawData);

        Assert.Throws<ArgumentException>(() => _ = new TlsTransport(listen, new SipTlsOptions()));
        Assert.Throws<ArgumentException>(() => _ = new TlsTransport(SipEndPoint.Parse("tcp:127.0.0.1:0"), Server("dns:example.com")));
        Assert.Throws<ArgumentException>(() => _ = new SipCertificate(certificate));
    }

    private SipTlsOptions Server(params string[] names) => new()
    {
        ServerCertificate = new SipCertificate(_authority.Issue(names)),
        TrustedRoots = _authority.Roots,
    };

    private async Task<TlsTransport> StartAsync(RecordingReceiver receiver, SipTlsOptions tls, TimeProvider? clock = null, RecordingLog? log = null, SipTransportLimits? limits = null)
    {
        var options = new SipTransportOptions { Limits = limits ?? new SipTransportLimits(), TimeProvider = clock ?? TimeProvider.System, LoggerFactory = log ?? (ILoggerFactory)NullLoggerFactory.Instance };
        var transport = new TlsTransport(SipEndPoint.Parse("tls:127.0.0.1:0"), tls, options);
        await transport.StartAsync(receiver, default);
        return transport;
    }

    private static async Task<Socket> SocketAsync(SipEndPoint remote)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(remote.Address);
        return socket;
    }

    private async Task<SslStream> DialAsync(TlsTransport transport, SslClientAuthenticationOptions? options = null, Socket? socket = null)
    {
        options ??= new SslClientAuthenticationOptions();
        options.TargetHost = "example.com";
        options.CertificateChainPolicy = _authority.CreatePolicy();
        var stream = new SslStream(new NetworkStream(socket ?? await SocketAsync(transport.Local), ownsSocket: true));
        await stream.AuthenticateAsClientAsync(options).WaitAsync(Patience);
        return stream;
    }

    private static async Task<string> ReadAsync(SslStream stream, int count)
    {
        var octets = new byte[count];
        var read = await stream.ReadAtLeastAsync(octets, count, throwOnEndOfStream: false).AsTask().WaitAsync(Patience);
        return Encoding.Latin1.GetString(octets, 0, read);
    }

    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        using var all = new MemoryStream();
        await new NetworkStream(socket).CopyToAsync(all).WaitAsync(Patience);
        return all.ToArray();
    }

    private static List<int> KindsOfRecords(ReadOnlySpan<byte> octets)
    {
        var kinds = new List<int>();
        while (octets.Length >= 5)
        {
            kinds.Add(octets[0]);
            octets = octets[(5 + (octets[3] << 8) + octets[4])..];
        }
        return kinds;
    }

    private static byte[] Octets(string text) => Encoding.Latin1.GetBytes(text);
}

file static class Waiting
{
    public static Task<int> WaitAsync(this ValueTask<int> receiving, TimeSpan patience) => receiving.AsTask().WaitAsync(patience);

    public static ValueTask<int> ReceiveAsync(this Socket socket, byte[] octets) => socket.ReceiveAsync(octets.AsMemory(), SocketFlags.None);
}
