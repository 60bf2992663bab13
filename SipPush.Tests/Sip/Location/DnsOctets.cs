using System.Globalization;
using System.Text;

namespace SipPush.Tests.Sip.Location;

/// <summary>DNS messages as literal text: octets in hexadecimal, and text in apostrophes.</summary>
internal static class DnsOctets
{
    /// <summary>Reads <c>1234 8180 03 'com' 00</c>; white space only separates.</summary>
    public static byte[] Of(string text)
    {
        var octets = new List<byte>();
        var parts = text.Split('\'');

        for (var i = 0; i < parts.Length; i++)
        {
            if (i % 2 == 1)
            {
                octets.AddRange(Encoding.ASCII.GetBytes(parts[i]));
                continue;
            }

            var digits = string.Concat(parts[i].Where(character => !char.IsWhiteSpace(character)));
            octets.AddRange(Convert.FromHexString(digits));
        }

        return [.. octets];
    }

    /// <summary>A response to a query: its id and question, the code, and records as <see cref="Record"/> makes them.</summary>
    public static byte[] Response(byte[] query, int code, IReadOnlyList<byte[]> answers, byte[]? authority = null, bool truncated = false) =>
    [
        .. query.AsSpan(0, 2),
        (byte)(truncated ? 0x83 : 0x81), (byte)(0x80 | code),
        0, 1,
        (byte)(answers.Count >> 8), (byte)answers.Count,
        0, (byte)(authority is null ? 0 : 1),
        0, 0,
        .. Question(query),
        .. answers.SelectMany(answer => answer),
        .. authority ?? [],
    ];

    /// <summary>A record from text such as <c>a.example 60 A 192.0.2.1</c>, as zone files have it; texts are without quotes, <c>-</c> being the empty one.</summary>
    public static byte[] Record(string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (type, data) = (words[2], words[3..]) switch
        {
            ("A", [var address]) => (1, System.Net.IPAddress.Parse(address).GetAddressBytes()),
            ("CNAME", [var target]) => (5, Name(target)),
            ("SOA", [var minimum]) => (6, [.. Name("ns"), .. Name("admin"), .. Number(1), .. Number(2), .. Number(3), .. Number(4), .. Number(Int(minimum))]),
            ("AAAA", [var address]) => (28, System.Net.IPAddress.Parse(address).GetAddressBytes()),
            ("SRV", [var priority, var weight, var port, var target]) => (33, [.. Short(priority), .. Short(weight), .. Short(port), .. Name(target)]),
            ("NAPTR", [var order, var preference, var flags, var services, var regexp, var replacement]) =>
                (35, (byte[])[.. Short(order), .. Short(preference), .. Text(flags), .. Text(services), .. Text(regexp), .. Name(replacement)]),
            _ => throw new FormatException(text),
        };

        return [.. Name(words[0]), 0, (byte)type, 0, 1, .. Number(Int(words[1])), (byte)(data.Length >> 8), (byte)data.Length, .. data];
    }

    /// <summary>The name and type that a query asks for, such as <c>example.com 35</c>.</summary>
    public static string QuestionText(byte[] query)
    {
        var labels = new List<string>();
        var at = 12;
        for (; query[at] != 0; at += 1 + query[at])
        {
            labels.Add(Encoding.ASCII.GetString(query, at + 1, query[at]));
        }

        return $"{string.Join('.', labels)} {(query[at + 1] << 8) | query[at + 2]}";
    }

    private static byte[] Question(byte[] query)
    {
        var end = 12;
        while (query[end] != 0)
        {
            end += 1 + query[end];
        }

        return query[12..(end + 5)];
    }

    private static byte[] Name(string name) =>
        [.. name.TrimEnd('.').Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => Text(label)), 0];

    private static byte[] Text(string text) => text == "-" ? [0] : [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Short(string number) => [(byte)(Int(number) >> 8), (byte)Int(number)];

    private static byte[] Number(int number) => [(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number];

    private static int Int(string number) => int.Parse(number, CultureInfo.InvariantCulture);
}
