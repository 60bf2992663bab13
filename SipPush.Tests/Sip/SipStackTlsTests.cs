using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip;

/// <summary>The stack on TLS, on real sockets.</summary>
[CancelAfter(60_000)]
public sealed class SipStackTlsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TestAuthority _authority = TestAuthority.CreateRoot();

    [Test]
    public async Task A_request_to_an_address_goes_over_TLS_and_its_answer_comes_back()
    {
        string? via = null;
        await using var server = await StartAsync(handler: (transaction, cancellationToken) =>
        {
            via = transaction.Request.TopVia.ToString();
            return Answer(transaction, cancellationToken);
        });
        await using var client = await StartAsync();

        var result = await client.SendAsync(Options(server.Local[0]));

        // SIP-48
        Assert.That(result.Response?.StatusCode, Is.EqualTo(200), result.Error?.ToString());
        Assert.That(via, Does.StartWith($"SIP/2.0/TLS 127.0.0.1:{client.Local[0].Address.Port};branch="));
    }

    [TestCase("uri:sip:client.example.com", true)]
    [TestCase("dns:other.example.com", false)]
    [TestCase(null, false)]
    public async Task A_peer_is_trusted_by_the_domain_of_its_certificate(string? name, bool expected)
    {
        bool? trusted = null;
        await using var server = await StartAsync(
            change: options => options with { TrustDomain = TrustDomain.Of("tls:client.example.com") },
            handler: (transaction, cancellationToken) =>
            {
                trusted = transaction.IsTrusted;
                return Answer(transaction, cancellationToken);
            });
        await using var client = await StartAsync(
            change: options => options with { Tls = options.Tls with { ClientCertificate = name is null ? null : new SipCertificate(_authority.Issue(name)) } });

        var result = await client.SendAsync(Options(server.Local[0]));

        Assert.That(result.Response?.StatusCode, Is.EqualTo(200), result.Error?.ToString());
        Assert.That(trusted, Is.EqualTo(expected));
    }

    [Test]
    [Description("SIP-51")]
    public async Task A_server_that_proves_to_be_somebody_else_fails_the_request_and_nothing_goes_in_the_clear()
    {
        var received = 0;
        await using var server = await StartAsync(
            change: options => options with
            {
                Listen = [.. options.Listen, SipEndPoint.Parse("tcp:127.0.0.1:0"), SipEndPoint.Parse("udp:127.0.0.1:0")],
                Tls = options.Tls with { ServerCertificate = new SipCertificate(_authority.Issue("dns:example.net")) },
            },
            handler: (transaction, cancellationToken) =>
            {
                Interlocked.Increment(ref received);
                return Answer(transaction, cancellationToken);
            });
        await using var client = await StartAsync();

        var result = await client.SendAsync(Options(server.Local[0]));

        Assert.That(result.Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
        Assert.That(result.Error?.Message, Does.EndWith("its certificate is not for 127.0.0.1 but for example.net"));
        Assert.That(received, Is.Zero);
    }

    [TestCase("example.com", true)]
    [TestCase("example.net", false)]
    public async Task With_maddr_the_server_must_prove_to_be_the_domain(string domain, bool expected)
    {
        await using var server = await StartAsync(handler: Answer);
        await using var client = await StartAsync();
        var remote = server.Local[0];

        var result = await client.SendAsync(Options(remote), SipUri.Parse($"sips:{domain}:{remote.Address.Port};maddr=127.0.0.1"));

        Assert.That(result.Response is not null, Is.EqualTo(expected), result.Error?.ToString());
    }

    [Test]
    public async Task A_connection_that_is_reset_fails_its_transactions_at_once()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        // A clock that stands still: no timer of the transaction can have ended it.
        await using var client = await StartAsync(change: options => options with { TimeProvider = new ManualTimeProvider() });
        var sending = client.SendAsync(Options(new SipEndPoint(SipProtocol.Tls, (IPEndPoint)listener.LocalEndpoint))).AsTask();
        using var socket = await listener.AcceptSocketAsync();
        await using var stream = new SslStream(new NetworkStream(socket));
        using var certificate = _authority.Issue("ip:127.0.0.1");
        await stream.AuthenticateAsServerAsync(certificate);
        await stream.ReadExactlyAsync(new byte[1]);

        socket.Close(0);

        Assert.That((await sending.WaitAsync(Patience)).Outcome, Is.EqualTo(SipTransactionOutcome.TransportFailed));
    }

    [Test]
    public void Listening_without_a_certificate_is_refused_in_words()
    {
        var options = new SipStackOptions { Listen = [SipEndPoint.Parse("tls:127.0.0.1:0")] };

        var refusal = Assert.ThrowsAsync<ArgumentException>(async () => await SipStack.StartAsync(options));

        Assert.That(refusal.Message, Does.StartWith("Listening on tls:127.0.0.1:0 takes a server certificate"));
    }

    private static ValueTask Answer(SipServerTransaction transaction, CancellationToken cancellationToken) =>
        new(transaction.RespondAsync(200, cancellationToken: cancellationToken).AsTask());

    private static SipRequest Options(SipEndPoint remote)
    {
        using var request = new SipRequestBuilder(SipMethod.Options, SipUri.Of(null, remote.Address, SipProtocol.Tls));
        request.Add(SipHeaderNames.MaxForwards, "70");
        request.Add(SipHeaderNames.From, "<sip:psa@example.com>;tag=1");
        request.Add(SipHeaderNames.To, "<sip:127.0.0.1>");
        request.Add(SipHeaderNames.CallId, "c1");
        request.Add(SipHeaderNames.CSeq, "1 OPTIONS");
        return request.Build();
    }

    private async Task<SipStack> StartAsync(Func<SipStackOptions, SipStackOptions>? change = null, SipRequestHandler? handler = null)
    {
        var options = new SipStackOptions
        {
            Listen = [SipEndPoint.Parse("tls:127.0.0.1:0")],
            Tls = new SipTlsOptions
            {
                ServerCertificate = new SipCertificate(_authority.Issue("dns:example.com", "ip:127.0.0.1")),
                ClientCertificates = SipClientCertificates.Asked,
                TrustedRoots = _authority.Roots,
            },
            OnRequest = handler,
        };
        return await SipStack.StartAsync(change is null ? options : change(options));
    }
}
