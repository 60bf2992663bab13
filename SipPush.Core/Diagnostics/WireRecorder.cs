using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Diagnostics;

/// <summary>
/// Writes what a process sends and receives, SIP and MSRP, to a file that Wireshark opens (pcapng). Set <see cref="Sip"/> as the tap of stacks and <see cref="Msrp"/> as that of MSRP
/// endpoints. The octets are those of the messages; the headers of IP, UDP and TCP round them are made up, with right addresses, sequence numbers and checksums. What went over TLS is
/// recorded in clear, and each packet of it says so.
/// </summary>
/// <remarks>Passwords never go over the wire, but digests, identities and contents do: the file is as confidential as they are. Safe for concurrent use.</remarks>
public sealed class WireRecorder : IDisposable
{
    // Of a packet with the longest headers and the largest payload that an IP packet can have.
    private const int LargestPayload = 65_535 - 60;
    private const int LinkTypeRaw = 101;
    private const int MaximumStreams = 4096;

    private readonly Lock _gate = new();
    private readonly Stream _file;
    private readonly TimeProvider _time;
    private readonly long? _maximumOctets;
    private readonly Dictionary<object, TcpStream> _streams = [];
    private readonly byte[] _packet = new byte[LargestPayload + 60];
    private long _written;
    private bool _isClosed;

    private WireRecorder(Stream file, TimeProvider time, long? maximumOctets)
    {
        _file = file;
        _time = time;
        _maximumOctets = maximumOctets;
        Sip = new SipSide(this);
        Msrp = new MsrpSide(this);
        WriteSectionHeader();
        WriteInterface();
    }

    /// <summary>The tap for SIP stacks.</summary>
    public SipTap Sip { get; }

    /// <summary>The tap for MSRP endpoints.</summary>
    public MsrpTap Msrp { get; }

    /// <summary>Octets of the file so far.</summary>
    public long Length
    {
        get
        {
            lock (_gate)
            {
                return _written;
            }
        }
    }

    /// <summary>Why nothing more could be written; null when nothing has gone wrong.</summary>
    public IOException? Error { get; private set; }

    /// <summary>Begins a file, over one that is there.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="maximumOctets">Beyond this size nothing more is recorded; null for no limit.</param>
    /// <param name="timeProvider">The clock; that of the system when null.</param>
    /// <exception cref="IOException">It can't be written.</exception>
    public static WireRecorder Create(string path, long? maximumOctets = null, TimeProvider? timeProvider = null) =>
        new(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 1 << 20), timeProvider ?? TimeProvider.System, maximumOctets);

    /// <summary>Writes to a stream, which it disposes of.</summary>
    public static WireRecorder Create(Stream stream, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new(stream, timeProvider ?? TimeProvider.System, null);
    }

    /// <summary>Ends the file. What is sent and received afterwards is not recorded.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (!_isClosed)
            {
                _isClosed = true;
                try
                {
                    _file.Dispose();
                }
                catch (IOException failure)
                {
                    Error ??= failure;
                }
            }
        }
    }

    private void Datagram(IPEndPoint from, IPEndPoint to, ReadOnlySpan<byte> octets)
    {
        lock (_gate)
        {
            if (IsFull || octets.Length > LargestPayload - 8)
            {
                return;
            }

            var ip = IpHeaderLength(from);
            var udp = _packet.AsSpan(ip, 8 + octets.Length);
            BinaryPrimitives.WriteUInt16BigEndian(udp, (ushort)from.Port);
            BinaryPrimitives.WriteUInt16BigEndian(udp[2..], (ushort)to.Port);
            BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
            BinaryPrimitives.WriteUInt16BigEndian(udp[6..], 0);
            octets.CopyTo(udp[8..]);
            var sum = PayloadChecksum(from, to, ProtocolType.Udp, udp);
            BinaryPrimitives.WriteUInt16BigEndian(udp[6..], sum == 0 ? ushort.MaxValue : sum);
            WritePacket(from, to, ProtocolType.Udp, udp.Length, null);
        }
    }

    private void Stream(object flow, IPEndPoint local, IPEndPoint remote, bool isSecure, bool isSending, ReadOnlySpan<byte> octets)
    {
        lock (_gate)
        {
            if (IsFull)
            {
                return;
            }

            if (!_streams.TryGetValue(flow, out var stream))
            {
                if (_streams.Count >= MaximumStreams && !ForgetEnded())
                {
                    return;
                }

                stream = new TcpStream();
                _streams.Add(flow, stream);
                Open(stream, local, remote, isSecure, isSending);
            }

            while (!octets.IsEmpty)
            {
                var piece = octets[..Math.Min(octets.Length, LargestPayload)];
                octets = octets[piece.Length..];
                if (isSending)
                {
                    Segment(local, remote, isSecure, ref stream.Sent, stream.Received, TcpFlags.Ack | TcpFlags.Push, piece);
                }
                else
                {
                    Segment(remote, local, isSecure, ref stream.Received, stream.Sent, TcpFlags.Ack | TcpFlags.Push, piece);
                }
            }
        }
    }

    // A tap is not told who connected; whoever did speaks first, in SIP (RFC 3261 §18.1.1) and in MSRP (RFC 4975 §5.4).
    private void Open(TcpStream stream, IPEndPoint local, IPEndPoint remote, bool isSecure, bool isOwn)
    {
        if (isOwn)
        {
            Segment(local, remote, isSecure, ref stream.Sent, stream.Received, TcpFlags.Syn, []);
            Segment(remote, local, isSecure, ref stream.Received, stream.Sent, TcpFlags.Syn | TcpFlags.Ack, []);
            Segment(local, remote, isSecure, ref stream.Sent, stream.Received, TcpFlags.Ack, []);
        }
        else
        {
            Segment(remote, local, isSecure, ref stream.Received, stream.Sent, TcpFlags.Syn, []);
            Segment(local, remote, isSecure, ref stream.Sent, stream.Received, TcpFlags.Syn | TcpFlags.Ack, []);
            Segment(remote, local, isSecure, ref stream.Received, stream.Sent, TcpFlags.Ack, []);
        }
    }

    private void Close(object flow, IPEndPoint local, IPEndPoint remote, bool isSecure)
    {
        lock (_gate)
        {
            if (_streams.Remove(flow, out var stream) && !IsFull)
            {
                Segment(local, remote, isSecure, ref stream.Sent, stream.Received, TcpFlags.Ack | TcpFlags.Fin, []);
                Segment(remote, local, isSecure, ref stream.Received, stream.Sent, TcpFlags.Ack | TcpFlags.Fin, []);
                Segment(local, remote, isSecure, ref stream.Sent, stream.Received, TcpFlags.Ack, []);
            }
        }
    }

    // A SIP tap is not told of the end of a connection.
    private bool ForgetEnded()
    {
        foreach (var flow in _streams.Keys)
        {
            if (flow is SipFlow { IsOpen: false })
            {
                _streams.Remove(flow);
            }
        }

        return _streams.Count < MaximumStreams;
    }

    private bool IsFull => _isClosed || Error is not null || _written >= _maximumOctets;

    private void Segment(IPEndPoint from, IPEndPoint to, bool isSecure, ref uint sequence, uint acknowledged, TcpFlags flags, ReadOnlySpan<byte> octets)
    {
        var ip = IpHeaderLength(from);
        var tcp = _packet.AsSpan(ip, 20 + octets.Length);
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], (ushort)to.Port);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], flags.HasFlag(TcpFlags.Ack) ? acknowledged : 0);
        tcp[12] = 5 << 4;
        tcp[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], ushort.MaxValue);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[16..], 0);
        octets.CopyTo(tcp[20..]);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], PayloadChecksum(from, to, ProtocolType.Tcp, tcp));
        WritePacket(from, to, ProtocolType.Tcp, tcp.Length, isSecure ? "It went over TLS and is shown in clear" : null);
        sequence += (uint)octets.Length + (flags.HasFlag(TcpFlags.Syn) || flags.HasFlag(TcpFlags.Fin) ? 1u : 0u);
    }

    private static int IpHeaderLength(IPEndPoint end) => end.AddressFamily == AddressFamily.InterNetwork ? 20 : 40;

    private void WritePacket(IPEndPoint from, IPEndPoint to, ProtocolType protocol, int length, string? comment)
    {
        var ip = IpHeaderLength(from);
        var header = _packet.AsSpan(0, ip);
        header.Clear();
        if (ip == 20)
        {
            header[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(ip + length));
            header[8] = 64;
            header[9] = (byte)protocol;
            from.Address.TryWriteBytes(header[12..], out _);
            to.Address.TryWriteBytes(header[16..], out _);
            BinaryPrimitives.WriteUInt16BigEndian(header[10..], Fold(Sum(header)));
        }
        else
        {
            header[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)length);
            header[6] = (byte)protocol;
            header[7] = 64;
            from.Address.TryWriteBytes(header[8..], out _);
            to.Address.TryWriteBytes(header[24..], out _);
        }

        WriteEnhancedPacket(_packet.AsSpan(0, ip + length), comment);
    }

    // The pseudo header of RFC 768, 9293 and 8200, and what follows it.
    private static ushort PayloadChecksum(IPEndPoint from, IPEndPoint to, ProtocolType protocol, ReadOnlySpan<byte> payload)
    {
        Span<byte> pseudo = stackalloc byte[40];
        from.Address.TryWriteBytes(pseudo, out var length);
        to.Address.TryWriteBytes(pseudo[length..], out _);
        BinaryPrimitives.WriteUInt32BigEndian(pseudo[(2 * length)..], (uint)payload.Length);
        BinaryPrimitives.WriteUInt32BigEndian(pseudo[((2 * length) + 4)..], (uint)protocol);
        return Fold(Sum(pseudo[..((2 * length) + 8)]) + Sum(payload));
    }

    private static ulong Sum(ReadOnlySpan<byte> octets)
    {
        ulong sum = 0;
        for (; octets.Length >= 2; octets = octets[2..])
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(octets);
        }

        return octets.IsEmpty ? sum : sum + ((uint)octets[0] << 8);
    }

    private static ushort Fold(ulong sum)
    {
        while (sum > ushort.MaxValue)
        {
            sum = (sum & ushort.MaxValue) + (sum >> 16);
        }

        return (ushort)~sum;
    }

    // ---- pcapng: blocks of a type, a length, a body padded to 32 bits, and the length again

    private void WriteSectionHeader()
    {
        Span<byte> block = stackalloc byte[28];
        BinaryPrimitives.WriteUInt32LittleEndian(block, 0x0A0D0D0A);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], block.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(block[8..], 0x1A2B3C4D);
        BinaryPrimitives.WriteUInt16LittleEndian(block[12..], 1);
        BinaryPrimitives.WriteInt64LittleEndian(block[16..], -1);
        BinaryPrimitives.WriteInt32LittleEndian(block[24..], block.Length);
        Write(block);
    }

    private void WriteInterface()
    {
        Span<byte> block = stackalloc byte[20];
        BinaryPrimitives.WriteUInt32LittleEndian(block, 1);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], block.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(block[8..], LinkTypeRaw);
        BinaryPrimitives.WriteInt32LittleEndian(block[12..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(block[16..], block.Length);
        Write(block);
    }

    private void WriteEnhancedPacket(ReadOnlySpan<byte> packet, string? comment)
    {
        var padding = -packet.Length & 3;
        var option = comment is null ? [] : Encoding.UTF8.GetBytes(comment);
        var optionPadding = -option.Length & 3;
        var length = 32 + packet.Length + padding + (comment is null ? 0 : 8 + option.Length + optionPadding);
        var microseconds = (ulong)(_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

        Span<byte> head = stackalloc byte[28];
        BinaryPrimitives.WriteUInt32LittleEndian(head, 6);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], length);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(head[12..], (uint)(microseconds >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(head[16..], (uint)microseconds);
        BinaryPrimitives.WriteInt32LittleEndian(head[20..], packet.Length);
        BinaryPrimitives.WriteInt32LittleEndian(head[24..], packet.Length);
        Write(head);
        Write(packet);

        Span<byte> tail = stackalloc byte[4];
        tail.Clear();
        Write(tail[..padding]);
        if (comment is not null)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(tail, 1);
            BinaryPrimitives.WriteUInt16LittleEndian(tail[2..], (ushort)option.Length);
            Write(tail);
            Write(option);
            tail.Clear();
            Write(tail[..optionPadding]);
            Write(tail);
        }

        BinaryPrimitives.WriteInt32LittleEndian(tail, length);
        Write(tail);
    }

    // A full disk ends the recording and nothing else.
    private void Write(ReadOnlySpan<byte> octets)
    {
        if (Error is null)
        {
            try
            {
                _file.Write(octets);
                _written += octets.Length;
            }
            catch (IOException failure)
            {
                Error = failure;
            }
        }
    }

    private static IPEndPoint Plain(EndPoint? end) => end switch
    {
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped => new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port),
        IPEndPoint plain => plain,
        _ => new IPEndPoint(IPAddress.None, 0),
    };

    // A socket that listens at any address does not say at which one it was reached: then both ends are of the family of the far one.
    private static (IPEndPoint Local, IPEndPoint Remote) Ends(EndPoint? local, EndPoint? remote)
    {
        var (near, far) = (Plain(local), Plain(remote));
        if (near.AddressFamily != far.AddressFamily || near.Address.Equals(IPAddress.Any) || near.Address.Equals(IPAddress.IPv6Any))
        {
            near = new IPEndPoint(far.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, near.Port);
        }

        return (near, far);
    }

    [Flags]
    private enum TcpFlags : byte
    {
        Fin = 1,
        Syn = 2,
        Push = 8,
        Ack = 16,
    }

    private sealed class TcpStream
    {
        public uint Sent;
        public uint Received;
    }

    private sealed class SipSide(WireRecorder recorder) : SipTap
    {
        public override void Received(SipFlow flow, ReadOnlySpan<byte> message) => Record(flow, isSending: false, message);

        public override void Sending(SipFlow flow, ReadOnlySpan<byte> message) => Record(flow, isSending: true, message);

        private void Record(SipFlow flow, bool isSending, ReadOnlySpan<byte> message)
        {
            var (local, remote) = Ends(flow.Local.Address, flow.Remote.Address);
            if (flow.Protocol != SipProtocol.Udp)
            {
                recorder.Stream(flow, local, remote, flow.Protocol == SipProtocol.Tls, isSending, message);
            }
            else if (isSending)
            {
                recorder.Datagram(local, remote, message);
            }
            else
            {
                recorder.Datagram(remote, local, message);
            }
        }
    }

    private sealed class MsrpSide(WireRecorder recorder) : MsrpTap
    {
        public override void Received(MsrpFlow flow, ReadOnlySpan<byte> octets) => Record(flow, isSending: false, octets);

        public override void Sending(MsrpFlow flow, ReadOnlySpan<byte> octets) => Record(flow, isSending: true, octets);

        public override void Closed(MsrpFlow flow)
        {
            var (local, remote) = Ends(flow.LocalEndPoint, flow.RemoteEndPoint);
            recorder.Close(flow, local, remote, flow.IsSecure);
        }

        private void Record(MsrpFlow flow, bool isSending, ReadOnlySpan<byte> octets)
        {
            var (local, remote) = Ends(flow.LocalEndPoint, flow.RemoteEndPoint);
            recorder.Stream(flow, local, remote, flow.IsSecure, isSending, octets);
        }
    }
}
