using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Diagnostics;

/// <summary>
/// Writes what a process sends and receives, SIP and MSRP, to a file that Wireshark opens (pcapng). Set <see cref="Sip"/> as the tap of stacks and <see cref="Msrp"/> as that of MSRP
/// endpoints. The octets are those of the messages; the headers of IP, UDP and TCP round them are made up, with right addresses, sequence numbers and checksums. What went over TLS is
/// recorded in clear, and each packet of it says so.
/// </summary>
/// <remarks>
/// Passwords never go over the wire, but digests, identities and contents do: the file is as confidential as they are. Each message of MSRP begins a packet, whatever went together: Wireshark
/// looks for one only there. One that has not ended is held, up to 64 KiB, until it has or the connection or the recording ends. Safe for concurrent use.
/// </remarks>
public sealed class WireRecorder : IDisposable
{
    // Of a packet with the longest headers and the largest payload that an IP packet can have.
    private const int LargestPayload = 65_535 - 60;
    private const int MaximumStreams = 4096;

    private readonly Lock _gate = new();
    private readonly PcapngFile _file;
    private readonly TimeProvider _time;
    private readonly Dictionary<object, TcpStream> _streams = [];
    private readonly byte[] _packet = new byte[LargestPayload + 60];

    private WireRecorder(Stream file, TimeProvider time, long? maximumOctets)
    {
        _file = new PcapngFile(file, maximumOctets);
        _time = time;
        Sip = new SipSide(this);
        Msrp = new MsrpSide(this);
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
                return _file.Length;
            }
        }
    }

    /// <summary>Why nothing more could be written; null when nothing has gone wrong.</summary>
    public IOException? Error => _file.Error;

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
            foreach (var stream in _streams.Values)
            {
                WriteRest(stream);
            }

            _streams.Clear();
            _file.Close();
        }
    }

    private void Datagram(IPEndPoint from, IPEndPoint to, ReadOnlySpan<byte> octets)
    {
        lock (_gate)
        {
            if (_file.IsFull || octets.Length > LargestPayload - 8)
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
            WritePacket(_time.GetUtcNow(), from, to, ProtocolType.Udp, udp.Length, null);
        }
    }

    private void Stream(object flow, EndPoint? local, EndPoint? remote, bool isSecure, bool isSending, ReadOnlySpan<byte> octets)
    {
        lock (_gate)
        {
            if (_file.IsFull)
            {
                return;
            }

            var now = _time.GetUtcNow();
            if (!_streams.TryGetValue(flow, out var stream))
            {
                if (_streams.Count >= MaximumStreams && !ForgetEnded())
                {
                    return;
                }

                stream = new TcpStream(Ends(local, remote), isSecure, isMsrp: flow is MsrpFlow);
                _streams.Add(flow, stream);

                // A tap is not told who connected; whoever did speaks first, in SIP (RFC 3261 §18.1.1) and in MSRP (RFC 4975 §5.4).
                var opening = stream.Direction(isSending);
                Segment(opening, TcpFlags.Syn, now, []);
                Segment(opening.Back, TcpFlags.Syn | TcpFlags.Ack, now, []);
                Segment(opening, TcpFlags.Ack, now, []);
            }

            var direction = stream.Direction(isSending);
            direction.Seen = now;
            if (direction.Cutter is not null)
            {
                WriteMessages(direction, direction.Cutter, octets);
                return;
            }

            while (!octets.IsEmpty)
            {
                var piece = octets[..Math.Min(octets.Length, LargestPayload)];
                octets = octets[piece.Length..];
                Data(direction, piece);
            }
        }
    }

    private void WriteMessages(TcpDirection direction, MsrpCutter cutter, ReadOnlySpan<byte> octets)
    {
        for (ReadOnlySpan<byte> piece; !(piece = cutter.Take(ref octets)).IsEmpty;)
        {
            // A request may be answered before its end (RFC 4975 §7.3.2), but not before what has been seen of it.
            if (direction.Back.Cutter is { } back && back.TransactionId.SequenceEqual(cutter.TransactionId))
            {
                Data(direction.Back, back.TakeBegun());
            }

            Data(direction, piece);
        }
    }

    private void Close(MsrpFlow flow)
    {
        lock (_gate)
        {
            if (_streams.Remove(flow, out var stream))
            {
                WriteRest(stream);
                var now = _time.GetUtcNow();
                Segment(stream.Sent, TcpFlags.Ack | TcpFlags.Fin, now, []);
                Segment(stream.Received, TcpFlags.Ack | TcpFlags.Fin, now, []);
                Segment(stream.Sent, TcpFlags.Ack, now, []);
            }
        }
    }

    private void WriteRest(TcpStream stream)
    {
        var earlier = stream.Direction(isSending: stream.Sent.Seen <= stream.Received.Seen);
        WriteRest(earlier);
        WriteRest(earlier.Back);
    }

    private void WriteRest(TcpDirection direction) => Data(direction, direction.Cutter is null ? [] : direction.Cutter.TakeRest());

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

    private void Data(TcpDirection direction, ReadOnlySpan<byte> octets)
    {
        if (!octets.IsEmpty)
        {
            Segment(direction, TcpFlags.Ack | TcpFlags.Push, direction.Seen, octets);
        }
    }

    private void Segment(TcpDirection direction, TcpFlags flags, DateTimeOffset time, ReadOnlySpan<byte> octets)
    {
        var (from, to) = (direction.From, direction.Back.From);
        var ip = IpHeaderLength(from);
        var tcp = _packet.AsSpan(ip, 20 + octets.Length);
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], (ushort)to.Port);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], direction.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], flags.HasFlag(TcpFlags.Ack) ? direction.Back.Sequence : 0);
        tcp[12] = 5 << 4;
        tcp[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], ushort.MaxValue);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[16..], 0);
        octets.CopyTo(tcp[20..]);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], PayloadChecksum(from, to, ProtocolType.Tcp, tcp));
        WritePacket(time, from, to, ProtocolType.Tcp, tcp.Length, direction.IsSecure ? "It went over TLS and is shown in clear" : null);
        direction.Sequence += (uint)octets.Length + (flags.HasFlag(TcpFlags.Syn) || flags.HasFlag(TcpFlags.Fin) ? 1u : 0u);
    }

    private static int IpHeaderLength(IPEndPoint end) => end.AddressFamily == AddressFamily.InterNetwork ? 20 : 40;

    private void WritePacket(DateTimeOffset time, IPEndPoint from, IPEndPoint to, ProtocolType protocol, int length, string? comment)
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

        _file.WritePacket(time, _packet.AsSpan(0, ip + length), comment);
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
        public TcpStream((IPEndPoint Local, IPEndPoint Remote) ends, bool isSecure, bool isMsrp)
        {
            Sent = new TcpDirection(ends.Local, isSecure, isMsrp);
            Received = new TcpDirection(ends.Remote, isSecure, isMsrp) { Back = Sent };
            Sent.Back = Received;
        }

        public TcpDirection Sent { get; }

        public TcpDirection Received { get; }

        public TcpDirection Direction(bool isSending) => isSending ? Sent : Received;
    }

    private sealed class TcpDirection(IPEndPoint from, bool isSecure, bool isMsrp)
    {
        public IPEndPoint From => from;

        public bool IsSecure => isSecure;

        // None for SIP, which a tap is shown in whole messages.
        public MsrpCutter? Cutter { get; } = isMsrp ? new MsrpCutter(LargestPayload) : null;

        public TcpDirection Back { get; set; } = null!;

        public uint Sequence { get; set; }

        // When the last octet came, be it written or held.
        public DateTimeOffset Seen { get; set; }
    }

    private sealed class SipSide(WireRecorder recorder) : SipTap
    {
        public override void Received(SipFlow flow, ReadOnlySpan<byte> message) => Record(flow, isSending: false, message);

        public override void Sending(SipFlow flow, ReadOnlySpan<byte> message) => Record(flow, isSending: true, message);

        private void Record(SipFlow flow, bool isSending, ReadOnlySpan<byte> message)
        {
            if (flow.Protocol != SipProtocol.Udp)
            {
                recorder.Stream(flow, flow.Local.Address, flow.Remote.Address, flow.Protocol == SipProtocol.Tls, isSending, message);
                return;
            }

            var (local, remote) = Ends(flow.Local.Address, flow.Remote.Address);
            recorder.Datagram(isSending ? local : remote, isSending ? remote : local, message);
        }
    }

    private sealed class MsrpSide(WireRecorder recorder) : MsrpTap
    {
        public override void Received(MsrpFlow flow, ReadOnlySpan<byte> octets) => Record(flow, isSending: false, octets);

        public override void Sending(MsrpFlow flow, ReadOnlySpan<byte> octets) => Record(flow, isSending: true, octets);

        public override void Closed(MsrpFlow flow) => recorder.Close(flow);

        private void Record(MsrpFlow flow, bool isSending, ReadOnlySpan<byte> octets) =>
            recorder.Stream(flow, flow.LocalEndPoint, flow.RemoteEndPoint, flow.IsSecure, isSending, octets);
    }
}
