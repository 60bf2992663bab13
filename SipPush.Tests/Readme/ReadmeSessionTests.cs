using System.Net;
using System.Text;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Readme;

/// <summary>The examples of session mode, run as they stand over loopback.</summary>
public sealed class ReadmeSessionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private Interop.RunDirectory _folder = null!;
    private SipStack _near = null!;
    private SipStack _far = null!;
    private CancellationTokenSource _stop = null!;

    private SipUri Bob => SipUri.Of("bob", _far.Local[0].Address, SipProtocol.Tcp);

    private SipUserAgent Sender => _near.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:psa@example.com") });

    private SipUserAgent Receiver => _far.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:bob@example.com") });

    [SetUp]
    public async Task StartAsync()
    {
        _folder = new Interop.RunDirectory();
        _stop = new CancellationTokenSource(Patience, TimeProvider.System);
        _near = await SipStack.StartAsync(new SipStackOptions { Listen = [SipEndPoint.Parse("tcp:127.0.0.1:0")] });
        _far = await SipStack.StartAsync(new SipStackOptions { Listen = [SipEndPoint.Parse("tcp:127.0.0.1:0")] });
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _near.DisposeAsync();
        await _far.DisposeAsync();
        _stop.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task Contents_and_files_come_into_the_inbox()
    {
        var film = new byte[300_000];
        new Random(1).NextBytes(film);
        await File.WriteAllBytesAsync(_folder.File("kettle.mp4"), film);
        var inbox = _folder.File("in");
        using var enough = new CancellationTokenSource();
        var taking = ReadmeExamples.TakeAsync(Receiver, inbox, enough.Token);
        await using var sender = new PushSenderAgent(Sender, new PushSenderOptions());

        var report = await ReadmeExamples.PushInSessionAsync(sender, Bob, _folder.File("kettle.mp4"), (_, _) => { }, _stop.Token);
        await ReadmeExamples.SendFilesAsync(sender, Bob, _folder.File("kettle.mp4"), "PNG"u8.ToArray(), _stop.Token);
        await enough.CancelAsync();

        Assert.CatchAsync<OperationCanceledException>(() => taking);
        Assert.That(report.Outcome, Is.EqualTo(MsrpSendOutcome.Reported));
        Assert.That(Directory.GetFiles(inbox).Select(Path.GetFileName).Order(StringComparer.Ordinal), Is.EqualTo(["kettle.mp4", "kettle.png", "push.bin", "push.txt"]));
        Assert.That(await File.ReadAllBytesAsync(Path.Combine(inbox, "push.bin")), Is.EqualTo(film));
        Assert.That(await File.ReadAllBytesAsync(Path.Combine(inbox, "kettle.mp4")), Is.EqualTo(film));
    }

    [Test]
    public async Task With_TLS_each_end_proves_the_fingerprint_it_announced_and_the_capture_is_in_clear()
    {
        var authority = TestAuthority.CreateRoot();
        var capture = new MemoryStream();
        using var recorder = WireRecorder.Create(capture);
        using var mine = authority.Issue("dns:psa.example.com");
        using var his = authority.Issue("dns:bob.example.com");
        var local = new IPEndPoint(IPAddress.Loopback, 0);
        await using var endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { ListenSecure = local, Tls = new MsrpTlsOptions { Certificate = his, AsksForCertificates = true } });
        await using var receiver = new PushReceiverAgent(Receiver, new PushReceiverOptions { Media = new PushMediaOptions { Endpoint = endpoint, Tls = TlsUse.Required } });

        var sending = ReadmeExamples.PushSecurelyAsync(Sender, Bob, local, mine, recorder, _stop.Token);
        await foreach (var push in receiver.ReceiveAllAsync(_stop.Token))
        {
            await using (push)
            {
                using var reader = new StreamReader(push.Content);
                Assert.That(await reader.ReadToEndAsync(_stop.Token), Is.EqualTo("Nobody else can read this."));
            }

            break;
        }

        Assert.That((await sending).IsSuccess);
        recorder.Dispose();
        Assert.That(Encoding.Latin1.GetString(capture.ToArray()), Does.Contain("Nobody else can read this.").And.Contain("It went over TLS and is shown in clear"));
    }
}
