using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using SipPush.Msrp;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>A sender and a receiver with SIP in memory and MSRP over loopback, where the connection can be cut, and a folder.</summary>
internal sealed class FilePair : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<string> _sip = [];
    private SipStack _near = null!;
    private SipStack _far = null!;
    private MsrpEndpoint _nearMedia = null!;
    private MsrpEndpoint _farMedia = null!;

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("sippush-files-");

    public ManualTimeProvider Clock { get; } = new();

    /// <summary>The sender's user agent, for what the agent would not say.</summary>
    public SipUserAgent UserAgent { get; private set; } = null!;

    public PushSenderAgent Sender { get; private set; } = null!;

    public PushReceiverAgent Receiver { get; private set; } = null!;

    public CuttingRelay Relay { get; private set; } = null!;

    /// <summary>What the sender has sent and received, in order.</summary>
    public string[] Sip
    {
        get
        {
            lock (_sip)
            {
                return [.. _sip];
            }
        }
    }

    /// <summary>The session descriptions among it, with what differs from run to run by name.</summary>
    public string[] Descriptions => [.. Sip.Where(message => message.Contains("\nm=", StringComparison.Ordinal)).Select(message => Settle(message[(message.IndexOf("\n\n", StringComparison.Ordinal) + 2)..]))];

    public static async Task<FilePair> StartAsync(PushReceiverOptions? options = null)
    {
        var pair = new FilePair();
        var network = new MemoryNetwork(pair.Clock);
        pair._near = await pair.StartStackAsync(network, "tcp:192.0.2.20:5060", new Tap(pair));
        pair._far = await pair.StartStackAsync(network, "tcp:192.0.2.10:5060", null);
        pair._farMedia = MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), AdvertisedHost = "far.invalid" });
        pair.Relay = new CuttingRelay(pair._farMedia.LocalEndPoint!.Port);
        pair._nearMedia = MsrpEndpoint.Start(new MsrpEndpointOptions
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            AdvertisedHost = "near.invalid",
            Resolve = (_, _) => ValueTask.FromResult<IReadOnlyList<IPAddress>>([IPAddress.Parse("127.0.0.2")]),
        });
        pair.UserAgent = CreateUserAgent(pair._near, "sip:push@example.com");
        pair.Sender = new PushSenderAgent(pair.UserAgent, new PushSenderOptions { Media = new PushMediaOptions { Endpoint = pair._nearMedia } });
        pair.Receiver = new PushReceiverAgent(
            CreateUserAgent(pair._far, "sip:bob@example.com"),
            (options ?? new PushReceiverOptions()) with { Media = new PushMediaOptions { Endpoint = pair._farMedia }, MaxSize = options?.MaxSize ?? 16 << 20 });
        return pair;
    }

    public Task<IReadOnlyList<DeliveryReport>> SendAsync(params PushFile[] files) => SendAsync(new PushOptions(), files);

    public Task<IReadOnlyList<DeliveryReport>> SendAsync(PushOptions options, params PushFile[] files) =>
        Sender.SendFilesAsync(SipUri.Parse("sip:bob@example.com"), files, options with { Target = SipUri.Parse("sip:bob@192.0.2.10;transport=tcp") }).AsTask();

    /// <summary>The next pushes, as they come.</summary>
    public async Task<IncomingPush[]> TakeAsync(int count = 1)
    {
        var taken = new List<IncomingPush>();
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        await foreach (var push in Receiver.ReceiveAllAsync(limit.Token))
        {
            taken.Add(push);
            if (taken.Count == count)
            {
                break;
            }
        }

        return [.. taken];
    }

    /// <summary>Waits for something while time goes by.</summary>
    public async Task<T> PassTimeAsync<T>(Task<T> until)
    {
        for (var i = 0; !until.IsCompleted && i < 5_000; i++)
        {
            await Task.WhenAny(until, Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System));
            Clock.Advance(TimeSpan.FromMilliseconds(20));
        }

        return await until.WaitAsync(Patience);
    }

    public PushFile File(string name, byte[] octets, string contentType = "application/octet-stream")
    {
        var path = Path.Combine(Folder.FullName, name);
        System.IO.File.WriteAllBytes(path, octets);
        return PushFile.FromPath(path, contentType) with { Date = null };
    }

    public PushInbox OpenInbox(PushInboxOptions? options = null) => PushInbox.Open(Path.Combine(Folder.FullName, "inbox"), options);

    public static byte[] Octets(int length)
    {
        var octets = new byte[length];
        new Random(length).NextBytes(octets);
        return octets;
    }

    public async ValueTask DisposeAsync()
    {
        await Leftovers.NoneAsync(Clock, [_near, _far], [_nearMedia, _farMedia]);
        await Sender.DisposeAsync();
        await Receiver.DisposeAsync();
        await _near.DisposeAsync();
        await _far.DisposeAsync();
        await _nearMedia.DisposeAsync();
        await _farMedia.DisposeAsync();
        await Relay.DisposeAsync();
        Folder.Delete(recursive: true);
    }

    private static SipUserAgent CreateUserAgent(SipStack stack, string aor) =>
        stack.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse(aor), InstanceId = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6" });

    private ValueTask<SipStack> StartStackAsync(MemoryNetwork network, string endPoint, SipTap? tap) => SipStack.StartAsync(new SipStackOptions
    {
        Transports = [new MemoryTransport(network, SipEndPoint.Parse(endPoint))],
        TimeProvider = Clock,
        Tap = tap,
    });

    private static string Settle(string text)
    {
        text = Regex.Replace(text, @"(?m)^(o=\S+) \d+ (\d+)", "$1 ORIGIN $2");
        text = Regex.Replace(text, @"(?m)^m=message [1-9]\d*", "m=message PORT");
        text = Regex.Replace(text, @"invalid:\d+/[^;]+;", "invalid:PORT/SESSION;");
        return Regex.Replace(text, @"file-transfer-id:\S+", "file-transfer-id:ID");
    }

    private sealed class Tap(FilePair pair) : SipTap
    {
        public override void Received(SipFlow flow, ReadOnlySpan<byte> message) => Keep(message);

        public override void Sending(SipFlow flow, ReadOnlySpan<byte> message) => Keep(message);

        private void Keep(ReadOnlySpan<byte> message)
        {
            lock (pair._sip)
            {
                pair._sip.Add(Encoding.UTF8.GetString(message).Replace("\r\n", "\n", StringComparison.Ordinal));
            }
        }
    }
}
