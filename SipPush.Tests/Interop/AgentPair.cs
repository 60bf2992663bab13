using System.Net;
using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>A sender and a receiver of this library on real sockets, as two parties that only the peer under test connects.</summary>
internal sealed class AgentPair : IAsyncDisposable
{
    public static readonly SipUri Bob = SipUri.Parse("sip:bob@ims.example");
    public static readonly SipUri Psa = SipUri.Parse("sip:psa@ims.example");

    private readonly List<SipStack> _stacks = [];

    public PushReceiverAgent Receiver { get; private set; } = null!;

    public PushSenderAgent Sender { get; private set; } = null!;

    public SipStack ReceiverStack => _stacks[0];

    public SipStack SenderStack => _stacks[1];

    public SipUserAgent SenderUser { get; private set; } = null!;

    /// <param name="gm">Where the receiver's requests go.</param>
    /// <param name="isc">Where the sender's requests go; null sends them straight to their Request-URI.</param>
    /// <param name="psaPort">The port that the core tells the sender's registrations to.</param>
    /// <param name="transport">udp or tcp, between the receiver and the core.</param>
    /// <param name="change">Changes what the receiver offers.</param>
    public static async Task<AgentPair> StartAsync(IPEndPoint? gm, IPEndPoint? isc, int psaPort, string transport = "udp", Func<PushReceiverOptions, PushReceiverOptions>? change = null, string? password = null)
    {
        var pair = new AgentPair();
        var port = FreePort.Next();
        pair._stacks.Add(await StartStackAsync(port));
        pair._stacks.Add(await StartStackAsync(psaPort));

        var bob = pair.ReceiverStack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = Bob,
            InstanceId = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            OutboundProxies = gm is null ? [] : [SipUri.Parse($"sip:{gm};transport={transport};lr")],
            Credentials = password is null ? [] : [new SipCredential("bob", password)],
        });
        var options = new PushReceiverOptions { Applications = ["mms.ua"] };
        pair.Receiver = new PushReceiverAgent(bob, change is null ? options : change(options));

        pair.SenderUser = pair.SenderStack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = Psa,
            OutboundProxies = isc is null ? [] : [SipUri.Parse($"sip:{isc};transport=tcp;lr")],
            IsTrusted = true,
        });
        pair.Sender = new PushSenderAgent(pair.SenderUser, new PushSenderOptions { Application = "mms.ua" });
        return pair;
    }

    public async ValueTask DisposeAsync()
    {
        await Receiver.DisposeAsync();
        await Sender.DisposeAsync();
        foreach (var stack in _stacks)
        {
            await stack.DisposeAsync();
        }
    }

    private static ValueTask<SipStack> StartStackAsync(int port) => SipStack.StartAsync(new SipStackOptions
    {
        Listen = [SipEndPoint.Parse($"udp:127.0.0.1:{port}"), SipEndPoint.Parse($"tcp:127.0.0.1:{port}")],
        // A core that connects over TCP comes from a port of the moment, so the address alone has to do.
        TrustDomain = TrustDomain.Of("127.0.0.1"),
    });
}
