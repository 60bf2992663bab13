using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Benchmarks.Load;

/// <summary>Keeps a number of requests in flight on bare sockets. A slot is one of them; its number travels in the request and
/// comes back in the answer, with a turn that tells a late answer from the one waited for.</summary>
internal sealed class LoadPing
{
    private const int BufferSize = 4 << 20;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private readonly Socket _socket;
    private readonly int _inFlight;
    private readonly LoadMeter _meter = new();
    private readonly byte[] _request = LoadData.Request();
    private readonly int _responseLength = LoadData.Response().Length;
    private readonly uint[] _turns;
    private readonly long[] _sentAt;
    private long _measureFrom;
    private bool _measuring;

    private LoadPing(Socket socket, int inFlight)
    {
        _socket = socket;
        _inFlight = inFlight;
        _turns = new uint[inFlight];
        _sentAt = new long[inFlight];
    }

    /// <summary>One second to warm up, then as long as asked for.</summary>
    /// <param name="target">Where to.</param>
    /// <param name="transport">udp, tcp or tls.</param>
    /// <param name="roots">What is trusted over TLS; null otherwise.</param>
    /// <param name="inFlight">How many at any time.</param>
    /// <param name="length">How long.</param>
    /// <param name="stop">Ends it early.</param>
    public static LoadReport Run(IPEndPoint target, string transport, X509Certificate2Collection? roots, int inFlight, TimeSpan length, CancellationToken stop)
    {
        var udp = transport == "udp";
        using var socket = new Socket(target.AddressFamily, udp ? SocketType.Dgram : SocketType.Stream, udp ? ProtocolType.Udp : ProtocolType.Tcp);
        var ping = new LoadPing(socket, inFlight);

        if (udp)
        {
            socket.ReceiveBufferSize = BufferSize;
            socket.SendBufferSize = BufferSize;
            socket.Bind(new IPEndPoint(target.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback, 0));
            return RunOnThread(() => ping.OverDatagrams(target.Serialize(), length, stop));
        }

        socket.NoDelay = true;
        socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        socket.Connect(target);
        using var stream = Open(socket, roots, target.Address);
        return RunOnThread(() => ping.OverStream(stream, length, stop));
    }

    private static Stream Open(Socket socket, X509Certificate2Collection? roots, IPAddress server)
    {
        var plain = new NetworkStream(socket);
        if (roots is null)
        {
            return plain;
        }

        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(roots);
        var secure = new SslStream(plain);
        secure.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = server.ToString(), CertificateChainPolicy = policy });
        return secure;
    }

    private static LoadReport RunOnThread(Func<LoadReport> run)
    {
        LoadReport? report = null;
        var thread = new Thread(() => report = run());
        thread.Start();
        thread.Join();
        return report!;
    }

    private LoadReport OverDatagrams(SocketAddress target, TimeSpan length, CancellationToken stop)
    {
        var buffer = new byte[2048];
        var sender = new SocketAddress(_socket.AddressFamily);
        var end = Begin(length);
        _socket.ReceiveTimeout = (int)Patience.TotalMilliseconds;
        var nextLook = LoadMeter.Now + Ticks(Patience);

        for (var slot = 0; slot < _inFlight; slot++)
        {
            Send(slot);
        }

        for (var now = LoadMeter.Now; now < end && !stop.IsCancellationRequested; now = LoadMeter.Now)
        {
            try
            {
                var read = _socket.ReceiveFrom(buffer, SocketFlags.None, sender);
                now = LoadMeter.Now;
                if (Complete(buffer.AsSpan(0, read), now) is { } slot)
                {
                    Send(slot);
                }
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
            {
                now = LoadMeter.Now;
            }

            if (now >= nextLook)
            {
                ResendLost(now);
                nextLook = now + Ticks(Patience);
            }
        }
        return _meter.Report();

        void Send(int slot)
        {
            Number(_request, slot);
            _sentAt[slot] = LoadMeter.Now;
            _socket.SendTo(_request, SocketFlags.None, target);
        }

        void ResendLost(long now)
        {
            for (var slot = 0; slot < _inFlight; slot++)
            {
                if (now - _sentAt[slot] > Ticks(Patience))
                {
                    Fail();
                    _turns[slot]++;
                    Send(slot);
                }
            }
        }
    }

    /// <summary>Reads what is there, and sends as many requests with one write as it had answers.</summary>
    private LoadReport OverStream(Stream stream, TimeSpan length, CancellationToken stop)
    {
        var requests = new byte[_inFlight * _request.Length];
        var responses = new byte[_inFlight * _responseLength];
        for (var at = 0; at < requests.Length; at += _request.Length)
        {
            _request.CopyTo(requests, at);
        }
        var held = 0;
        var count = 0;
        var end = Begin(length);
        var now = LoadMeter.Now;

        for (var slot = 0; slot < _inFlight; slot++)
        {
            Queue(slot);
        }

        do
        {
            var read = Exchange(stream, requests.AsSpan(0, count * _request.Length), responses.AsSpan(held));
            count = 0;
            now = LoadMeter.Now;
            if (read == 0)
            {
                // The connection is gone, and with it every answer that was on its way.
                Fail(_inFlight);
                break;
            }

            held += read;
            var at = 0;
            for (; held - at >= _responseLength; at += _responseLength)
            {
                if (Complete(responses.AsSpan(at, _responseLength), now) is { } slot)
                {
                    Queue(slot);
                }
            }
            responses.AsSpan(at, held - at).CopyTo(responses);
            held -= at;
        }
        while (now < end && !stop.IsCancellationRequested);
        return _meter.Report();

        void Queue(int slot)
        {
            _sentAt[slot] = now;
            Number(requests.AsSpan(count++ * _request.Length), slot);
        }
    }

    /// <summary>Sends, then receives what is there; 0 when the other side has closed or stays silent.</summary>
    private static int Exchange(Stream stream, ReadOnlySpan<byte> requests, Span<byte> responses)
    {
        try
        {
            stream.Write(requests);
            return stream.Read(responses);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>The time at which the run ends.</summary>
    private long Begin(TimeSpan length)
    {
        _measureFrom = LoadMeter.Now + Ticks(WarmUp);
        return _measureFrom + Ticks(length);
    }

    /// <summary>The slot that this answers; null when it answers none, or no longer.</summary>
    private int? Complete(ReadOnlySpan<byte> response, long now)
    {
        if (!_measuring && now >= _measureFrom)
        {
            _measuring = true;
            _meter.Start();
        }

        if (response.Length != _responseLength)
        {
            Fail();
            return null;
        }

        var slot = BinaryPrimitives.ReadUInt32BigEndian(response);
        if (slot >= _inFlight || BinaryPrimitives.ReadUInt32BigEndian(response[4..]) != _turns[slot])
        {
            return null;
        }

        if (_measuring)
        {
            _meter.Complete(_sentAt[slot], now);
        }
        _turns[slot]++;
        return (int)slot;
    }

    private void Fail(int count = 1)
    {
        if (_measuring)
        {
            _meter.Fail(count);
        }
    }

    private void Number(Span<byte> request, int slot)
    {
        BinaryPrimitives.WriteUInt32BigEndian(request, (uint)slot);
        BinaryPrimitives.WriteUInt32BigEndian(request[4..], _turns[slot]);
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * TimeProvider.System.TimestampFrequency);
}
