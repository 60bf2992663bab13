using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Msrp;
using SipPush.Msrp.Transport;
using SipPush.Tests.Interop;
using SipPush.Tests.Support;

namespace SipPush.Tests.Msrp.Transport;

/// <summary>A listener on loopback that hands its links to the test, and a dialer.</summary>
internal sealed class TransportScene : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<MsrpLink> _accepted = Channel.CreateUnbounded<MsrpLink>();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<MsrpLink> _links = [];

    public TransportScene(
        MsrpTlsOptions? listening = null, MsrpTlsOptions? dialing = null, MsrpTransportLimits? limits = null,
        ManualTimeProvider? clock = null, IPAddress? address = null)
    {
        Clock = clock ?? new ManualTimeProvider();
        limits ??= new MsrpTransportLimits();
        IsSecure = listening is not null;
        Listener = MsrpSocketListener.Start(
            new IPEndPoint(address ?? IPAddress.Loopback, 0), listening, limits, Clock, NullLogger.Instance, ServeAsync);
        Dialer = new MsrpDialer(dialing, limits, Clock, NullLogger.Instance, (_, _) => new(Addresses));
    }

    public ManualTimeProvider Clock { get; }

    public MsrpSocketListener Listener { get; }

    public MsrpDialer Dialer { get; }

    public bool IsSecure { get; }

    /// <summary>What every host name resolves to.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [IPAddress.Loopback];

    public int Port => Listener.LocalEndPoint.Port;

    public async Task<MsrpLink> DialAsync(string host = "127.0.0.1", MsrpPeerIdentity? expected = null)
    {
        var link = await Dialer.ConnectAsync(host, Port, IsSecure, expected ?? MsrpPeerIdentity.ByName, CancellationToken.None)
            .AsTask().WaitAsync(Patience);
        _links.Add(link);
        return link;
    }

    public Task<MsrpLink> AcceptAsync() => _accepted.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public async Task<(MsrpLink Here, MsrpLink There)> ConnectAsync(string host = "127.0.0.1", MsrpPeerIdentity? expected = null) =>
        (await DialAsync(host, expected), await AcceptAsync());

    public static async Task SendAsync(MsrpLink link, string text)
    {
        link.Output.Write(Encoding.ASCII.GetBytes(text));
        await link.Output.FlushAsync().AsTask().WaitAsync(Patience);
    }

    /// <summary>Reads that many characters, or fewer when the far end has ended before.</summary>
    public static async Task<string> ReadAsync(MsrpLink link, int length)
    {
        var result = await link.Input.ReadAtLeastAsync(length).AsTask().WaitAsync(Patience);
        var text = result.Buffer.Slice(0, Math.Min(length, result.Buffer.Length));
        var read = Encoding.ASCII.GetString(text);
        link.Input.AdvanceTo(text.End);
        return read;
    }

    public Task<bool> HasNoConnections() =>
        Poll.UntilAsync(() => Listener is { ConnectionCount: 0, HandshakeCount: 0 }, Patience);

    public async ValueTask DisposeAsync()
    {
        _over.TrySetResult();

        foreach (var link in _links)
        {
            link.Abort();
            await link.DisposeAsync();
        }
        await Listener.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    private async Task ServeAsync(MsrpLink link)
    {
        _accepted.Writer.TryWrite(link);
        await _over.Task;
    }
}
