using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using SipPush.Tests.Interop;

namespace SipPush.Tests.Sip.Location;

/// <summary>A DNS server on the loopback, by UDP and TCP at the same port, that says what a test wants.</summary>
internal sealed class FakeDnsServer : IAsyncDisposable
{
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<string> _heard = Channel.CreateUnbounded<string>();
    private readonly List<string> _questions = [];
    private readonly Task _loops;

    public FakeDnsServer()
    {
        Address = new IPEndPoint(IPAddress.Loopback, FreePort.Next());
        _udp.Bind(Address);
        _tcp.Bind(Address);
        _tcp.Listen();
        _loops = Task.WhenAll(UdpLoopAsync(), TcpLoopAsync());
    }

    public IPEndPoint Address { get; }

    /// <summary>The datagrams to send back for a query; none by default.</summary>
    public Func<byte[], IEnumerable<byte[]>> Udp { get; set; } = _ => [];

    /// <summary>What to write on a connection for a query, length included; nothing by default.</summary>
    public Func<byte[], byte[]> Tcp { get; set; } = _ => [];

    /// <summary>Called with the address of each querier by UDP before it is answered.</summary>
    public Action<IPEndPoint>? Heard { get; set; }

    /// <summary>What was asked, such as <c>udp example.com 35</c>.</summary>
    public IReadOnlyList<string> Questions
    {
        get
        {
            lock (_questions)
            {
                return [.. _questions];
            }
        }
    }

    /// <summary>Answers all queries from a zone: records as text by question text; names that are absent do not exist.</summary>
    public void Serve(IReadOnlyDictionary<string, string[]> zone) => Udp = query =>
        zone.TryGetValue(DnsOctets.QuestionText(query), out var records)
            ? [DnsOctets.Response(query, 0, [.. records.Select(DnsOctets.Record)])]
            : [DnsOctets.Response(query, 3, [], DnsOctets.Record("example 300 SOA 300"))];

    /// <summary>Waits until the next query has come.</summary>
    public async Task<string> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10), TimeProvider.System);
        return await _heard.Reader.ReadAsync(limit.Token);
    }

    public static byte[] WithLength(byte[] message) => [(byte)(message.Length >> 8), (byte)message.Length, .. message];

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loops;
        _udp.Dispose();
        _tcp.Dispose();
        _stopping.Dispose();
    }

    private async Task UdpLoopAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (true)
            {
                var received = await _udp.ReceiveFromAsync(buffer, SocketFlags.None, Address, _stopping.Token);
                var query = buffer[..received.ReceivedBytes];
                Heard?.Invoke((IPEndPoint)received.RemoteEndPoint);
                var answers = Udp(query);
                Note("udp", query);
                foreach (var answer in answers)
                {
                    await _udp.SendToAsync(answer, SocketFlags.None, received.RemoteEndPoint, _stopping.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task TcpLoopAsync()
    {
        try
        {
            while (true)
            {
                using var socket = await _tcp.AcceptAsync(_stopping.Token);
                await using var stream = new NetworkStream(socket);
                var length = new byte[2];
                await stream.ReadExactlyAsync(length, _stopping.Token);
                var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(query, _stopping.Token);
                var answer = Tcp(query);
                Note("tcp", query);
                await stream.WriteAsync(answer, _stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void Note(string protocol, byte[] query)
    {
        var question = $"{protocol} {DnsOctets.QuestionText(query)}";
        lock (_questions)
        {
            _questions.Add(question);
        }

        _heard.Writer.TryWrite(question);
    }
}
