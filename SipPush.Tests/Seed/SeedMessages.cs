using System.Globalization;
using System.Text;
using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Tests.Seed;

/// <summary>
/// The printed messages of the sample flows and the repairer that makes them whole. What the print lost (line ends, empty lines, bodies) and what
/// has no single meaning on the wire is put right here; what a lenient receiver puts right is left to the library.
/// </summary>
internal static class SeedMessages
{
    public const string Gruu = "sip:user@domain.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

    private const string Icsi = "+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush\"";
    private const string Push = "Content-Type: application/vnd.wap.mms-message\r\nX-Wap-Application-Id: x-wap-application:mms.ua\r\n\r\noctets";

    private static readonly Dictionary<string, string[]> Printed = Load();

    // What no receiver can know, message by message; of what is listed for one flow, a message has some.
    private static readonly Dictionary<string, (string Id, string From, string To)[]> Corrections = new()
    {
        ["B.1 1 REGISTER"] =
        [
            ("D23", "branch=z9hG4bKnashds7", "branch=z9hG4bKnashds7;rport"),
            ("D22", ";+g.oma", $";{Icsi};+g.oma"),
        ],
        ["B.1 2 200"] =
        [
            ("D23, D29", "branch=z9hG4bKnashds7", "branch=z9hG4bKnashds7;rport=5060;received=192.0.2.4"),
            ("D26", "callee@example.com", "user@domain.com"),
            ("D26", "@example.com;gr", "@domain.com;gr"),
            ("D22, D27", ";expires=3600", $";{Icsi};+g.oma.pusheventapp=\"mms.ua\";expires=3600"),
            ("D28", "Expires: 7200\r\n", ""),
        ],
        ["B.1 3 REGISTER"] = [("D12", "z9hG4bKnashds7", "z9hG4bKnashds8")],
        ["B.1 3 200"] = [("D12", "z9hG4bKnashds7", "z9hG4bKnashds8"), ("D32", "<sip:registrar.domain.com>\r\nExpires", "<sip:registrar.domain.com>;expires=7200\r\nExpires")],
        ["B.2 1 MESSAGE"] =
        [
            ("D34", ";tag=456248", ""),
            ("D37", "sip:psa@domain.com\r\n", "<sip:psa@domain.com>\r\n"),
            ("D06", "urn-xxx", "urn-7"),
            ("D06", "urn-xxx", "urn-7"),
            ("", "; +g", ";+g"),
            ("", ", +g", ",+g"),
        ],
        ["B.2 2 MESSAGE"] =
        [
            ("D40", $"MESSAGE {Gruu}\"", "MESSAGE sip:user@192.0.2.4"),
            ("D13", "branch= ", "branch="),
            ("D17", "received=192.0.2.4", "received=192.0.2.10"),
            ("D37", "sip:psa@domain.com\r\n", "<sip:psa@domain.com>\r\n"),
            ("D34", ";tag=456248", ""),
            ("D42", "To: Bob", "To: \"Bob\""),
            ("D06", "urn-xxx", "urn-7"),
            ("", "; +g", ";+g"),
            ("", "; +g", ";+g"),
            ("", "\"mms.ua\u201d", "\"mms.ua\u201d;require;explicit"),
        ],
        ["B.2 3 200"] = [],
        ["B.2 4 200"] = [("D45", ": user@domain.com", ": <sip:user@domain.com>")],
        ["B.3 1 INVITE"] = [("D48", "psa@domain.com;branch=z9hG4bK776sgdkse", "psa.domain.com;branch=z9hG4bK776sgdksf"), ("D06", "urn-xxx", "urn-7"), ("D06", "urn-xxx", "urn-7"), ("D06", "urn-xxx", "urn-7")],
        ["B.3 2 INVITE"] =
        [
            ("D13", "branch= z9hG4bK123dsghds", "branch=z9hG4bK123dsghdt"),
            ("D10", "z9hG4bK776sgdkse", "z9hG4bK776sgdksf"),
            ("D61", $"<{Gruu}>\r\nFrom", "<sip:user@domain.com>\r\nFrom"),
            ("D06", "urn-xxx", "urn-7"),
            ("D06", "urn-xxx", "urn-7"),
        ],
        ["B.3 3 200"] =
        [
            ("D11", "z9hG4bK123dsghds", "z9hG4bK123dsghdt"),
            ("D18", "psa@domain.com;branch=z9hG4bK776sgdkse", "psa.domain.com;branch=z9hG4bK776sgdksf"),
            ("D06", "urn-xxx", "urn-7"),
        ],
        ["B.3 4 200"] =
        [
            ("D18", "psa@domain.com;branch=z9hG4bK776sgdkse", "psa.domain.com;branch=z9hG4bK776sgdksf"),
            ("D69", ": user@domain.com", ": <sip:user@domain.com>"),
            ("D06", "urn-xxx", "urn-7"),
        ],
        ["B.3 5 ACK"] = [("D71", "z9hG4bK776sgdkse", "z9hG4bK776sgdksg")],
        ["B.3 6 ACK"] = [("D13", "branch= z9hG4bK123dsghds", "branch=z9hG4bK123dsghdu"), ("D71", "z9hG4bK776sgdkse", "z9hG4bK776sgdksg")],
        ["B.3 12 BYE"] = [("D82", "domain.com gr=", "domain.com;gr="), ("D10", "z9hG4bK776sgdkse", "z9hG4bK776sgdksh")],
        ["B.3 13 BYE"] = [("D13", "branch= z9hG4bK123dsghds", "branch=z9hG4bK123dsghdv"), ("D10", "z9hG4bK776sgdkse", "z9hG4bK776sgdksh")],
        ["B.3 14 200"] =
        [
            ("D11", "z9hG4bK123dsghds", "z9hG4bK123dsghdv"),
            ("D10", "z9hG4bK776sgdkse\r\n", "z9hG4bK776sgdksh;received=192.0.2.10\r\n"),
            ("D84", "CSeq: 2 BYE", "CSeq: 198457 BYE"),
        ],
        ["B.3 15 200"] = [("D10", "z9hG4bK776sgdkse", "z9hG4bK776sgdksh"), ("D84", "CSeq: 2 BYE", "CSeq: 198457 BYE")],
    };

    /// <summary>The messages by flow, step and kind, in the order of the flows.</summary>
    public static IEnumerable<string> Names => Printed.Keys;

    /// <summary>A message as it is printed.</summary>
    public static string Raw(string name) => string.Join('\n', Printed[name]);

    /// <summary>A message as a receiver has it once the print is mended: line ends, empty lines, folds (D01, D02, D15, D24, D55, D59, D65).</summary>
    public static byte[] OnTheWire(string name)
    {
        var lines = Printed[name];
        var last = Array.FindIndex(lines, line => line.StartsWith("Content-Length", StringComparison.Ordinal));
        var head = Join(lines[..(last + 1)].Select(line => line.TrimEnd()), ";", "");
        var body = Join(lines[(last + 1)..], " ", " ");

        var text = string.Concat(head.Select(line => line + "\r\n")) + "\r\n" + string.Concat(body.Select(line => line + "\r\n"));

        // D39
        return Encoding.UTF8.GetBytes(text.Replace("(Push content…)\r\n", Push, StringComparison.Ordinal));
    }

    /// <summary>The corrected message: what only the author of the flow can know is put right here, the rest by the lenient profile.</summary>
    public static string Repaired(string name, out LenientRepairs repairs)
    {
        var text = Encoding.UTF8.GetString(OnTheWire(name));
        foreach (var (id, from, to) in Corrections[name])
        {
            var at = text.IndexOf(from, StringComparison.Ordinal);
            Assert.That(at, Is.Not.Negative, $"{name}: {id} '{from}' is not there");
            text = text[..at] + to + text[(at + from.Length)..];
        }

        var octets = Encoding.UTF8.GetBytes(text);
        return Encoding.UTF8.GetString(LenientRepair.TryRepair(octets, new SipLimits(), isDatagram: true, out repairs) ?? octets);
    }

    // A line that begins with the mark goes on with the one before it.
    private static List<string> Join(IEnumerable<string> lines, string mark, string gap)
    {
        var joined = new List<string>();
        foreach (var line in lines.Where(line => line.Trim().Length > 0))
        {
            if (joined.Count > 0 && line.StartsWith(mark, StringComparison.Ordinal))
            {
                joined[^1] += gap + line.TrimStart();
            }
            else
            {
                joined.Add(line);
            }
        }

        return joined;
    }

    private static Dictionary<string, string[]> Load()
    {
        var path = Path.Combine(TestContext.CurrentContext.TestDirectory, "Data", "oma-push-appendix-b.dat");
        var messages = new Dictionary<string, string[]>();
        foreach (var part in File.ReadAllText(path).Split("=== ", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = part.TrimEnd('\n').Split('\n');
            messages.Add(lines[0], lines[1..]);
        }

        Assert.That(messages, Has.Count.EqualTo(18), path.ToString(CultureInfo.InvariantCulture));
        return messages;
    }
}
