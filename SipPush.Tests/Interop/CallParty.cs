using System.Net;
using System.Text;
using System.Threading.Channels;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>A user agent of this library on real sockets that calls and is called.</summary>
internal sealed class CallParty : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static int _instances;

    private readonly Channel<SipSession> _called = Channel.CreateUnbounded<SipSession>();
    private readonly CancellationTokenSource _limit = new(Limit, TimeProvider.System);
    private Registration? _registration;

    private CallParty(SipStack stack, SipUserAgent user, MessageTap tap)
    {
        Stack = stack;
        User = user;
        Tap = tap;
    }

    public SipStack Stack { get; }

    public SipUserAgent User { get; }

    public MessageTap Tap { get; }

    public int Port => Stack.Local[0].Address.Port;

    /// <summary>Ends whatever takes longer than a test may.</summary>
    public CancellationToken Token => _limit.Token;

    /// <summary>The GRUU of its registration.</summary>
    public SipUri Gruu => _registration!.Binding!.PublicGruu!;

    /// <summary>A session description; each number is another one.</summary>
    public static SipBody Sdp(int number) => new("application/sdp", Encoding.ASCII.GetBytes(
        $"v=0\r\no=- 1 {number} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"));

    /// <summary>On UDP and TCP, with no core between it and the others.</summary>
    public static Task<CallParty> StartAsync(
        string name, Func<SipStackOptions, SipStackOptions>? change = null, Func<SipUserAgentOptions, SipUserAgentOptions>? changeUser = null)
    {
        var port = FreePort.Next();
        var options = new SipStackOptions { Listen = [SipEndPoint.Parse($"udp:127.0.0.1:{port}"), SipEndPoint.Parse($"tcp:127.0.0.1:{port}")] };
        return StartAsync(options, UserOptions(name), change, changeUser);
    }

    /// <summary>Registered with a core, which it reaches by that transport.</summary>
    /// <param name="core">Its domain is where all requests go.</param>
    /// <param name="name">The user.</param>
    /// <param name="transport">udp, tcp or tls.</param>
    /// <param name="roots">Whom it trusts, on TLS.</param>
    /// <param name="change">Changes what the stack is made of.</param>
    public static async Task<CallParty> RegisterAsync(
        KamailioCore core, string name, string transport, TestAuthority? roots = null, Func<SipStackOptions, SipStackOptions>? change = null)
    {
        var user = UserOptions(name) with { Credentials = [new SipCredential(name, core.Options.Password)] };
        return transport == "tls"
            ? await RegisterAsync(await StartAsync(TlsOptions(core, roots!), user, change))
            : await RegisterAsync(core.Gm, user, transport, change);
    }

    /// <summary>As above, with a core that asks for no password.</summary>
    public static Task<CallParty> RegisterAsync(IPEndPoint core, string name, string transport, Func<SipStackOptions, SipStackOptions>? change = null) =>
        RegisterAsync(core, UserOptions(name), transport, change);

    private static async Task<CallParty> RegisterAsync(IPEndPoint core, SipUserAgentOptions user, string transport, Func<SipStackOptions, SipStackOptions>? change) =>
        await RegisterAsync(await StartAsync(user.AddressOfRecord.User.ToString(), change, _ => user with { OutboundProxies = [SipUri.Parse($"sip:{core};transport={transport};lr")] }));

    private static async Task<CallParty> RegisterAsync(CallParty party)
    {
        try
        {
            party._registration = await party.User.RegisterAsync(new RegistrationOptions(), party.Token);
            return party;
        }
        catch
        {
            await party.DisposeAsync();
            throw;
        }
    }

    /// <summary>A stack on TLS alone that finds every name at the core's TLS listener.</summary>
    public static SipStackOptions TlsOptions(KamailioCore core, TestAuthority roots) => new()
    {
        Listen = [SipEndPoint.Parse("tls:127.0.0.1:0")],
        LocateAsync = (uri, _) => new ValueTask<IReadOnlyList<SipTarget>>(
            [new SipTarget(new SipEndPoint(SipProtocol.Tls, core.Tls), uri.Host.ToString())]),
        Tls = new SipTlsOptions
        {
            ServerCertificate = new SipCertificate(roots.Issue("dns:party.example")),
            TrustedRoots = roots.Roots,
        },
    };

    /// <summary>Takes every call: rings, accepts with <see cref="Sdp"/> 1 and takes each change with a description of the next number.</summary>
    public void TakeCalls(Func<Invitation, CancellationToken, ValueTask>? before = null) => User.HandleInvitations(async (invitation, token) =>
    {
        await invitation.ProgressAsync(180, cancellationToken: token);
        if (before is not null)
        {
            await before(invitation, token);
        }

        // The far end may ask for a change as soon as it has the 200.
        TakeChanges(invitation.Session);
        var session = await invitation.AcceptAsync(Sdp(1), token);
        await _called.Writer.WriteAsync(session, token);
    });

    /// <summary>Answers each offer with a description of the next number, from 2 on.</summary>
    public static void TakeChanges(SipSession session)
    {
        var number = 1;
        session.OfferAsync = (_, _) => new ValueTask<SipBody?>(Sdp(Interlocked.Increment(ref number)));
    }

    /// <summary>The next session that was accepted.</summary>
    public ValueTask<SipSession> CalledAsync() => _called.Reader.ReadAsync(Token);

    /// <summary>Calls, offering <see cref="Sdp"/> 1, and fails the test unless a session comes of it.</summary>
    public async Task<SipSession> CallAsync(SipUri target, Func<InviteOptions, InviteOptions>? change = null)
    {
        var options = new InviteOptions { Offer = Sdp(1) };
        var calling = User.InviteAsync(target, change is null ? options : change(options), Token).AsTask();
        await ((Task)calling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.That(calling.IsCompletedSuccessfully, Is.True, () => $"{calling.Exception}\n{string.Join("\n", Tap.Messages)}");
        var result = await calling;
        Assert.That(result.StatusCode, Is.EqualTo(200), () => $"{result.Error}{result.Response}\n{string.Join("\n", Tap.Messages)}");
        return result.Session!;
    }

    /// <summary>What a request to a sipp says, whose answers name no other.</summary>
    public static Action<SipRequestBuilder> ToBob { get; } = request => request.Set(SipHeaderNames.To, $"<{AgentPair.Bob}>");

    /// <summary>Waits until it has said or heard something, and fails the test when that does not come.</summary>
    public async Task UntilAsync(Func<SippMessage, bool> condition, int count = 1) =>
        Assert.That(await Poll.UntilAsync(() => Tap.Messages.Count(condition) >= count, Limit), Is.True, () => string.Join("\n\n", Tap.Messages));

    /// <summary>Waits until nothing is left of any call.</summary>
    public async Task UntilQuietAsync() =>
        Assert.That(await Poll.UntilAsync(() => Stack.Sessions.Count == 0, Limit), Is.True, () => $"{Stack.Sessions.Count} sessions are left");

    public async ValueTask DisposeAsync()
    {
        if (_registration is not null)
        {
            await _registration.DisposeAsync();
        }

        await Stack.DisposeAsync();
        _limit.Dispose();
    }

    private static SipUserAgentOptions UserOptions(string name) => new()
    {
        AddressOfRecord = SipUri.Parse($"sip:{name}@ims.example"),
        InstanceId = $"urn:uuid:f81d4fae-7dec-11d0-a765-{Interlocked.Increment(ref _instances):x12}",
    };

    private static async Task<CallParty> StartAsync(
        SipStackOptions options,
        SipUserAgentOptions user,
        Func<SipStackOptions, SipStackOptions>? change,
        Func<SipUserAgentOptions, SipUserAgentOptions>? changeUser = null)
    {
        var tap = new MessageTap();
        options = options with { Tap = tap };
        var stack = await SipStack.StartAsync(change is null ? options : change(options));
        return new CallParty(stack, stack.CreateUserAgent(changeUser is null ? user : changeUser(user)), tap);
    }
}
