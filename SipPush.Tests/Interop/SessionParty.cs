using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>One end of pushes in sessions on real sockets: a user agent registered with a core, with an MSRP endpoint of its own, and a sender or a receiver on both.</summary>
internal sealed class SessionParty : IAsyncDisposable
{
    private static int _instances;

    private readonly CancellationTokenSource _limit;
    private Registration? _registration;

    private SessionParty(SipStack stack, MessageTap tap, MsrpEndpoint media, TimeSpan limit)
    {
        Stack = stack;
        Tap = tap;
        Media = media;
        _limit = new CancellationTokenSource(limit, TimeProvider.System);
    }

    public SipStack Stack { get; }

    public MessageTap Tap { get; }

    public MsrpEndpoint Media { get; }

    public PushSenderAgent? Sender { get; private set; }

    public PushReceiverAgent? Receiver { get; private set; }

    public int Port => Stack.Local[0].Address.Port;

    /// <summary>Where its MSRP endpoint listens.</summary>
    public int MediaPort => (Media.LocalEndPoint ?? Media.SecureLocalEndPoint)!.Port;

    /// <summary>Ends whatever takes longer than a test may.</summary>
    public CancellationToken Token => _limit.Token;

    /// <summary>Takes sessions as bob, of anything up to 200 MB.</summary>
    /// <param name="core">Where it registers; null for nowhere.</param>
    /// <param name="transport">How it reaches the core: udp, tcp or tls.</param>
    /// <param name="isReachable">Whether its MSRP endpoint listens.</param>
    /// <param name="roots">Whom it trusts, on TLS.</param>
    /// <param name="media">Changes what its MSRP endpoint is made of; with a certificate it speaks TLS alone.</param>
    /// <param name="decide">Decides on each session; null takes all.</param>
    public static async Task<SessionParty> ReceiverAsync(
        KamailioCore? core,
        string transport,
        bool isReachable = true,
        TestAuthority? roots = null,
        Func<MsrpEndpointOptions, MsrpEndpointOptions>? media = null,
        Func<PushOffer, CancellationToken, ValueTask<PushDecision>>? decide = null)
    {
        var party = await StartAsync(core, transport, isReachable, roots, media);
        var user = party.CreateUser(core, "bob", transport);
        party.Receiver = new PushReceiverAgent(user, new PushReceiverOptions { Applications = ["mms.ua"], MaxSize = 200_000_000, Media = party.Options, DecideAsync = decide });
        return await party.RegisteredAsync(core, async token => await party.Receiver.RegisterAsync(cancellationToken: token));
    }

    /// <summary>Opens sessions as alice; the rest as with <see cref="ReceiverAsync"/>.</summary>
    public static async Task<SessionParty> SenderAsync(
        KamailioCore? core,
        string transport,
        bool isReachable = true,
        TestAuthority? roots = null,
        Func<MsrpEndpointOptions, MsrpEndpointOptions>? media = null,
        Func<PushMediaOptions, PushMediaOptions>? change = null)
    {
        var party = await StartAsync(core, transport, isReachable, roots, media);
        var user = party.CreateUser(core, "alice", transport);
        party.Sender = new PushSenderAgent(user, new PushSenderOptions { Application = "mms.ua", Media = change is null ? party.Options : change(party.Options) });
        return await party.RegisteredAsync(core, async token => await user.RegisterAsync(new RegistrationOptions(), token));
    }

    /// <summary>An MSRP endpoint that speaks TLS, shows that certificate and asks for that of the far end.</summary>
    /// <param name="certificate">Nobody needs to know who signed it: its fingerprint is announced.</param>
    /// <param name="port">Where it says it listens; null for where it does.</param>
    public static Func<MsrpEndpointOptions, MsrpEndpointOptions> Secure(X509Certificate2 certificate, int? port = null) => options => options with
    {
        Listen = null,
        ListenSecure = options.Listen,
        AdvertisedPort = port,
        Tls = new MsrpTlsOptions { Certificate = certificate, AsksForCertificates = true },
    };

    /// <summary>Octets by chance, the same for each length.</summary>
    public static byte[] Octets(int length)
    {
        var octets = new byte[length];
        new Random(length).NextBytes(octets);
        return octets;
    }

    public static string HashOf(ReadOnlySpan<byte> octets) => Convert.ToHexStringLower(SHA256.HashData(octets));

    /// <summary>Takes that many pushes, reads each to its end and reports it; the hashes by Message-ID.</summary>
    public async Task<Dictionary<string, (long Length, string Hash)>> TakeAsync(int count)
    {
        var taken = new Dictionary<string, (long, string)>();
        var reading = new List<Task>();
        await foreach (var push in Receiver!.ReceiveAllAsync(Token))
        {
            reading.Add(ReadAsync(push));
            if (reading.Count == count)
            {
                break;
            }
        }

        await Task.WhenAll(reading);
        return taken;

        async Task ReadAsync(IncomingPush push)
        {
            await using (push)
            {
                using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                var buffer = new byte[64 * 1024];
                var length = 0L;
                while (await push.Content.ReadAsync(buffer, Token) is > 0 and var read)
                {
                    hash.AppendData(buffer, 0, read);
                    length += read;
                }

                await push.CompleteAsync(Token);
                lock (taken)
                {
                    taken.Add(push.MessageId!, (length, Convert.ToHexStringLower(hash.GetHashAndReset())));
                }
            }
        }
    }

    /// <summary>What follows the beginning of a line in the first message, said or heard, that has that beginning and such a line.</summary>
    public string Line(string startLine, string line) => Tap.Messages.Select(message => message.Text)
        .First(message => message.StartsWith(startLine, StringComparison.Ordinal) && message.Contains($"\r\n{line}", StringComparison.Ordinal))
        .Split("\r\n").First(each => each.StartsWith(line, StringComparison.Ordinal))[line.Length..];

    /// <summary>Waits until it has said so many messages, or, without <paramref name="said"/>, heard them, that begin like that and have that in them.</summary>
    public async Task UntilAsync(string begin, string part = "", int count = 1, bool said = true) => Assert.That(
        await Poll.UntilAsync(
            () => (said ? Tap.Said : Tap.Heard).Count(message => message.StartsWith(begin, StringComparison.Ordinal) && message.Contains(part, StringComparison.Ordinal)) >= count, TimeSpan.FromSeconds(30)),
        Is.True,
        () => $"{begin} {part}\n{string.Join("\n", Tap.Messages)}");

    /// <summary>Has a sipp in a call with this party go on with its scenario, by an OPTIONS that looks like one of the call.</summary>
    public async Task PromptAsync(Sipp sipp, bool tcp = false)
    {
        var options = SipRequest.Parse(Encoding.ASCII.GetBytes($"""
            OPTIONS sip:al@127.0.0.1 SIP/2.0
            Max-Forwards: 70
            From: <sip:test@ims.example>;tag=1
            To: <sip:al@ims.example>
            Call-ID: {Line("", "Call-ID: ")}
            CSeq: 1 OPTIONS
            Content-Length: 0


            """.ReplaceLineEndings("\r\n")));
        Assert.That((await Stack.SendAsync(options, SipUri.Parse($"sip:127.0.0.1:{sipp.Port};transport={(tcp ? "tcp" : "udp")}"), Token)).StatusCode, Is.EqualTo(200));
    }

    /// <summary>Waits until nothing is left of any session.</summary>
    public async Task UntilQuietAsync() => Assert.That(
        await Poll.UntilAsync(() => Stack.Sessions.Count == 0 && Media.Counts is { Sessions: 0, Connections: 0, PartialMessages: 0 }, TimeSpan.FromSeconds(20)),
        Is.True,
        () => $"{Stack.Sessions.Count} dialogs and {Media.Counts} are left\n{string.Join("\n\n", Tap.Messages)}");

    public async ValueTask DisposeAsync()
    {
        if (_registration is not null)
        {
            await _registration.DisposeAsync();
        }

        if (Sender is not null)
        {
            await Sender.DisposeAsync();
        }

        if (Receiver is not null)
        {
            await Receiver.DisposeAsync();
        }

        await Stack.DisposeAsync();
        await Media.DisposeAsync();
        _limit.Dispose();
    }

    private PushMediaOptions Options => new() { Endpoint = Media, Tls = Media.Options.Tls is null ? TlsUse.None : TlsUse.Required };

    private static async Task<SessionParty> StartAsync(KamailioCore? core, string transport, bool isReachable, TestAuthority? roots, Func<MsrpEndpointOptions, MsrpEndpointOptions>? media)
    {
        var tap = new MessageTap();
        var port = FreePort.Next();
        var options = transport == "tls"
            ? CallParty.TlsOptions(core!, roots!)
            : new SipStackOptions { Listen = [SipEndPoint.Parse($"udp:127.0.0.1:{port}"), SipEndPoint.Parse($"tcp:127.0.0.1:{port}")] };
        var stack = await SipStack.StartAsync(options with { Tap = tap });
        var endpoint = new MsrpEndpointOptions { Listen = isReachable ? new IPEndPoint(IPAddress.Loopback, 0) : null, AdvertisedHost = "127.0.0.1" };
        return new SessionParty(stack, tap, MsrpEndpoint.Start(media is null ? endpoint : media(endpoint)), TimeSpan.FromSeconds(60));
    }

    private SipUserAgent CreateUser(KamailioCore? core, string name, string transport) => Stack.CreateUserAgent(new SipUserAgentOptions
    {
        AddressOfRecord = SipUri.Parse($"sip:{name}@ims.example"),
        InstanceId = $"urn:uuid:f81d4fae-7dec-11d0-a766-{Interlocked.Increment(ref _instances):x12}",
        OutboundProxies = core is null || transport == "tls" ? [] : [SipUri.Parse($"sip:{core.Gm};transport={transport};lr")],
        Credentials = core is null ? [] : [new SipCredential(name, core.Options.Password)],
    });

    private async Task<SessionParty> RegisteredAsync(KamailioCore? core, Func<CancellationToken, Task<Registration>> register)
    {
        try
        {
            _registration = core is null ? null : await register(Token);
            return this;
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }
}
