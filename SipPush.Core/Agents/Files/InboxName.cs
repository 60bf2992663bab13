using System.Buffers;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace SipPush;

/// <summary>Makes a name for a file from what a peer calls it (RFC 5547 §6 warns of such names): one that names a file in its folder, and nothing else, on every system.</summary>
internal static class InboxName
{
    // What some system takes for the structure of a path, a stream, a pattern or a redirection.
    private static readonly SearchValues<char> Special = SearchValues.Create("<>:\"|?*");

    private static readonly FrozenSet<string> Devices = new[] { "CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$" }
        .Concat("0123456789\u00B9\u00B2\u00B3".SelectMany(number => new[] { $"COM{number}", $"LPT{number}" }))
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, string> Extensions = new Dictionary<string, string>
    {
        ["application/json"] = ".json",
        ["application/pdf"] = ".pdf",
        ["application/vnd.wap.mms-message"] = ".mms",
        ["application/vnd.wap.sic"] = ".sic",
        ["application/vnd.wap.slc"] = ".slc",
        ["application/xml"] = ".xml",
        ["image/gif"] = ".gif",
        ["image/jpeg"] = ".jpg",
        ["image/png"] = ".png",
        ["text/html"] = ".html",
        ["text/plain"] = ".txt",
        ["text/vnd.wap.si"] = ".xml",
        ["text/vnd.wap.sl"] = ".xml",
        ["text/xml"] = ".xml",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>A name of at most so many octets in UTF-8.</summary>
    /// <param name="name">What the peer says; null for nothing.</param>
    /// <param name="contentType">The media type, which gives a file without a name its extension, from a table.</param>
    /// <param name="longest">Octets.</param>
    public static string Make(string? name, string contentType, int longest)
    {
        var made = Cut(Clean(name ?? ""), longest);
        return made.Length > 0 ? made : "push" + Extensions.GetValueOrDefault(contentType.Split(';', 2)[0].Trim(), ".bin");
    }

    /// <summary>The same name with a number, before its extension.</summary>
    public static string WithNumber(string name, int number)
    {
        var dot = ExtensionAt(name);
        return string.Create(CultureInfo.InvariantCulture, $"{name.AsSpan(0, dot)} ({number}){name.AsSpan(dot)}");
    }

    private static string Clean(string name)
    {
        // Of a path only what it leads to.
        var text = new StringBuilder();
        foreach (var rune in name.AsSpan(name.AsSpan().LastIndexOfAny('/', '\\') + 1).EnumerateRunes())
        {
            switch (Rune.GetUnicodeCategory(rune))
            {
                // Nobody sees them, or sees others instead: those that turn the direction of writing, for instance.
                case UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned:
                    break;
                case UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator:
                    text.Append(' ');
                    break;
                default:
                    text.Append(rune.Value == Rune.ReplacementChar.Value || (rune.IsBmp && Special.Contains((char)rune.Value)) ? "_" : rune.ToString());
                    break;
            }
        }

        // A hidden file, or the folder itself; Windows drops what trails.
        var clean = text.ToString().Normalize(NormalizationForm.FormC).TrimStart('.', ' ').TrimEnd('.', ' ');
        var dot = clean.IndexOf('.', StringComparison.Ordinal);
        var stem = (dot < 0 ? clean : clean[..dot]).TrimEnd(' ');

        // A device has any extension; a leading dash is an option to many a program.
        return Devices.Contains(stem) || clean.StartsWith('-') ? "_" + clean : clean;
    }

    private static string Cut(string name, int longest)
    {
        if (Encoding.UTF8.GetByteCount(name) <= longest)
        {
            return name;
        }

        // What is long is no extension.
        const int LongestExtension = 16;
        var dot = ExtensionAt(name);
        var extension = Encoding.UTF8.GetByteCount(name.AsSpan(dot)) <= LongestExtension ? name[dot..] : "";
        var room = longest - Encoding.UTF8.GetByteCount(extension);
        var length = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            room -= rune.Utf8SequenceLength;
            if (room < 0 || length >= name.Length - extension.Length)
            {
                break;
            }

            length += rune.Utf16SequenceLength;
        }

        return name[..length].TrimEnd('.', ' ') + extension;
    }

    private static int ExtensionAt(string name)
    {
        var dot = name.LastIndexOf('.');
        return dot <= 0 ? name.Length : dot;
    }
}
