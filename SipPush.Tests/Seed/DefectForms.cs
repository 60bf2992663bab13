using System.Text;
using System.Text.RegularExpressions;
using SipPush.Sip;

namespace SipPush.Tests.Seed;

/// <summary>Looks for the faults of the printed flows in a message that was written: PUSH-29 says that none of them ever is.</summary>
internal static partial class DefectForms
{
    /// <summary>The ids of the faults found, in order; empty for a message as it should be.</summary>
    public static IReadOnlyList<string> Find(string message)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        void Add(string id, bool isThere)
        {
            if (isThere)
            {
                found.Add(id);
            }
        }

        var end = message.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var section = end < 0 ? message : message[..end];
        var lines = section.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        var isRequest = !lines[0].StartsWith("SIP/", StringComparison.Ordinal);

        Add("D01", lines.Contains("") || end < 0);
        Add("D02", section.Replace("\r\n", "", StringComparison.Ordinal).AsSpan().ContainsAny('\r', '\n'));
        Add("D08", isRequest && lines[0].Contains('"', StringComparison.Ordinal));
        Add("D14", isRequest && lines[0].Contains("  ", StringComparison.Ordinal));
        Add("D15", lines.Any(line => line.TrimEnd() != line));
        Add("D82", isRequest && lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Length != 3);

        foreach (var line in lines.Skip(1))
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            Add("D24", colon <= 0);
            if (colon <= 0)
            {
                continue;
            }

            var name = line[..colon].ToUpperInvariant();
            var value = line[(colon + 2)..];
            Add("D03", value.AsSpan().ContainsAny('\u201c', '\u201d') || value.Count(character => character == '"') % 2 != 0);
            Add("D05", value.Contains("icsi_ref", StringComparison.OrdinalIgnoreCase));
            Add("D06", value.Contains("urn-xxx", StringComparison.OrdinalIgnoreCase));
            Add("D13", name == "VIA" && value.Contains("= ", StringComparison.Ordinal));
            Add("D25", EmptyParameter().IsMatch(value));

            switch (name)
            {
                case "CONTENT-LENGTH":
                    Add("D07", !int.TryParse(value, out var length) || (end >= 0 && length != Encoding.UTF8.GetByteCount(message[(end + 4)..]) && length != message.Length - end - 4));
                    break;

                case "VIA":
                    Add("D18", value.Split(';')[0].Contains('@', StringComparison.Ordinal));
                    break;

                case "FROM" or "TO" or "CONTACT" or "P-CALLED-PARTY-ID" or "P-ASSERTED-IDENTITY" or "P-PREFERRED-IDENTITY":
                    Add("D09", value != "*" && Outside(value, '<') != Outside(value, '>'));
                    Add("D41", name == "P-CALLED-PARTY-ID" && !value.Contains('<', StringComparison.Ordinal));
                    Add("D45", value != "*" && !value.Contains(':', StringComparison.Ordinal));
                    Add("D83", StrayBracket().IsMatch(value));
                    break;

                case "ACCEPT-CONTACT" or "REJECT-CONTACT":
                    Add("D36", CommaBeforeFeature().IsMatch(value));
                    break;
            }
        }

        Add("D07", !lines.Any(line => line.StartsWith("Content-Length:", StringComparison.Ordinal)));
        Add("D34", isRequest && lines[0].StartsWith("MESSAGE ", StringComparison.Ordinal) && lines.Any(line => line.StartsWith("To:", StringComparison.Ordinal) && line.Contains(";tag=", StringComparison.Ordinal)));
        return [.. found];
    }

    /// <summary>The faults that an INVITE, or a 200 that answers one, shows in what it says of the session.</summary>
    public static IReadOnlyList<string> FindOfSession(string message)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        void Add(string id, bool isThere)
        {
            if (isThere)
            {
                found.Add(id);
            }
        }

        var end = message.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var headers = message[..(end < 0 ? message.Length : end)].Split("\r\n");
        var isOffer = headers[0].StartsWith("INVITE ", StringComparison.Ordinal);
        Add(isOffer ? "D51" : "D70", new[] { "Allow:", "Supported:" }.Any(name => !headers.Any(line => line.StartsWith(name, StringComparison.Ordinal))));
        Add("D65", end < 0 || !message[(end + 4)..].StartsWith("v=0\r\n", StringComparison.Ordinal));
        var lines = message[(end + 4)..].TrimEnd('\r', '\n').Split("\r\n");
        Add("D66", lines.Count(line => line.StartsWith("s=", StringComparison.Ordinal) && line.Length > 2) != 1);
        foreach (var line in lines)
        {
            Add("D59", line.Length == 0);
            Add("D55", line.StartsWith(' '));
            Add(line.StartsWith("a=setup:", StringComparison.Ordinal) ? isOffer ? "D52" : "D67" : "D54", line.StartsWith("a=", StringComparison.Ordinal) && (line.Contains(": ", StringComparison.Ordinal) || line.EndsWith(' ')));
        }

        Add("D53", isOffer && lines.Any(line => line.Replace(" ", "", StringComparison.Ordinal) == "a=setup:passive"));
        Add("D68", !isOffer && lines.Any(line => line.Trim() == "a=setup:active") && lines.Any(line => MediaPort().Match(line) is { Success: true } port && port.Groups[1].Value is not ("9" or "0")));
        var sessions = lines.Select(line => SessionId().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value).ToList();

        // 80 bits are 14 characters, of six bits each at most.
        Add("D57", sessions.Any(id => id.Length < 14 || lines.Contains($"a=file-transfer-id:{id}") || lines.Contains($"a=file-transfer-id: {id}")));
        return [.. found];
    }

    /// <summary>The faults that two messages have together: a branch that is used anew (D10), an answer that is not its request's (D18, D42, D84).</summary>
    public static IReadOnlyList<string> FindBetween(IReadOnlyList<string> requests, IReadOnlyList<(string Request, string Response)> answers)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var distinct = requests.Distinct().Select(request => Line(request, "Via")).ToList();
        if (distinct.Distinct().Count() != distinct.Count)
        {
            found.Add("D10");
        }

        foreach (var (request, response) in answers)
        {
            SipMessage asked = SipRequest.Parse(Encoding.UTF8.GetBytes(request)), answer = SipResponse.Parse(Encoding.UTF8.GetBytes(response));
            if (answer.CSeq != asked.CSeq)
            {
                found.Add("D84");
            }

            if (answer.Values("Via").Count() != asked.Values("Via").Count() || answer.TopVia.SentBy != asked.TopVia.SentBy || answer.TopVia.Branch != asked.TopVia.Branch)
            {
                found.Add("D18");
            }

            if (answer.From.ToString() != asked.From.ToString() || answer.To.Address != asked.To.Address || answer.To.DisplayName != asked.To.DisplayName)
            {
                found.Add("D42");
            }
        }

        return [.. found];
    }

    private static string Line(string message, string name) =>
        message.Split("\r\n").First(line => line.StartsWith(name + ":", StringComparison.Ordinal));

    private static int Outside(string value, char character) => Quoted().Replace(value, "").Count(other => other == character);

    [GeneratedRegex(@"^m=\S+ (\d+) ")]
    private static partial Regex MediaPort();

    [GeneratedRegex(@"^a=path:.*/([^/;]+);tcp$")]
    private static partial Regex SessionId();

    [GeneratedRegex(";\\s*;")]
    private static partial Regex EmptyParameter();

    [GeneratedRegex(@"tag=[^;"">]*>")]
    private static partial Regex StrayBracket();

    [GeneratedRegex(@"""\s*,\s*\+")]
    private static partial Regex CommaBeforeFeature();

    [GeneratedRegex(@"""[^""]*""")]
    private static partial Regex Quoted();
}
