using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace SipPush.Benchmarks.Load;

/// <summary>Answers requests on bare sockets, on a thread of its own for each socket.</summary>
internal sealed class LoadEcho : IDisposable
{
    private const int BufferSize = 4 << 20;

    private readonly Socket _socket;
    private readonly X509Certificate2? _certificate;
    private readonly Lock _gate = new();
    private readonly List<Socket> _connections = [];
    private readonly LoadMeter _meter = new();
    private readonly byte[] _response = LoadData.Response();
    private readonly int _requestLength = LoadData.Request().Length;

    private LoadEcho(Socket socket, X509Certificate2? certificate)
    {
        _socket = socket;
        _certificate = certificate;
    }

    /// <param name="listen">Where.</param>
    /// <param name="transport">udp, tcp or tls.</param>
    /// <param name="certificate">What is shown over TLS; null otherwise. It is the caller's.</param>
    public static LoadEcho Start(IPEndPoint listen, string transport, X509Certificate2? certificate)
    {
        var udp = transport == "udp";
        var socket = new Socket(listen.AddressFamily, udp ? SocketType.Dgram : SocketType.Stream, udp ? ProtocolType.Udp : ProtocolType.Tcp);
        var echo = new LoadEcho(socket, certificate);
        socket.Bind(listen);

        if (udp)
        {
            socket.ReceiveBufferSize = BufferSize;
            socket.SendBufferSize = BufferSize;
            Run(echo.AnswerDatagrams);
        }
        else
        {
            socket.Listen();
            Run(echo.Accept);
        }
        return echo;
    }

    public LoadReport Report()
    {
        lock (_gate)
        {
            return _meter.Report();
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        lock (_gate)
        {
            _connections.ForEach(connection => connection.Dispose());
        }
    }

    private static void Run(ThreadStart work) => new Thread(() =>
    {
        try
        {
            work();
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException or ObjectDisposedException)
        {
            // The run is over, or the other side has gone.
        }
    })
    { IsBackground = true }.Start();

    private void AnswerDatagrams()
    {
        var buffer = new byte[64 * 1024];
        var sender = new SocketAddress(_socket.AddressFamily);

        while (true)
        {
            if (_socket.ReceiveFrom(buffer, SocketFlags.None, sender) != _requestLength)
            {
                continue;
            }
            buffer.AsSpan(0, LoadData.SlotLength).CopyTo(_response);
            _socket.SendTo(_response, SocketFlags.None, sender);
            Count(1);
        }
    }

    private void Accept()
    {
        while (true)
        {
            var connection = _socket.Accept();
            connection.NoDelay = true;
            lock (_gate)
            {
                _connections.Add(connection);
            }
            Run(() => AnswerStream(connection));
        }
    }

    /// <summary>Reads what is there and answers every whole request in it with one write.</summary>
    private void AnswerStream(Socket connection)
    {
        using var stream = Open(connection);
        var requests = new byte[_requestLength * 512];
        var responses = new byte[_response.Length * 512];
        for (var at = 0; at < responses.Length; at += _response.Length)
        {
            _response.CopyTo(responses, at);
        }
        var held = 0;

        while (stream.Read(requests.AsSpan(held)) is > 0 and var read)
        {
            held += read;
            var whole = held / _requestLength;

            for (var i = 0; i < whole; i++)
            {
                requests.AsSpan(i * _requestLength, LoadData.SlotLength).CopyTo(responses.AsSpan(i * _response.Length));
            }
            stream.Write(responses.AsSpan(0, whole * _response.Length));
            Count(whole);
            requests.AsSpan(whole * _requestLength, held - (whole * _requestLength)).CopyTo(requests);
            held -= whole * _requestLength;
        }
    }

    private Stream Open(Socket connection)
    {
        var plain = new NetworkStream(connection);
        if (_certificate is null)
        {
            return plain;
        }

        var secure = new SslStream(plain);
        secure.AuthenticateAsServer(_certificate);
        return secure;
    }

    private void Count(int answered)
    {
        lock (_gate)
        {
            _meter.Answered(answered);
        }
    }
}
