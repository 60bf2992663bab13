using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace SipPush.Sip.Location;

/// <summary>
/// A DNS message (RFC 1035 §4): writes queries and reads responses. The authority section is read for its SOA, the additional one for
/// its OPT only: addresses that come unasked are not believed (RFC 5452 §6).
/// </summary>
internal sealed class DnsMessage
{
    /// <summary>What a query may come to, in octets.</summary>
    public const int MaximumQueryLength = HeaderLength + DnsName.MaximumLength + QuestionTail + OptLength;

    /// <summary>The UDP payload that queries offer to take: it passes Ethernet and IPv6 without fragments.</summary>
    public const int UdpPayload = 1232;

    private const int HeaderLength = 12;
    private const int QuestionTail = 4;
    private const int OptLength = 11;
    private const int ShortestRecord = 11;
    private const int MaximumRecords = 256;
    private const ushort ClassInternet = 1;

    private DnsMessage(ushort id) => Id = id;

    /// <summary>The number of the query that this answers.</summary>
    public ushort Id { get; }

    /// <summary>What was asked; null when the server did not repeat it.</summary>
    public (DnsName Name, DnsRecordType Type)? Question { get; private set; }

    /// <summary>What the server says of the query.</summary>
    public DnsResponseCode ResponseCode { get; private set; }

    /// <summary>True when not all of it fitted; then no records are read (RFC 2181 §9).</summary>
    public bool IsTruncated { get; private set; }

    /// <summary>The records of the answer section of the types known here.</summary>
    public IReadOnlyList<DnsRecord> Answers { get; private set; } = [];

    /// <summary>The zone that says that there is no such record; null when none says so.</summary>
    public DnsAuthorityRecord? Authority { get; private set; }

    /// <summary>Writes a standard query that asks for recursion, with <paramref name="extended"/> offering <see cref="UdpPayload"/> octets (RFC 6891 §6.2.3); the octets written.</summary>
    public static int WriteQuery(Span<byte> destination, ushort id, DnsName name, DnsRecordType type, bool extended)
    {
        const ushort RecursionDesired = 0x0100;
        BinaryPrimitives.WriteUInt16BigEndian(destination, id);
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], RecursionDesired);
        BinaryPrimitives.WriteUInt16BigEndian(destination[4..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(destination[6..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(destination[10..], extended ? (ushort)1 : (ushort)0);
        name.Octets.CopyTo(destination[HeaderLength..]);
        var at = HeaderLength + name.Octets.Length;
        BinaryPrimitives.WriteUInt16BigEndian(destination[at..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(destination[(at + 2)..], ClassInternet);
        at += QuestionTail;

        if (extended)
        {
            // The root's name, the type, the payload in place of the class, and no flags, TTL or data.
            var opt = destination.Slice(at, OptLength);
            opt.Clear();
            BinaryPrimitives.WriteUInt16BigEndian(opt[1..], (ushort)DnsRecordType.Opt);
            BinaryPrimitives.WriteUInt16BigEndian(opt[3..], UdpPayload);
            at += OptLength;
        }

        return at;
    }

    /// <summary>Reads a response; null and what is wrong with it when it is none.</summary>
    public static DnsReadError TryRead(ReadOnlySpan<byte> octets, out DnsMessage? message)
    {
        message = null;
        if (octets.Length < HeaderLength)
        {
            return DnsReadError.Cut;
        }

        var flags = BinaryPrimitives.ReadUInt16BigEndian(octets[2..]);
        if ((flags & 0xF800) != 0x8000)
        {
            return DnsReadError.NotAResponse;
        }

        int questions = BinaryPrimitives.ReadUInt16BigEndian(octets[4..]);
        int answers = BinaryPrimitives.ReadUInt16BigEndian(octets[6..]);
        int authorities = BinaryPrimitives.ReadUInt16BigEndian(octets[8..]);
        int additional = BinaryPrimitives.ReadUInt16BigEndian(octets[10..]);
        var read = new DnsMessage(BinaryPrimitives.ReadUInt16BigEndian(octets))
        {
            ResponseCode = (DnsResponseCode)(flags & 0xF),
            IsTruncated = (flags & 0x0200) != 0,
        };
        var at = HeaderLength;

        if (questions > 1)
        {
            return DnsReadError.Question;
        }

        if (questions == 1)
        {
            var error = DnsName.TryRead(octets, ref at, out var name);
            if (error != DnsReadError.None)
            {
                return error;
            }

            if (octets.Length - at < QuestionTail)
            {
                return DnsReadError.Cut;
            }

            if (BinaryPrimitives.ReadUInt16BigEndian(octets[(at + 2)..]) != ClassInternet)
            {
                return DnsReadError.Question;
            }

            read.Question = (name, (DnsRecordType)BinaryPrimitives.ReadUInt16BigEndian(octets[at..]));
            at += QuestionTail;
        }

        if (!read.IsTruncated)
        {
            var error = read.ReadRecords(octets, at, answers, authorities, additional);
            if (error != DnsReadError.None)
            {
                return error;
            }
        }

        message = read;
        return DnsReadError.None;
    }

    private DnsReadError ReadRecords(ReadOnlySpan<byte> octets, int at, int answers, int authorities, int additional)
    {
        var count = answers + authorities + additional;
        if (count > (octets.Length - at) / ShortestRecord)
        {
            return DnsReadError.Cut;
        }

        if (count > MaximumRecords)
        {
            return DnsReadError.TooManyRecords;
        }

        var found = new List<DnsRecord>(answers);
        for (var i = 0; i < count; i++)
        {
            var error = ReadRecord(octets, ref at, out var record);
            if (error != DnsReadError.None)
            {
                return error;
            }

            if (record is not null && i < answers)
            {
                found.Add(record);
            }
            else if (record is DnsAuthorityRecord authority && i < answers + authorities)
            {
                Authority ??= authority;
            }
        }

        Answers = found;
        return DnsReadError.None;
    }

    // The record is null when its type or class is of no interest.
    private DnsReadError ReadRecord(ReadOnlySpan<byte> octets, ref int at, out DnsRecord? record)
    {
        const int Fixed = 10;
        record = null;
        var error = DnsName.TryRead(octets, ref at, out var name);
        if (error != DnsReadError.None)
        {
            return error;
        }

        if (octets.Length - at < Fixed)
        {
            return DnsReadError.Cut;
        }

        var type = (DnsRecordType)BinaryPrimitives.ReadUInt16BigEndian(octets[at..]);
        var recordClass = BinaryPrimitives.ReadUInt16BigEndian(octets[(at + 2)..]);
        var lifetime = BinaryPrimitives.ReadUInt32BigEndian(octets[(at + 4)..]);
        int length = BinaryPrimitives.ReadUInt16BigEndian(octets[(at + 8)..]);
        at += Fixed;
        if (octets.Length - at < length)
        {
            return DnsReadError.Cut;
        }

        var data = at;
        at += length;

        if (type == DnsRecordType.Opt)
        {
            // The upper eight bits of the response code take the place of the TTL's.
            ResponseCode |= (DnsResponseCode)(lifetime >> 24 << 4);
            return DnsReadError.None;
        }

        if (recordClass != ClassInternet)
        {
            return DnsReadError.None;
        }

        // The highest bit is no part of the number (RFC 2181 §8).
        var timeToLive = TimeSpan.FromSeconds(lifetime <= int.MaxValue ? lifetime : 0);
        return ReadData(octets[..at], data, type, name, timeToLive, out record);
    }

    // The octets end where the record does; names in it may point back into the message.
    private static DnsReadError ReadData(ReadOnlySpan<byte> octets, int at, DnsRecordType type, DnsName name, TimeSpan timeToLive, out DnsRecord? record)
    {
        record = null;
        var length = octets.Length - at;
        DnsName target;

        switch (type)
        {
            case DnsRecordType.A when length == 4:
            case DnsRecordType.Aaaa when length == 16:
                record = new DnsAddressRecord(type, name, timeToLive, new IPAddress(octets[at..]));
                return DnsReadError.None;

            case DnsRecordType.Cname:
                if (!TryReadLastName(octets, at, out target))
                {
                    return DnsReadError.RecordData;
                }

                record = new DnsAliasRecord(name, timeToLive, target);
                return DnsReadError.None;

            case DnsRecordType.Srv when length > 6:
                var service = octets[at..];
                if (!TryReadLastName(octets, at + 6, out target))
                {
                    return DnsReadError.RecordData;
                }

                record = new DnsServiceRecord(
                    name,
                    timeToLive,
                    BinaryPrimitives.ReadUInt16BigEndian(service),
                    BinaryPrimitives.ReadUInt16BigEndian(service[2..]),
                    BinaryPrimitives.ReadUInt16BigEndian(service[4..]),
                    target);
                return DnsReadError.None;

            case DnsRecordType.Naptr when length > 4:
                var rule = octets.Slice(at, 4);
                at += 4;
                if (!TryReadText(octets, ref at, out var flags)
                    || !TryReadText(octets, ref at, out var services)
                    || !TryReadText(octets, ref at, out var regexp)
                    || !TryReadLastName(octets, at, out target))
                {
                    return DnsReadError.RecordData;
                }

                record = new DnsNaptrRecord(
                    name,
                    timeToLive,
                    BinaryPrimitives.ReadUInt16BigEndian(rule),
                    BinaryPrimitives.ReadUInt16BigEndian(rule[2..]),
                    flags,
                    services,
                    regexp,
                    target);
                return DnsReadError.None;

            case DnsRecordType.Soa:
                const int Numbers = 20;
                if (DnsName.TryRead(octets, ref at, out _) != DnsReadError.None
                    || DnsName.TryRead(octets, ref at, out _) != DnsReadError.None
                    || octets.Length - at != Numbers)
                {
                    return DnsReadError.RecordData;
                }

                var minimum = BinaryPrimitives.ReadUInt32BigEndian(octets[^4..]);
                record = new DnsAuthorityRecord(name, timeToLive, TimeSpan.FromSeconds(minimum <= int.MaxValue ? minimum : 0));
                return DnsReadError.None;

            case DnsRecordType.A or DnsRecordType.Aaaa or DnsRecordType.Srv or DnsRecordType.Naptr:
                return DnsReadError.RecordData;

            default:
                return DnsReadError.None;
        }
    }

    private static bool TryReadLastName(ReadOnlySpan<byte> octets, int at, out DnsName name) =>
        DnsName.TryRead(octets, ref at, out name) == DnsReadError.None && at == octets.Length;

    private static bool TryReadText(ReadOnlySpan<byte> octets, ref int at, out string text)
    {
        text = "";
        if (at >= octets.Length || octets.Length - at - 1 < octets[at])
        {
            return false;
        }

        text = Encoding.Latin1.GetString(octets.Slice(at + 1, octets[at]));
        at += 1 + octets[at];
        return true;
    }
}
