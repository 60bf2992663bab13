using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Msrp;
using SipPush.Msrp.Transport;
using SipPush.Tests.Interop;
using SipPush.Tests.Support;
using static SipPush.Tests.Msrp.Transport.TransportScene;

namespace SipPush.Tests.Msrp.Transport;

public sealed class MsrpTlsTests
{
    private static readonly TestAuthority Authority = TestAuthority.CreateRoot();

    [Test]
    public async Task Octets_go_both_ways()
    {
        await using var scene = Scene(Authority.Issue("ip:127.0.0.1"));
        var (here, there) = await scene.ConnectAsync();

        await SendAsync(here, "ping");
        await SendAsync(there, "pong!");

        Assert.That(await ReadAsync(there, 4), Is.EqualTo("ping"));
        Assert.That(await ReadAsync(here, 5), Is.EqualTo("pong!"));
        Assert.That(here.IsSecure && there.IsSecure, Is.True);
        Assert.That(here.PeerChainFault, Is.Null);
    }

    [TestCase("dns:push.example.com", "push.example.com")]
    [TestCase("dns:PUSH.example.com", "push.Example.com.")]
    [TestCase("dns:*.example.com", "push.example.com")]
    [TestCase("ip:127.0.0.1", "127.0.0.1")]
    [Description("MSRP-46")]
    public async Task A_certificate_for_the_host_is_accepted(string name, string host)
    {
        await using var scene = Scene(Authority.Issue(name));

        var (here, _) = await scene.ConnectAsync(host);

        Assert.That(MsrpPeerIdentity.ByName.Accepts(here, host), Is.True);
        Assert.That(MsrpPeerIdentity.ByName.Accepts(here, "other.example.org"), Is.False);
    }

    [TestCase("dns:other.example.com", "push.example.com")]
    [TestCase("dns:*.example.com", "a.push.example.com")]
    [TestCase("dns:*.example.com", "example.com")]
    [TestCase("dns:p*.example.com", "push.example.com")]
    [TestCase("dns:127.0.0.1", "127.0.0.1")]
    [TestCase("ip:127.0.0.2", "127.0.0.1")]
    [TestCase("uri:msrps:push.example.com", "push.example.com")]
    [Description("MSRP-46")]
    public async Task A_certificate_for_another_host_is_refused(string name, string host)
    {
        await using var scene = Scene(Authority.Issue(name));

        Assert.That(
            async () => await scene.DialAsync(host),
            Throws.InstanceOf<IOException>().With.Message.EndsWith($"its certificate is not for {host}"));
    }

    [Test]
    [Description("MSRP-46")]
    public async Task The_common_name_names_nobody()
    {
        await using var scene = Scene(Authority.IssueFor([], commonName: "push.example.com"));

        Assert.That(
            async () => await scene.DialAsync("push.example.com"),
            Throws.InstanceOf<IOException>().With.Message.EndsWith("its certificate is not for push.example.com"));
    }

    [Test]
    public async Task A_certificate_of_an_unknown_root_is_refused()
    {
        await using var scene = Scene(TestAuthority.CreateRoot("Stranger").Issue("dns:push.example.com"));

        Assert.That(
            async () => await scene.DialAsync("push.example.com"),
            Throws.InstanceOf<IOException>().With.Message.EndsWith("its certificate does not lead to a trusted root"));
    }

    [Test]
    public async Task A_certificate_that_has_expired_is_refused()
    {
        var past = new DateTimeOffset(1999, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await using var scene = Scene(Authority.IssueFor(["dns:push.example.com"], until: past));

        Assert.That(
            async () => await scene.DialAsync("push.example.com"),
            Throws.InstanceOf<IOException>().With.Message.EndsWith("its certificate has expired or is not valid yet"));
    }

    [Test]
    public async Task What_stands_between_the_certificate_and_its_root_is_sent_with_it()
    {
        var between = Authority.CreateIntermediate();
        await using var scene = new TransportScene(
            new MsrpTlsOptions { Certificate = between.Issue("dns:push.example.com"), Intermediates = between.Roots },
            new MsrpTlsOptions { TrustedRoots = Authority.Roots });

        var (here, _) = await scene.ConnectAsync("push.example.com");

        Assert.That(here.PeerChainFault, Is.Null);
    }

    [Test]
    [Description("MSRP-46, SDP-26")]
    public async Task A_certificate_that_only_its_signer_vouches_for_is_accepted_by_its_fingerprint()
    {
        using var certificate = SelfSigned();
        await using var scene = Scene(certificate);
        var expected = new MsrpPeerIdentity([MsrpFingerprint.Of(certificate, HashAlgorithmName.SHA256)]);

        var (here, _) = await scene.ConnectAsync(expected: expected);

        Assert.That(here.PeerCertificate!.RawData, Is.EqualTo(certificate.RawData));
        Assert.That(here.PeerChainFault, Is.Not.Null);
        Assert.That(expected.Accepts(here, "127.0.0.1"), Is.True);
        Assert.That(MsrpPeerIdentity.ByName.Accepts(here, "127.0.0.1"), Is.False);
    }

    [Test]
    [Description("MSRP-46, SDP-26")]
    public async Task A_certificate_without_the_fingerprint_is_refused_whoever_vouches_for_it()
    {
        using var other = SelfSigned();
        await using var scene = Scene(Authority.Issue("dns:push.example.com"));

        Assert.That(
            async () => await scene.DialAsync("push.example.com", new MsrpPeerIdentity([MsrpFingerprint.Of(other, HashAlgorithmName.SHA256)])),
            Throws.InstanceOf<IOException>().With.Message.EndsWith("its certificate does not have the fingerprint that was announced"));

        // To the other side the handshake was over.
        Assert.That(async () => await ReadAsync(await scene.AcceptAsync(), 1), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_client_shows_its_certificate_to_a_listener_that_asks()
    {
        using var server = SelfSigned();
        using var client = SelfSigned();
        await using var scene = new TransportScene(
            new MsrpTlsOptions { Certificate = server, AsksForCertificates = true }, new MsrpTlsOptions { Certificate = client });

        var (_, there) = await scene.ConnectAsync(expected: IdentityOf(server));

        Assert.That(IdentityOf(client).Accepts(there, host: null), Is.True);
        Assert.That(IdentityOf(server).Accepts(there, host: null), Is.False);
        Assert.That(MsrpPeerIdentity.ByName.Accepts(there, host: null), Is.True);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_client_without_a_certificate_is_let_in_and_matches_no_fingerprint(bool asked)
    {
        using var server = SelfSigned();
        await using var scene = new TransportScene(new MsrpTlsOptions { Certificate = server, AsksForCertificates = asked });

        var (_, there) = await scene.ConnectAsync(expected: IdentityOf(server));

        Assert.That(there.PeerCertificate, Is.Null);
        Assert.That(IdentityOf(server).Accepts(there, host: null), Is.False);
        Assert.That(MsrpPeerIdentity.ByName.Accepts(there, host: null), Is.True);
    }

    [TestCase(SslProtocols.Tls12)]
    [TestCase(SslProtocols.Tls13)]
    [Description("MSRP-46")]
    public async Task Both_current_versions_are_spoken(SslProtocols version)
    {
        await using var scene = Scene(Authority.Issue("dns:push.example.com"));
        using var client = await ConnectAsync(scene);
        await using var tls = new SslStream(client.GetStream());

        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "push.example.com",
            EnabledSslProtocols = version,
            CertificateChainPolicy = Authority.CreatePolicy(),
        }).WaitAsync(Patience);

        Assert.That(tls.SslProtocol, Is.EqualTo(version));
        Assert.That((await scene.AcceptAsync()).IsSecure, Is.True);
    }

    [Test]
    [Description("MSRP-46")]
    public async Task A_client_that_speaks_TLS_1_1_is_refused()
    {
        await using var scene = Scene(Authority.Issue("dns:push.example.com"));
        using var client = await ConnectAsync(scene);

        // A ClientHello of version 3.2 with TLS_RSA_WITH_AES_128_CBC_SHA and no extensions (RFC 4346 §7.4.1.2).
        byte[] hello = [0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2, .. Enumerable.Repeat((byte)7, 32), 0, 0, 2, 0, 0x2F, 1, 0];
        await client.GetStream().WriteAsync(hello);

        // A fatal alert, protocol_version.
        Assert.That(await ReadToEndAsync(client), Has.Length.EqualTo(7).And.ItemAt(0).EqualTo(0x15).And.ItemAt(5).EqualTo(2).And.ItemAt(6).EqualTo(70));
        Assert.That(await scene.HasNoConnections(), Is.True);
    }

    [Test]
    [Description("MSRP-46")]
    public async Task A_server_that_speaks_TLS_1_1_is_refused()
    {
        await using var scene = new TransportScene();
        var dialing = DialSecurelyAsync(scene);
        var there = await scene.AcceptAsync();
        there.Input.AdvanceTo((await there.Input.ReadAsync().AsTask().WaitAsync(Patience)).Buffer.End);

        // A ServerHello of version 3.2 (RFC 4346 §7.4.1.3).
        byte[] hello = [0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2, .. Enumerable.Repeat((byte)7, 32), 0, 0, 0x2F, 0];
        await there.Output.WriteAsync(hello);

        Assert.That(async () => await dialing.WaitAsync(Patience), Throws.InstanceOf<IOException>().With.Message.Contains("the TLS handshake failed"));
    }

    [Test]
    public async Task Who_speaks_no_TLS_to_a_TLS_listener_is_closed()
    {
        await using var scene = Scene(Authority.Issue("dns:push.example.com"));
        using var client = await ConnectAsync(scene);

        await client.GetStream().WriteAsync("MSRP a786hjs2 SEND\r\n"u8.ToArray());

        Assert.That(await ReadToEndAsync(client), Has.Length.LessThanOrEqualTo(7), "an alert at most");
        Assert.That(await scene.HasNoConnections(), Is.True);
    }

    [Test]
    public async Task A_handshake_that_stalls_is_ended_by_the_clock()
    {
        await using var scene = Scene(Authority.Issue("dns:push.example.com"));
        using var client = await ConnectAsync(scene);
        Assert.That(await Poll.UntilAsync(() => scene.Clock.ActiveTimers == 1, Patience), Is.True);
        Assert.That(scene.Listener.HandshakeCount, Is.EqualTo(1));

        scene.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.That(await ReadToEndAsync(client), Is.Empty);
        Assert.That(await scene.HasNoConnections(), Is.True);
        Assert.That(scene.Clock.ActiveTimers, Is.Zero);
    }

    [Test]
    public async Task A_server_that_stalls_in_the_handshake_is_given_up()
    {
        await using var scene = new TransportScene();
        var dialing = DialSecurelyAsync(scene);
        var there = await scene.AcceptAsync();
        await there.Input.ReadAsync().AsTask().WaitAsync(Patience);

        scene.Clock.Advance(TimeSpan.FromSeconds(10));

        Assert.That(
            async () => await dialing.WaitAsync(Patience),
            Throws.InstanceOf<IOException>().With.Message.EndsWith("the TLS handshake has not ended within 00:00:10"));
        Assert.That(scene.Clock.ActiveTimers, Is.Zero);
    }

    [TestCase(1, 64)]
    [TestCase(256, 1)]
    public async Task One_handshake_over_a_limit_is_closed_at_once_and_counted(int inAll, int perAddress)
    {
        await using var scene = Scene(
            Authority.Issue("dns:push.example.com"), new MsrpTransportLimits { Handshakes = inAll, HandshakesPerAddress = perAddress });
        using var first = await ConnectAsync(scene);
        Assert.That(await Poll.UntilAsync(() => scene.Listener.HandshakeCount == 1, Patience), Is.True);

        Assert.That(async () => await ReadToEndAsync(await ConnectAsync(scene)), Throws.InstanceOf<IOException>().Or.InstanceOf<SocketException>());
        Assert.That(scene.Listener.RefusedCount, Is.EqualTo(1));
        Assert.That(scene.Listener.HandshakeCount, Is.EqualTo(1));
    }

    [Test]
    public async Task Connections_after_their_handshake_do_not_count_as_handshakes()
    {
        await using var scene = Scene(Authority.Issue("dns:push.example.com"), new MsrpTransportLimits { Handshakes = 1 });

        await scene.ConnectAsync("push.example.com");
        await scene.ConnectAsync("push.example.com");

        Assert.That(scene.Listener.ConnectionCount, Is.EqualTo(2));
        Assert.That(scene.Listener.HandshakeCount, Is.Zero);
    }

    [Test]
    public async Task Disposing_the_listener_ends_handshakes_under_way()
    {
        var scene = Scene(Authority.Issue("dns:push.example.com"));
        using var client = await ConnectAsync(scene);
        Assert.That(await Poll.UntilAsync(() => scene.Listener.HandshakeCount == 1, Patience), Is.True);

        await scene.DisposeAsync();

        Assert.That(scene.Listener.ConnectionCount + scene.Listener.HandshakeCount, Is.Zero);
        Assert.That(scene.Clock.ActiveTimers, Is.Zero);
    }

    [TestCase("push.example.com", "push.example.com")]
    [TestCase("push.example.com.", "push.example.com")]
    [TestCase("127.0.0.1", "")]
    [Description("MSRP-46")]
    public async Task The_server_name_is_that_of_the_URI(string host, string sent)
    {
        await using var far = FarEnd.Start(Authority.Issue("dns:push.example.com", "ip:127.0.0.1"));

        await using var link = await far.DialAsync(host);

        Assert.That(far.ServerName, Is.EqualTo(sent));
    }

    [Test]
    public async Task A_close_notify_is_an_end_in_order()
    {
        await using var far = FarEnd.Start(Authority.Issue("ip:127.0.0.1"));
        await using var link = await far.DialAsync("127.0.0.1");

        await far.Stream.WriteAsync("last words"u8.ToArray());
        await far.Stream.ShutdownAsync();
        far.Socket.Shutdown(SocketShutdown.Send);

        Assert.That(await ReadAsync(link, 11), Is.EqualTo("last words"));
        Assert.That((await link.Input.ReadAsync().AsTask().WaitAsync(Patience)).IsCompleted, Is.True);
    }

    [Test]
    public async Task A_stream_that_is_cut_off_without_a_close_notify_is_an_error()
    {
        await using var far = FarEnd.Start(Authority.Issue("ip:127.0.0.1"));
        await using var link = await far.DialAsync("127.0.0.1");

        await far.Stream.WriteAsync("half a mess"u8.ToArray());
        Assert.That(await ReadAsync(link, 11), Is.EqualTo("half a mess"));
        far.Socket.Shutdown(SocketShutdown.Send);

        Assert.That(
            async () => await link.Input.ReadAsync().AsTask().WaitAsync(Patience),
            Throws.InstanceOf<IOException>().With.Message.Contains("without a close_notify"));
    }

    [Test]
    public async Task Disposing_says_close_notify()
    {
        await using var scene = Scene(Authority.Issue("ip:127.0.0.1"));
        var (here, there) = await scene.ConnectAsync();
        await SendAsync(here, "last words");

        var closing = here.DisposeAsync();

        Assert.That(await ReadAsync(there, 11), Is.EqualTo("last words"));
        Assert.That((await there.Input.ReadAsync().AsTask().WaitAsync(Patience)).IsCompleted, Is.True);
        await there.DisposeAsync();
        await closing.AsTask().WaitAsync(Patience);
    }

    [Test]
    public async Task An_aborted_link_fails_what_is_under_way_at_both_ends()
    {
        await using var scene = Scene(Authority.Issue("ip:127.0.0.1"));
        var (here, there) = await scene.ConnectAsync();
        var read = here.Input.ReadAsync().AsTask();

        here.Abort();

        Assert.That(async () => await read.WaitAsync(Patience), Throws.InstanceOf<IOException>().Or.InstanceOf<ObjectDisposedException>());
        Assert.That(async () => await there.Input.ReadAsync().AsTask().WaitAsync(Patience), Throws.InstanceOf<IOException>());
        Assert.That(async () => await SendAsync(here, "more"), Throws.InstanceOf<IOException>().Or.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task A_cancelled_read_loses_nothing()
    {
        await using var scene = Scene(Authority.Issue("ip:127.0.0.1"));
        var (here, there) = await scene.ConnectAsync();
        var read = here.Input.ReadAsync().AsTask();
        here.Input.CancelPendingRead();
        Assert.That((await read.WaitAsync(Patience)).IsCanceled, Is.True);
        here.Input.AdvanceTo((await read).Buffer.Start);

        await SendAsync(there, "pong!");

        Assert.That(await ReadAsync(here, 5), Is.EqualTo("pong!"));
    }

    [Test]
    public void A_certificate_without_its_key_can_not_be_shown()
    {
        using var bare = X509CertificateLoader.LoadCertificate(Authority.Issue().RawData);

        Assert.That(() => new MsrpTlsOptions { Certificate = bare }, Throws.ArgumentException);
    }

    private static TransportScene Scene(X509Certificate2 certificate, MsrpTransportLimits? limits = null) =>
        new(new MsrpTlsOptions { Certificate = certificate }, new MsrpTlsOptions { TrustedRoots = Authority.Roots }, limits);

    private static MsrpPeerIdentity IdentityOf(X509Certificate2 certificate) =>
        new([MsrpFingerprint.Of(certificate, HashAlgorithmName.SHA256)]);

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signed = new CertificateRequest("CN=Somebody", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(new DateTimeOffset(1999, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2040, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return X509CertificateLoader.LoadPkcs12(signed.Export(X509ContentType.Pfx), password: null);
    }

    private static Task<MsrpLink> DialSecurelyAsync(TransportScene scene) =>
        scene.Dialer.ConnectAsync("127.0.0.1", scene.Port, isSecure: true, MsrpPeerIdentity.ByName, CancellationToken.None).AsTask();

    private static async Task<TcpClient> ConnectAsync(TransportScene scene)
    {
        var client = new TcpClient();
        await client.ConnectAsync(scene.Listener.LocalEndPoint);
        return client;
    }

    private static async Task<byte[]> ReadToEndAsync(TcpClient client)
    {
        var all = new MemoryStream();
        await client.GetStream().CopyToAsync(all).WaitAsync(Patience);
        return all.ToArray();
    }

    /// <summary>A server of the framework alone, so that a test can do with it what a link would not.</summary>
    private sealed class FarEnd : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly X509Certificate2 _certificate;

        private FarEnd(X509Certificate2 certificate) => _certificate = certificate;

        public string? ServerName { get; private set; }

        public Socket Socket { get; private set; } = null!;

        public SslStream Stream { get; private set; } = null!;

        public static FarEnd Start(X509Certificate2 certificate)
        {
            var far = new FarEnd(certificate);
            far._listener.Start();
            return far;
        }

        public async Task<MsrpLink> DialAsync(string host)
        {
            var dialer = new MsrpDialer(
                new MsrpTlsOptions { TrustedRoots = Authority.Roots }, new MsrpTransportLimits(), new ManualTimeProvider(),
                NullLogger.Instance, (_, _) => new([IPAddress.Loopback]));
            var dialing = dialer.ConnectAsync(
                host, ((IPEndPoint)_listener.LocalEndpoint).Port, isSecure: true, MsrpPeerIdentity.ByName, CancellationToken.None).AsTask();
            Socket = await _listener.AcceptSocketAsync().WaitAsync(Patience);
            Stream = new SslStream(new NetworkStream(Socket, ownsSocket: true));
            await Stream.AuthenticateAsServerAsync(
                (_, hello, _, _) =>
                {
                    ServerName = hello.ServerName;
                    return new(new SslServerAuthenticationOptions { ServerCertificate = _certificate });
                }, null).WaitAsync(Patience);
            return await dialing.WaitAsync(Patience);
        }

        public async ValueTask DisposeAsync()
        {
            _listener.Dispose();
            await Stream.DisposeAsync();
        }
    }
}
