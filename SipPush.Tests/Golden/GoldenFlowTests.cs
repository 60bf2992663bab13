using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using SipPush.Msrp;
using SipPush.Samples.SipCore;
using SipPush.Sip;
using SipPush.Tests.Msrp;
using SipPush.Tests.Support;

namespace SipPush.Tests.Golden;

/// <summary>
/// The sample flows B.1 to B.3 between the agents and the core of the samples, in memory, with identifiers that count and a clock that stands still: each message on the wire has to be the one in
/// GoldenFlow.md.
/// </summary>
public sealed class GoldenFlowTests
{
    private const string User = "sip:user@domain.com";
    private const string Instance = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    private const string ReceiverAddress = "192.0.2.4";
    private const string CoreAddress = "192.0.2.1";
    private const string SenderAddress = "192.0.2.10";

    // As long as that of the flow, and such that no part of it is like another.
    private static readonly byte[] Content = Encoding.ASCII.GetBytes(string.Concat(
        ["Content-Type: text/vnd.wap.wml\r\nX-Wap-Application-Id: x-wap-application:wml.ua\r\n\r\n", .. Enumerable.Range(1, 1_000).Select(line => string.Create(CultureInfo.InvariantCulture, $"<p>{line}</p>\n"))]))[..4385];

    private readonly ManualTimeProvider _clock = new();

    [Test]
    [Description("PUSH-01, PUSH-02, PUSH-03, PUSH-05, PUSH-10, PUSH-11, PUSH-23, PUSH-25, PUSH-29")]
    public async Task The_flows_B1_to_B3_are_the_transcript()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        var record = new GoldenRecord(Content, new Dictionary<string, string> { [ReceiverAddress] = "PRA", [CoreAddress] = "core", [SenderAddress] = "PSA" });
        var network = new MemoryNetwork(_clock) { Fate = record.Saw };
        MemoryTransport[] At(string address, int port) => [new(network, SipEndPoint.Parse($"udp:{address}:{port}")), new(network, SipEndPoint.Parse($"tcp:{address}:{port}"))];

        await using var core = await SipCoreServer.StartAsync(new CoreOptions
        {
            ListenTransports = At(CoreAddress, 5060),
            TrustedTransports = At(CoreAddress, 5062),
            Domain = "domain.com",
            PsaUri = SipUri.Parse($"sip:{SenderAddress};transport=tcp"),
            TimeProvider = _clock,
            Identifiers = new CountingIdentifiers(0xc000),
        });
        await using var receiverStack = await StartAsync(At(ReceiverAddress, 5060), null, new CountingIdentifiers(0xb000));
        await using var senderStack = await StartAsync([At(SenderAddress, 5060)[1]], "psa.domain.com", new CountingIdentifiers(0xa000));
        await using var receiverMedia = MsrpEndpoint.Start(Media("userpc.domain.com", 8888));
        await using var senderMedia = MsrpEndpoint.Start(Media("psa.domain.com", 7654) with
        {
            Tap = record,
            Connect = async (uri, _) =>
            {
                Assert.That((uri.Host, uri.Port), Is.EqualTo(("userpc.domain.com", (int?)8888)));
                await record.UntilAsync("core", "PRA", "ACK ");
                return Connect(receiverMedia);
            },
        });

        await using var receiver = new PushReceiverAgent(
            receiverStack.CreateUserAgent(new SipUserAgentOptions
            {
                AddressOfRecord = SipUri.Parse(User),
                DisplayName = "Bob",
                InstanceId = Instance,
                OutboundProxies = [SipUri.Parse($"sip:{CoreAddress}")],
                SessionTimer = null,
            }),
            new PushReceiverOptions { Applications = ["mms.ua", "wml.ua"], AcceptTypes = ["application/vnd.wap.mms-message", "text/vnd.wap.wml"], Media = new PushMediaOptions { Endpoint = receiverMedia } });
        await using var sender = new PushSenderAgent(
            senderStack.CreateUserAgent(new SipUserAgentOptions
            {
                AddressOfRecord = SipUri.Parse("sip:psa.domain.com"),
                ContactUser = "psa",
                OutboundProxies = [SipUri.Parse($"sip:{CoreAddress}:5062;transport=tcp")],
                IsTrusted = true,
                SessionTimer = null,
            }),
            new PushSenderOptions
            {
                OfferTypes = [PushMessage.MediaType],
                Media = new PushMediaOptions { Endpoint = senderMedia, Messages = new MsrpSessionOptions { ChunkSize = 2048, Pipelining = false } },
            });
        await using var pushes = receiver.ReceiveAllAsync(limit.Token).GetAsyncEnumerator();

        // B.1
        await using var registration = await receiver.RegisterAsync(cancellationToken: limit.Token);
        await sender.Registrations.WaitForAsync(SipUri.Parse(User), "mms.ua", limit.Token);
        await record.UntilAsync("PSA", "core", "SIP/2.0 200");

        // B.2
        var identity = SipUri.Parse("sip:psa@domain.com");
        var message = await sender.SendAsync(
            SipUri.Parse(User), PushContent.FromBytes("(Push content...)"u8.ToArray(), "application/vnd.wap.mms-message"), new PushOptions { Application = "mms.ua", Identity = identity }, limit.Token);
        Assert.That(message.Outcome, Is.EqualTo(PushOutcome.Delivered), message.ToString());
        await using (var push = await NextAsync(pushes))
        {
            Assert.That(Encoding.ASCII.GetString(push.Bytes.Span), Is.EqualTo("(Push content...)"));
        }

        // B.3
        var file = PushFile.FromBytes("pushid-a3cd20b8ae7f", Content, PushMessage.MediaType);
        var sending = sender.SendFilesAsync(SipUri.Parse(User), [file], new PushOptions { Application = "wml.ua", Identity = identity, SuccessReport = true }, limit.Token).AsTask();
        await using (var push = await NextAsync(pushes))
        {
            var content = new byte[Content.Length];
            await push.Content.ReadExactlyAsync(content, limit.Token);
            Assert.That(content, Is.EqualTo(Content));

            // Its end, where the hash is compared, is read when every chunk has its answer: the report comes behind them.
            await record.UntilAsync("PRA", "PSA", "MSRP ", 4);
            Assert.That(await push.Content.ReadAsync(content, limit.Token), Is.Zero);
            await push.CompleteAsync(limit.Token);
        }

        Assert.That((await sending).Select(report => (report.Outcome, report.Bytes)), Is.EqualTo([(MsrpSendOutcome.Reported, (long)Content.Length)]));
        await record.UntilAsync("core", "PSA", "SIP/2.0 200", 3);

        var said = record.Messages;
        var golden = await File.ReadAllTextAsync(Path.Combine(TestContext.CurrentContext.TestDirectory, "Golden", "GoldenFlow.md"));
        var actual = Path.Combine(TestContext.CurrentContext.WorkDirectory, "GoldenFlow.actual.md");
        await File.WriteAllTextAsync(actual, GoldenTranscript.With(golden, said));
        Assert.That(said.Select(each => each.ToString()), Is.EqualTo(GoldenTranscript.Read(golden).Select(each => each.ToString())), $"What it is now stands in {actual}");
    }

    private ValueTask<SipStack> StartAsync(MemoryTransport[] transports, string? host, SipIdentifiers identifiers) => SipStack.StartAsync(new SipStackOptions
    {
        Transports = transports,
        Advertise = host is null ? null : new SipAdvertisedAddress(host),
        TimeProvider = _clock,
        Identifiers = identifiers,
        TrustDomain = TrustDomain.Of(CoreAddress),
        LocateAsync = Locate,
    });

    private static ValueTask<IReadOnlyList<SipTarget>> Locate(SipUri uri, CancellationToken cancellationToken) => throw new IOException($"Nobody should ask for {uri}");

    private MsrpEndpointOptions Media(string host, int port) => new()
    {
        AdvertisedHost = host,
        AdvertisedPort = port,
        TimeProvider = _clock,
        Identifiers = new CountingMsrpIdentifiers(),
    };

    private static Side Connect(MsrpEndpoint server)
    {
        Pipe there = new(), back = new();
        _ = server.ServeAsync(new Side(there.Reader, back.Writer));
        return new Side(back.Reader, there.Writer);
    }

    private static async Task<IncomingPush> NextAsync(IAsyncEnumerator<IncomingPush> pushes)
    {
        Assert.That(await pushes.MoveNextAsync(), Is.True);
        return pushes.Current;
    }

    private sealed record Side(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
