using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SipPush.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Msrp.Receiving;

/// <summary>Sessions over TLS, with a far end that speaks it by itself.</summary>
[Description("MSRP-46")]
public sealed class SecureSessionTests
{
    private const string Bob = "msrps://bob.example.com:8888/b1;tcp";

    private static readonly TestAuthority Authority = TestAuthority.CreateRoot();

    private X509Certificate2 _certificate = null!;
    private MsrpEndpoint _endpoint = null!;
    private MsrpSession _session = null!;
    private Socket _socket = null!;
    private SslStream _bob = null!;

    [SetUp]
    public async Task Connect()
    {
        _certificate = Authority.Issue("dns:bob.example.com");
        _endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions
        {
            ListenSecure = new IPEndPoint(IPAddress.Loopback, 0),
            Tls = new MsrpTlsOptions { Certificate = Authority.Issue("ip:127.0.0.1"), AsksForCertificates = true },
        });
        _session = _endpoint.CreateSession(secure: true);
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await _socket.ConnectAsync(_endpoint.SecureLocalEndPoint!);
        _bob = new SslStream(new NetworkStream(_socket, ownsSocket: true));
        await _bob.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "127.0.0.1",
            ClientCertificates = [_certificate],
            CertificateChainPolicy = Authority.CreatePolicy(),
        }).WaitAsync(MsrpWire.Patience);
    }

    [TearDown]
    public async Task End()
    {
        await _bob.DisposeAsync();
        _socket.Dispose();
        await _session.DisposeAsync();
        await _endpoint.DisposeAsync();
        _certificate.Dispose();
        Assert.That(_endpoint.Counts, Is.EqualTo(default(MsrpEndpointCounts)));
    }

    [Test]
    [Description("Edge 47: one octet a record")]
    public async Task A_message_is_whole_however_records_cut_it()
    {
        var start = StartAsync(_certificate);

        foreach (var octet in Octets("Hello", isWhole: true))
        {
            await _bob.WriteAsync(new[] { octet });
        }

        Assert.That(await MsrpWire.ReadNextAsync(_session), Is.EqualTo("Hello"));
        Assert.That(await AnswerAsync(), Does.StartWith("MSRP tid1 200 OK\r\n"));
        await start.WaitAsync(MsrpWire.Patience);
    }

    [Test]
    [Description("Edge 47: close_notify and an abrupt end within a chunk")]
    public async Task A_chunk_that_was_cut_off_is_no_message([Values] bool inOrder)
    {
        var start = StartAsync(_certificate);
        await _bob.WriteAsync(Octets("Hello", isWhole: false));
        await start.WaitAsync(MsrpWire.Patience);
        var message = await MsrpWire.ReceiveAsync(_session);

        if (inOrder)
        {
            await _bob.ShutdownAsync();
        }

        _socket.Shutdown(SocketShutdown.Send);

        Assert.That(() => MsrpWire.ReadAsync(message), Throws.InstanceOf<MsrpException>());
        Assert.That(await _session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(MsrpSessionEnd.ConnectionLost));
    }

    [Test]
    [Description("Edge 47, RFC 4975 §14.4")]
    public async Task A_far_end_with_another_certificate_than_announced_gets_403_and_not_the_session()
    {
        using var announced = Authority.Issue("dns:bob.example.com");
        var start = StartAsync(announced);

        await _bob.WriteAsync(Octets("Hello", isWhole: true));

        Assert.That(await AnswerAsync(), Does.StartWith("MSRP tid1 403 "));
        Assert.That(start.IsCompleted, Is.False);
        await _session.DisposeAsync();
        Assert.That(() => start.WaitAsync(MsrpWire.Patience), Throws.InstanceOf<MsrpException>());
    }

    private Task StartAsync(X509Certificate2 announced) => _session.StartAsync(new MsrpRemote
    {
        Path = MsrpWire.PathOf(Bob),
        Role = MsrpRole.Passive,
        Fingerprints = [MsrpFingerprint.Of(announced, HashAlgorithmName.SHA256)],
    }).AsTask();

    private byte[] Octets(string body, bool isWhole) =>
        MsrpWirePeer.Octets($"MSRP tid1 SEND\nTo-Path: {_session.LocalUri}\nFrom-Path: {Bob}\nMessage-ID: mmmm\nContent-Type: text/plain\n\n{body}\n{(isWhole ? "-------tid1$" : "")}");

    private async Task<string> AnswerAsync()
    {
        var octets = new byte[1024];
        var count = await _bob.ReadAtLeastAsync(octets, "MSRP tid1 200 OK\r\n".Length).AsTask().WaitAsync(MsrpWire.Patience);
        return Encoding.Latin1.GetString(octets, 0, count);
    }
}
