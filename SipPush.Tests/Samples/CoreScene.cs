using System.Net;
using SipPush.Samples.SipCore;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Samples;

/// <summary>A core in memory, with Bob (192.0.2.4) and Alice (192.0.2.5) on its open side and an application server (192.0.2.10) on the trusted one.</summary>
internal sealed class CoreScene : IAsyncDisposable
{
    public static readonly IPEndPoint Open = IPEndPoint.Parse("192.0.2.1:5060");
    public static readonly IPEndPoint Trusted = IPEndPoint.Parse("192.0.2.1:5062");

    public const string Instance = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

    private int _branch;

    private CoreScene(ManualTimeProvider clock, SipCoreServer core, CorePeer bob, CorePeer alice, CorePeer server) =>
        (Clock, Core, Bob, Alice, Server) = (clock, core, bob, alice, server);

    public ManualTimeProvider Clock { get; }

    public SipCoreServer Core { get; }

    public CorePeer Bob { get; }

    public CorePeer Alice { get; }

    public CorePeer Server { get; }

    public static async Task<CoreScene> StartAsync(Func<CoreOptions, CoreOptions>? with = null)
    {
        var clock = new ManualTimeProvider();
        var network = new MemoryNetwork(clock);
        var options = new CoreOptions
        {
            ListenTransports = [new MemoryTransport(network, new SipEndPoint(SipProtocol.Udp, Open))],
            TrustedTransports = [new MemoryTransport(network, new SipEndPoint(SipProtocol.Udp, Trusted))],
            TimeProvider = clock,
        };

        return new CoreScene(
            clock,
            await SipCoreServer.StartAsync(with?.Invoke(options) ?? options),
            await CorePeer.StartAsync(network, "192.0.2.4:5060"),
            await CorePeer.StartAsync(network, "192.0.2.5:5060"),
            await CorePeer.StartAsync(network, "192.0.2.10:5080"));
    }

    public static CoreOptions WithServer(CoreOptions options) => options with { PsaUri = SipUri.Parse("sip:192.0.2.10:5080") };

    /// <summary>Bob's REGISTER with that Contact and Expires.</summary>
    public string Register(
        int cseq = 1, string contact = $"<sip:bob@192.0.2.4:5060>;+sip.instance=\"<{Instance}>\";+g.oma.pusheventapp=\"mms.ua,wml.ua\"", int? expires = 3600, string more = "", string callId = "bob-1") =>
        $"""
        REGISTER sip:example.com SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.4:5060;branch={NextBranch()};rport
        Max-Forwards: 70
        From: "Bob" <sip:bob@example.com>;tag=456248
        To: "Bob" <sip:bob@example.com>
        Call-ID: {callId}
        CSeq: {cseq} REGISTER
        Supported: gruu, path
        Contact: {contact}
        {(expires is null ? "" : $"Expires: {expires}\n")}{more}Content-Length: 0
        """;

    /// <summary>The application server's MESSAGE to that URI.</summary>
    public string Message(string to = "sip:bob@example.com", string more = "", int maxForwards = 70, string host = "192.0.2.10:5080") =>
        $"""
        MESSAGE {to} SIP/2.0
        Via: SIP/2.0/UDP {host};branch={NextBranch()};rport
        Max-Forwards: {maxForwards}
        From: <sip:psa@example.com>;tag=49583
        To: "Bob" <sip:bob@example.com>
        Call-ID: {NextBranch()}
        CSeq: 1 MESSAGE
        {more}Content-Length: 0
        """;

    public async Task<SipResponse> RegisterBobAsync()
    {
        var answer = await Bob.AskAsync(Open, Register());
        Assert.That(answer.StatusCode, Is.EqualTo(200));
        return answer;
    }

    public async ValueTask DisposeAsync()
    {
        await Core.DisposeAsync();
        await Bob.DisposeAsync();
        await Alice.DisposeAsync();
        await Server.DisposeAsync();
    }

    private string NextBranch() => $"z9hG4bKtest{++_branch}";
}
