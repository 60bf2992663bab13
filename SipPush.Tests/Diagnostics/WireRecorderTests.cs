using System.Buffers.Binary;
using System.Net;
using System.Text;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Diagnostics;

/// <summary>The file is read here in a way that shares nothing with the recorder: blocks by their lengths, checksums by adding everything up.</summary>
public sealed class WireRecorderTests
{
    [Test]
    public void A_datagram_is_a_file_of_a_header_an_interface_and_a_packet()
    {
        var file = new MemoryStream();
        using (var recorder = WireRecorder.Create(file, new ManualTimeProvider()))
        {
            recorder.Sip.Sending(Sip("udp:192.0.2.1:5060", "udp:192.0.2.2:5062"), "OPTIONS"u8);
        }

        // 2000-01-01T00:00:00Z is 0x35D01_233B37E000 microseconds after 1970.
        Assert.That(Convert.ToHexStringLower(file.ToArray()), Is.EqualTo(string.Concat(
            "0a0d0d0a", "1c000000", "4d3c2b1a", "01000000", "ffffffffffffffff", "1c000000",
            "01000000", "14000000", "65000000", "00000000", "14000000",
            "06000000", "44000000", "00000000", "015d0300", "00e0373b", "23000000", "23000000",
            "45000023", "00000000", "4011f6c6", "c0000201", "c0000202",
            "13c413c6", "000f0e5a", "4f5054494f4e53", "00",
            "44000000")));
    }

    [TestCase("udp:192.0.2.1:5060", "udp:192.0.2.2:5062")]
    [TestCase("udp:[2001:db8::1]:5060", "udp:[2001:db8::2]:5062")]
    [TestCase("tcp:192.0.2.1:5060", "tcp:192.0.2.2:5062")]
    [TestCase("tcp:[2001:db8::1]:5060", "tcp:[2001:db8::2]:5062")]
    [TestCase("tls:[2001:db8::1]:5061", "tls:[2001:db8::2]:5062")]
    public void Every_checksum_adds_up_whatever_the_length(string local, string remote)
    {
        var packets = Record(recorder =>
        {
            var flow = Sip(local, remote);
            foreach (var length in new[] { 1, 2, 7, 1300, 65_000 })
            {
                var octets = Enumerable.Range(0, length).Select(i => (byte)(i * 31)).ToArray();
                recorder.Sip.Sending(flow, octets);
                recorder.Sip.Received(flow, octets);
            }
        });

        Assert.That(packets.Select(packet => packet.Payload.Length).Where(length => length > 0), Is.EqualTo([1, 1, 2, 2, 7, 7, 1300, 1300, 65_000, 65_000]));
        Assert.That(packets.Select(packet => packet.HeaderSum), Is.All.EqualTo(0xFFFF));
        Assert.That(packets.Select(packet => packet.PayloadSum), Is.All.EqualTo(0xFFFF));
    }

    [Test]
    public void A_datagram_goes_the_way_it_went()
    {
        var packets = Record(recorder =>
        {
            var flow = Sip("udp:[2001:db8::1]:5060", "udp:[2001:db8::2]:5062");
            recorder.Sip.Sending(flow, "a"u8);
            recorder.Sip.Received(flow, "b"u8);
        });

        Assert.That(packets.Select(packet => packet.ToString()), Is.EqualTo(
        [
            "[2001:db8::1]:5060 > [2001:db8::2]:5062 a",
            "[2001:db8::2]:5062 > [2001:db8::1]:5060 b",
        ]));
    }

    [Test]
    public void A_connection_is_opened_counted_and_closed()
    {
        var packets = Record(recorder =>
        {
            var flow = Msrp();
            recorder.Msrp.Sending(flow, "abc"u8);
            recorder.Msrp.Sending(flow, "defgh"u8);
            recorder.Msrp.Received(flow, "ij"u8);
            recorder.Msrp.Sending(flow, "k"u8);
            recorder.Msrp.Closed(flow);
        });

        Assert.That(packets.Select(packet => packet.ToString()), Is.EqualTo(
        [
            "192.0.2.1:2855 > 192.0.2.2:7654 S 0,0",
            "192.0.2.2:7654 > 192.0.2.1:2855 SA 0,1",
            "192.0.2.1:2855 > 192.0.2.2:7654 A 1,1",
            "192.0.2.1:2855 > 192.0.2.2:7654 PA 1,1 abc",
            "192.0.2.1:2855 > 192.0.2.2:7654 PA 4,1 defgh",
            "192.0.2.2:7654 > 192.0.2.1:2855 PA 1,9 ij",
            "192.0.2.1:2855 > 192.0.2.2:7654 PA 9,3 k",
            "192.0.2.1:2855 > 192.0.2.2:7654 FA 10,3",
            "192.0.2.2:7654 > 192.0.2.1:2855 FA 3,11",
            "192.0.2.1:2855 > 192.0.2.2:7654 A 11,4",
        ]));
    }

    [Test]
    public void A_connection_was_opened_by_the_side_that_speaks_first()
    {
        var packets = Record(recorder => recorder.Sip.Received(Sip("tcp:192.0.2.1:5060", "tcp:192.0.2.2:40000"), "x"u8));

        Assert.That(packets.Select(packet => packet.ToString()), Is.EqualTo(
        [
            "192.0.2.2:40000 > 192.0.2.1:5060 S 0,0",
            "192.0.2.1:5060 > 192.0.2.2:40000 SA 0,1",
            "192.0.2.2:40000 > 192.0.2.1:5060 A 1,1",
            "192.0.2.2:40000 > 192.0.2.1:5060 PA 1,1 x",
        ]));
    }

    [Test]
    public void What_no_packet_can_hold_is_cut_and_loses_nothing()
    {
        var octets = Enumerable.Range(0, 200_001).Select(i => (byte)(i % 251)).ToArray();

        var packets = Record(recorder => recorder.Msrp.Sending(new MsrpFlow(End("[2001:db8::1]:2855"), End("[2001:db8::2]:7654"), isSecure: false), octets));

        Assert.That(packets.SelectMany(packet => packet.Payload), Is.EqualTo(octets));
        Assert.That(packets[3..].Select(packet => (long)packet.Sequence), Is.EqualTo([1L, 65_476, 130_951, 196_426]));
    }

    [Test]
    public void Each_message_of_MSRP_is_a_packet_however_its_octets_come()
    {
        var packets = Record(recorder =>
        {
            var flow = Msrp();
            recorder.Msrp.Sending(flow, "MSRP a786hjs2 SEND\r\nMessage-ID: 1\r\n"u8);
            recorder.Msrp.Sending(flow, "-------a786hjs2"u8);
            recorder.Msrp.Sending(flow, "$\r\nMSRP d93kswow SEND\r\n-------d93kswow$\r\n"u8);
            recorder.Msrp.Received(flow, "MSRP a786hjs2 200 OK\r\n-------a786hjs2$\r\nMSRP d93kswow 200 OK\r\n-------d93kswow$\r\nMSRP dkei38sd REP"u8);
            recorder.Msrp.Received(flow, "ORT\r\n-------dkei38sd$\r\n"u8);
        });

        Assert.That(Data(packets), Is.EqualTo(
        [
            "192.0.2.1:2855 > 192.0.2.2:7654 PA 1,1 MSRP a786hjs2 SEND\r\nMessage-ID: 1\r\n-------a786hjs2$\r\n",
            "192.0.2.1:2855 > 192.0.2.2:7654 PA 54,1 MSRP d93kswow SEND\r\n-------d93kswow$\r\n",
            "192.0.2.2:7654 > 192.0.2.1:2855 PA 1,92 MSRP a786hjs2 200 OK\r\n-------a786hjs2$\r\n",
            "192.0.2.2:7654 > 192.0.2.1:2855 PA 41,92 MSRP d93kswow 200 OK\r\n-------d93kswow$\r\n",
            "192.0.2.2:7654 > 192.0.2.1:2855 PA 81,92 MSRP dkei38sd REPORT\r\n-------dkei38sd$\r\n",
        ]));
    }

    [Test]
    public void A_response_before_the_end_of_its_request_stands_behind_what_had_come_of_it()
    {
        var packets = Record(recorder =>
        {
            var flow = Msrp();
            recorder.Msrp.Received(flow, "MSRP a786hjs2 SEND\r\n\r\nabc"u8);
            recorder.Msrp.Sending(flow, "MSRP a786hjs2 413 Stop\r\n-------a786hjs2$\r\n"u8);
            recorder.Msrp.Received(flow, "\r\n-------a786hjs2#\r\n"u8);
        });

        Assert.That(Data(packets), Is.EqualTo(
        [
            "192.0.2.2:7654 > 192.0.2.1:2855 PA 1,1 MSRP a786hjs2 SEND\r\n\r\nabc",
            "192.0.2.1:2855 > 192.0.2.2:7654 PA 1,26 MSRP a786hjs2 413 Stop\r\n-------a786hjs2$\r\n",
            "192.0.2.2:7654 > 192.0.2.1:2855 PA 26,43 \r\n-------a786hjs2#\r\n",
        ]));
    }

    [Test]
    public void What_has_not_ended_is_written_when_the_connection_or_the_recording_ends()
    {
        var (first, second) = (Msrp(), Msrp());
        var time = new ManualTimeProvider();
        var packets = Record(time, recorder =>
        {
            recorder.Msrp.Sending(first, "MSRP a786hjs2 SE"u8);
            recorder.Msrp.Sending(second, "MSRP d93kswow SE"u8);
            time.Advance(TimeSpan.FromSeconds(1));
            recorder.Msrp.Received(first, "MSRP"u8);
            time.Advance(TimeSpan.FromSeconds(1));
            recorder.Msrp.Closed(first);
            time.Advance(TimeSpan.FromSeconds(1));
        });

        Assert.That(packets[6..].Select(packet => $"{(packet.Time - packets[0].Time).TotalSeconds} s {packet}"), Is.EqualTo(
        [
            "0 s 192.0.2.1:2855 > 192.0.2.2:7654 PA 1,1 MSRP a786hjs2 SE",
            "1 s 192.0.2.2:7654 > 192.0.2.1:2855 PA 1,17 MSRP",
            "2 s 192.0.2.1:2855 > 192.0.2.2:7654 FA 17,5",
            "2 s 192.0.2.2:7654 > 192.0.2.1:2855 FA 5,18",
            "2 s 192.0.2.1:2855 > 192.0.2.2:7654 A 18,6",
            "0 s 192.0.2.1:2855 > 192.0.2.2:7654 PA 1,1 MSRP d93kswow SE",
        ]));
    }

    [Test]
    public void A_packet_has_the_time_of_its_last_octet()
    {
        var time = new ManualTimeProvider();
        var packets = Record(time, recorder =>
        {
            var flow = Msrp();
            recorder.Msrp.Sending(flow, "MSRP a786hjs2 SEND\r\n-------a786hj"u8);
            time.Advance(TimeSpan.FromSeconds(1));
            recorder.Msrp.Sending(flow, "s2$\r\nMSRP d93kswow"u8);
            time.Advance(TimeSpan.FromSeconds(1));
            recorder.Msrp.Sending(flow, " SEND\r\n-------d93kswow$\r\n"u8);
        });

        Assert.That(packets[3..].Select(packet => (packet.Time - packets[0].Time).TotalSeconds), Is.EqualTo([1, 2]));
    }

    [Test]
    public void What_went_over_TLS_says_so_in_each_packet()
    {
        var packets = Record(recorder =>
        {
            recorder.Sip.Sending(Sip("tls:192.0.2.1:5061", "tls:192.0.2.2:5061"), "x"u8);
            recorder.Msrp.Sending(new MsrpFlow(End("192.0.2.1:2856"), End("192.0.2.2:7654"), isSecure: true), "y"u8);
            recorder.Msrp.Sending(Msrp(), "z"u8);
        });

        Assert.That(packets[..8].Select(packet => packet.Comment), Is.All.EqualTo("It went over TLS and is shown in clear"));
        Assert.That(packets[8..].Select(packet => packet.Comment), Is.All.Null.And.Exactly(4).Items);
    }

    [Test]
    public void An_address_that_is_not_known_is_of_the_family_of_the_other()
    {
        var packets = Record(recorder =>
        {
            recorder.Sip.Sending(Sip("udp:0.0.0.0:5060", "udp:[2001:db8::2]:5060"), "a"u8);
            recorder.Sip.Sending(Sip("udp:[::]:5060", "udp:[::ffff:192.0.2.2]:5060"), "b"u8);
            recorder.Msrp.Sending(new MsrpFlow(null, null, isSecure: false), "c"u8);
        });

        Assert.That(packets.Where(packet => packet.Payload.Length > 0).Select(packet => $"{packet.From} > {packet.To}"), Is.EqualTo(
        [
            "[::]:5060 > [2001:db8::2]:5060",
            "0.0.0.0:5060 > 192.0.2.2:5060",
            "255.255.255.255:0 > 255.255.255.255:0",
        ]));
    }

    [Test]
    public void Beyond_its_limit_nothing_more_is_recorded()
    {
        using var folder = new Interop.RunDirectory();
        var path = folder.File("capture.pcapng");
        long first;
        using (var recorder = WireRecorder.Create(path, maximumOctets: 100))
        {
            var flow = Sip("udp:192.0.2.1:5060", "udp:192.0.2.2:5062");
            recorder.Sip.Sending(flow, "OPTIONS"u8);
            first = recorder.Length;
            recorder.Sip.Sending(flow, "OPTIONS"u8);
            recorder.Msrp.Sending(Msrp(), "z"u8);
        }

        Assert.That(first, Is.EqualTo(116));
        Assert.That(new FileInfo(path).Length, Is.EqualTo(116));
    }

    [Test]
    public void A_disk_that_fails_ends_the_recording_and_nothing_else()
    {
        var disk = new FullDisk(room: 100);
        var recorder = WireRecorder.Create(disk);
        var flow = Sip("udp:192.0.2.1:5060", "udp:192.0.2.2:5062");

        recorder.Sip.Sending(flow, "OPTIONS"u8);
        recorder.Sip.Sending(flow, "OPTIONS"u8);
        recorder.Dispose();
        recorder.Sip.Sending(flow, "OPTIONS"u8);

        Assert.That(recorder.Error, Is.Not.Null);
        Assert.That(recorder.Length, Is.LessThanOrEqualTo(100));
    }

    private static SipFlow Sip(string local, string remote) => new(null!, SipEndPoint.Parse(local), SipEndPoint.Parse(remote));

    private static MsrpFlow Msrp() => new(End("192.0.2.1:2855"), End("192.0.2.2:7654"), isSecure: false);

    private static IEnumerable<string> Data(List<Packet> packets) => packets.Where(packet => packet.Payload.Length > 0).Select(packet => packet.ToString());

    private static IPEndPoint End(string text) => IPEndPoint.Parse(text);

    private static List<Packet> Record(Action<WireRecorder> use) => Record(new ManualTimeProvider(), use);

    private static List<Packet> Record(ManualTimeProvider time, Action<WireRecorder> use)
    {
        var file = new MemoryStream();
        using (var recorder = WireRecorder.Create(file, time))
        {
            use(recorder);
        }

        return [.. Packets(file.ToArray())];
    }

    private static IEnumerable<Packet> Packets(byte[] file)
    {
        for (var at = 0; at < file.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 4));
            Assert.That(length % 4, Is.Zero);
            Assert.That(BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + length - 4)), Is.EqualTo(length), "both lengths of a block");
            if (BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at)) == 6)
            {
                yield return Packet.Read(file.AsSpan(at, length));
            }

            at += length;
        }
    }

    private sealed record Packet(DateTimeOffset Time, IPEndPoint From, IPEndPoint To, string Flags, uint Sequence, uint Acknowledged, byte[] Payload, int HeaderSum, int PayloadSum, string? Comment)
    {
        public static Packet Read(ReadOnlySpan<byte> block)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(block[20..]);
            var packet = block.Slice(28, length);
            var options = block[(28 + ((length + 3) & ~3))..^4];
            var comment = options.IsEmpty ? null : Encoding.UTF8.GetString(options.Slice(4, BinaryPrimitives.ReadUInt16LittleEndian(options[2..])));

            var isSix = packet[0] >> 4 == 6;
            var (header, at, size) = isSix ? (40, 8, 16) : (20, 12, 4);
            var protocol = packet[isSix ? 6 : 9];
            var rest = packet[header..];
            Assert.That(BinaryPrimitives.ReadUInt16BigEndian(packet[(isSix ? 4 : 2)..]), Is.EqualTo(isSix ? rest.Length : length), "length of the packet");

            byte[] pseudo = [.. packet.Slice(at, 2 * size), (byte)(rest.Length >> 24), (byte)(rest.Length >> 16), (byte)(rest.Length >> 8), (byte)rest.Length, 0, 0, 0, protocol];
            var isUdp = protocol == 17;
            var microseconds = ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(block[12..]) << 32) + BinaryPrimitives.ReadUInt32LittleEndian(block[16..]);
            return new Packet(
                DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds(microseconds),
                new IPEndPoint(new IPAddress(packet.Slice(at, size)), BinaryPrimitives.ReadUInt16BigEndian(rest)),
                new IPEndPoint(new IPAddress(packet.Slice(at + size, size)), BinaryPrimitives.ReadUInt16BigEndian(rest[2..])),
                isUdp ? "" : Letters(rest[13]),
                isUdp ? 0 : BinaryPrimitives.ReadUInt32BigEndian(rest[4..]),
                isUdp ? 0 : BinaryPrimitives.ReadUInt32BigEndian(rest[8..]),
                rest[(isUdp ? 8 : 4 * (rest[12] >> 4))..].ToArray(),
                isSix ? 0xFFFF : Sum(packet[..20]),
                Sum([.. pseudo, .. rest]),
                comment);
        }

        public override string ToString() =>
            $"{From} > {To}" + (Flags.Length == 0 ? "" : $" {Flags} {Sequence},{Acknowledged}") + (Payload.Length == 0 ? "" : $" {Encoding.ASCII.GetString(Payload)}");

        private static string Letters(byte flags) => string.Concat("FSRPAU".Where((_, bit) => (flags & (1 << bit)) != 0));

        // RFC 1071: with its checksum in it, everything adds up to all ones.
        private static int Sum(ReadOnlySpan<byte> octets)
        {
            var sum = 0L;
            for (var i = 0; i < octets.Length; i++)
            {
                sum += i % 2 == 0 ? octets[i] << 8 : octets[i];
            }

            return (int)(((sum - 1) % 0xFFFF) + 1);
        }
    }

    private sealed class FullDisk(int room) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (Length + buffer.Length > room)
            {
                throw new IOException("No space left on device");
            }

            base.Write(buffer);
        }
    }
}
