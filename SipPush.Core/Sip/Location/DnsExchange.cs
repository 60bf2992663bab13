using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace SipPush.Sip.Location;

/// <summary>
/// One question to one server and its answer. Each goes from a socket of its own, so that the port, which the system chooses at random,
/// and the number of the query have to be guessed together by who wants to forge an answer (RFC 5452 §9.2).
/// </summary>
internal sealed class DnsExchange(SipIdentifiers identifiers, TimeProvider timeProvider)
{
    // Forged answers come in floods; a connection can't be forged that way (RFC 5452 §9.3).
    private const int MaximumStrays = 32;

    // More than any UDP answer that keeps to what was offered.
    private const int UdpBufferLength = 4096;

    // What an answer over TCP may come to. Sets of servers are far smaller, and answers are kept.
    private const int MaximumTcpLength = 16 * 1024;

    /// <summary>Asks, over TCP as well when the answer does not fit a datagram. The message is null when there was no answer.</summary>
    public async ValueTask<(DnsMessage? Message, string Failure)> AskAsync(
        IPEndPoint server, DnsName name, DnsRecordType type, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var reply = await AskAsync(server, name, type, extended: true, timeout, cancellationToken).ConfigureAwait(false);

        // One that does not know EDNS says so in one of these ways (RFC 6891 §7).
        if (reply.Message is { ResponseCode: DnsResponseCode.FormatError or DnsResponseCode.NotImplemented or DnsResponseCode.BadVersion })
        {
            reply = await AskAsync(server, name, type, extended: false, timeout, cancellationToken).ConfigureAwait(false);
        }

        return reply;
    }

    private async ValueTask<(DnsMessage? Message, string Failure)> AskAsync(
        IPEndPoint server, DnsName name, DnsRecordType type, bool extended, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            return await LimitAsync(token => AskByUdpAsync(server, name, type, extended, token), timeout, cancellationToken).ConfigureAwait(false) is { } message
                ? (message, "")
                : (await LimitAsync(token => AskByTcpAsync(server, name, type, extended, token), timeout, cancellationToken).ConfigureAwait(false), "");
        }
        catch (TimeoutException)
        {
            return (null, $"{server} does not answer");
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return (null, $"{server}: {failure.Message}");
        }
    }

    private async ValueTask<DnsMessage?> LimitAsync(Func<CancellationToken, ValueTask<DnsMessage?>> ask, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await ask(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException();
        }
    }

    // Null when TCP has to be tried.
    private async ValueTask<DnsMessage?> AskByUdpAsync(IPEndPoint server, DnsName name, DnsRecordType type, bool extended, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        var buffer = ArrayPool<byte>.Shared.Rent(UdpBufferLength);
        try
        {
            // Connected, the socket takes nothing from any other address or port.
            await socket.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
            var id = NewId();
            var length = DnsMessage.WriteQuery(buffer, id, name, type, extended);
            await socket.SendAsync(buffer.AsMemory(0, length), SocketFlags.None, cancellationToken).ConfigureAwait(false);

            for (var received = 0; received < MaximumStrays; received++)
            {
                length = await socket.ReceiveAsync(buffer.AsMemory(0, UdpBufferLength), SocketFlags.None, cancellationToken).ConfigureAwait(false);
                if (Read(buffer.AsSpan(0, length), id, name, type) is { } message)
                {
                    return message.IsTruncated ? null : message;
                }
            }

            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<DnsMessage?> AskByTcpAsync(IPEndPoint server, DnsName name, DnsRecordType type, bool extended, CancellationToken cancellationToken)
    {
        const int Prefix = 2;
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var buffer = ArrayPool<byte>.Shared.Rent(MaximumTcpLength);
        try
        {
            await socket.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
            using var stream = new NetworkStream(socket);
            var id = NewId();

            // Length and message in one write, which some servers insist on (RFC 7766 §8).
            var length = DnsMessage.WriteQuery(buffer.AsSpan(Prefix), id, name, type, extended);
            BinaryPrimitives.WriteUInt16BigEndian(buffer, (ushort)length);
            await stream.WriteAsync(buffer.AsMemory(0, Prefix + length), cancellationToken).ConfigureAwait(false);

            await stream.ReadExactlyAsync(buffer.AsMemory(0, Prefix), cancellationToken).ConfigureAwait(false);
            length = BinaryPrimitives.ReadUInt16BigEndian(buffer);
            if (length > MaximumTcpLength)
            {
                throw new IOException($"an answer of {length} octets is more than is read");
            }

            await stream.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
            return Read(buffer.AsSpan(0, length), id, name, type) is { IsTruncated: false } message
                ? message
                : throw new IOException("what came is no answer to the question");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Null when it is no answer to that query. A server that could not read the question may leave it out.
    private static DnsMessage? Read(ReadOnlySpan<byte> octets, ushort id, DnsName name, DnsRecordType type) =>
        DnsMessage.TryRead(octets, out var message) == DnsReadError.None
            && message!.Id == id
            && (message.Question is { } question
                ? question.Type == type && question.Name.Equals(name)
                : message.ResponseCode is DnsResponseCode.FormatError or DnsResponseCode.NotImplemented)
            ? message
            : null;

    private ushort NewId()
    {
        Span<byte> octets = stackalloc byte[4];
        identifiers.Fill(octets);
        return BinaryPrimitives.ReadUInt16BigEndian(octets[2..]);
    }
}
