using System.Net;
using SipPush.Samples.SipCore;
using SipPush.Sip;
using SipPush.Sip.Transactions;
using SipPush.Tests.Support;

namespace SipPush.Tests.Torture;

/// <summary>
/// The system under test as <c>FORMAT.md</c> describes it: <c>sip:sut@sut.example.com</c> on loopback, over UDP and TCP, with virtual
/// time. As a registrar it is the sample core for <c>example.com</c>, with Alice and Bob.
/// </summary>
internal sealed class Sut : IAsyncDisposable
{
    public static readonly SipEndPoint Udp = SipEndPoint.Parse("udp:127.0.0.1:5060");
    public static readonly SipEndPoint Tcp = SipEndPoint.Parse("tcp:127.0.0.1:5060");
    public static readonly SipEndPoint Tls = SipEndPoint.Parse("tls:127.0.0.1:5061");

    /// <summary>What the user agent says of itself in a session.</summary>
    public static readonly SipBody Description = new(
        "application/sdp",
        "v=0\r\no=sut 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=message 2855 TCP/MSRP *\r\na=accept-types:*\r\na=path:msrp://127.0.0.1:2855/s;tcp\r\n"u8.ToArray());

    private static readonly TimeSpan Ringing = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly List<(SipEndPoint To, byte[] Octets)> _sent = [];
    private readonly List<SipRequest> _delivered = [];
    private readonly CancellationTokenSource _ending = new();
    private SutDatagrams? _trusted;

    private Sut()
    {
        var options = new SipTransportOptions { TimeProvider = Clock, ReceiverFault = Log.Escaped };
        Certificates = new SutTls(Clock);
        Datagrams = new SutDatagrams(Udp) { Sent = Sent, Escaped = Log.Escaped };
        Streams = new SutStreams(Tcp, options);
        SecureStreams = new SutStreams(Tls, options, Certificates);
    }

    public ManualTimeProvider Clock { get; } = new();

    public SutLog Log { get; } = new();

    public SutDatagrams Datagrams { get; }

    public SutStreams Streams { get; }

    /// <summary>TLS, which the registrar does not have.</summary>
    public SutStreams SecureStreams { get; }

    /// <summary>The certificates of this and of the peers.</summary>
    public SutTls Certificates { get; }

    /// <summary>Where the servers for a name are; by default there are none.</summary>
    public Func<SipUri, IReadOnlyList<SipTarget>> Locate { get; set; } = uri => throw new IOException($"There is no {uri.Host}");

    /// <summary>True where the application fails with each request that it is given.</summary>
    public bool IsApplicationBroken { get; set; }

    /// <summary>True while what goes out is counted and not kept.</summary>
    public bool IsForgetful { get; set; }

    /// <summary>Octets of the datagrams that were not kept.</summary>
    public long OctetsForgotten { get; private set; }

    /// <summary>Null where the system under test is the registrar.</summary>
    public SipStack? Stack { get; private set; }

    /// <summary>Null where the system under test is the registrar.</summary>
    public SipUserAgent? Agent { get; private set; }

    /// <summary>Null where the system under test is a user agent.</summary>
    public SipCoreServer? Core { get; private set; }

    /// <summary>Called with each datagram that goes out, beside keeping it.</summary>
    public Action<SipEndPoint, byte[]>? OnDatagram { get; set; }

    /// <summary>The datagrams that have gone out.</summary>
    public IReadOnlyList<(SipEndPoint To, byte[] Octets)> Datagram
    {
        get
        {
            lock (_gate)
            {
                return [.. _sent];
            }
        }
    }

    /// <summary>The requests that have come to the application.</summary>
    public IReadOnlyList<SipRequest> Delivered
    {
        get
        {
            lock (_gate)
            {
                return [.. _delivered];
            }
        }
    }

    /// <summary>A user agent.</summary>
    /// <param name="user">The user part that requests find it by.</param>
    /// <param name="credentials">What it answers challenges with.</param>
    /// <param name="takesCalls">Whether it rings and then accepts; otherwise it is busy, so that nothing is left to be ended.</param>
    public static async Task<Sut> StartAgentAsync(string user = "sut", IReadOnlyList<SipCredential>? credentials = null, bool takesCalls = false)
    {
        var sut = new Sut();
        await sut.StartStackAsync(options => options with { Transports = [sut.Datagrams, sut.Streams, sut.SecureStreams] }, user, credentials ?? [], takesCalls);
        return sut;
    }

    /// <summary>A user agent that listens on TLS on a free port of loopback.</summary>
    public static async Task<Sut> StartTlsAgentAsync(string user)
    {
        var sut = new Sut();
        var certificate = new SipCertificate(TestAuthority.CreateRoot().Issue("dns:sut.example.com"));
        await sut.StartStackAsync(
            options => options with { Listen = [SipEndPoint.Parse("tls:127.0.0.1:0")], Tls = new SipTlsOptions { ServerCertificate = certificate } },
            user, [], takesCalls: false);
        return sut;
    }

    /// <summary>The sample core's registrar.</summary>
    /// <param name="users">Who may register, by password; null lets anybody.</param>
    public static async Task<Sut> StartRegistrarAsync(IReadOnlyDictionary<string, string>? users = null)
    {
        var sut = new Sut();
        sut._trusted = new SutDatagrams(SipEndPoint.Parse("udp:127.0.0.1:5062")) { Sent = sut.Sent, Escaped = sut.Log.Escaped };
        sut.Core = await SipCoreServer.StartAsync(new CoreOptions
        {
            ListenTransports = [sut.Datagrams, sut.Streams],
            TrustedTransports = [sut._trusted],
            TimeProvider = sut.Clock,
            LoggerFactory = sut.Log,
            Users = users ?? new Dictionary<string, string>(),
        });
        return sut;
    }

    /// <summary>Cancelled when nothing more is waited for.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Gives up what it still waits for: an INVITE that rings would ring for ever.</summary>
    public Task GiveUpAsync() => _ending.CancelAsync();

    /// <summary>Transactions and timers that there are now.</summary>
    public (int Clients, int Servers, int Completed, int Timers) Count()
    {
        if (Stack is not null)
        {
            return Stack.Layer.Count();
        }

        var (open, trusted) = (Datagrams.Count(), _trusted!.Count());
        return (open.Clients + trusted.Clients, open.Servers + trusted.Servers, open.Completed + trusted.Completed, open.Timers + trusted.Timers);
    }

    /// <summary>What the application does with a session, whoever began it.</summary>
    public void Use(SipSession session)
    {
        session.OfferAsync = (_, _) => ValueTask.FromResult<SipBody?>(Description);
        session.Handle(SipMethod.Message, TakeAsync);
        session.Handle(new SipMethod("INFO"), TakeAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await (Stack?.DisposeAsync() ?? Core!.DisposeAsync());
        _ending.Dispose();
    }

    private async Task StartStackAsync(Func<SipStackOptions, SipStackOptions> with, string user, IReadOnlyList<SipCredential> credentials, bool takesCalls)
    {
        Stack = await SipStack.StartAsync(with(new SipStackOptions
        {
            Transport = new SipTransportOptions { TimeProvider = Clock, ReceiverFault = Log.Escaped },
            TimeProvider = Clock,
            LoggerFactory = Log,
            LocateAsync = (uri, _) => new(Locate(uri)),
        }));
        Agent = Stack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:sut@sut.example.com"),
            ContactUser = user,
            Credentials = credentials,
        });

        Agent.Handle(SipMethod.Message, TakeAsync);
        Agent.Handle(new SipMethod("INFO"), TakeAsync);
        Agent.Handle(SipMethod.Register, TakeAsync);
        Agent.HandleInvitations(takesCalls ? RingAsync : DeclineAsync, ["application/sdp", "multipart/*"]);
    }

    /// <summary>The user agent's application: it notes what comes and takes it.</summary>
    private async ValueTask TakeAsync(SipServerTransaction transaction, CancellationToken cancellationToken)
    {
        if (IsApplicationBroken)
        {
            throw new InvalidOperationException(SutLog.Ordered);
        }

        lock (_gate)
        {
            _delivered.Add(transaction.Request);
        }

        await transaction.RespondAsync(200, cancellationToken: cancellationToken);
    }

    // Rings for a while, in which the caller may give up, and accepts.
    private async ValueTask RingAsync(Invitation invitation, CancellationToken cancellationToken)
    {
        await invitation.ProgressAsync(180, cancellationToken: cancellationToken);
        await Task.Delay(Ringing, Clock, cancellationToken);
        Use(await invitation.AcceptAsync(Description, cancellationToken));
    }

    // Busy, so that nothing is left to acknowledge or to end: an example's caller is not there.
    private static async ValueTask DeclineAsync(Invitation invitation, CancellationToken cancellationToken) =>
        await invitation.RejectAsync(486, cancellationToken: cancellationToken);

    private void Sent(SipEndPoint to, byte[] octets)
    {
        lock (_gate)
        {
            if (IsForgetful)
            {
                OctetsForgotten += octets.Length;
            }
            else
            {
                _sent.Add((to, octets));
            }
        }

        OnDatagram?.Invoke(to, octets);
    }
}
