using System.Text;

namespace SipPush.Tests.Sip;

/// <summary>Wire text as octets: the source has LF at its line ends, the wire CRLF; one char is one octet.</summary>
internal static class Wire
{
    public static byte[] Of(string text, bool utf8 = false)
    {
        var wire = text.ReplaceLineEndings("\r\n");
        return utf8 ? Encoding.UTF8.GetBytes(wire) : Raw(wire);
    }

    /// <summary>Nothing is changed: for tests of line ends.</summary>
    public static byte[] Raw(string text) => Encoding.Latin1.GetBytes(text);

    public static string Text(ReadOnlyMemory<byte> octets) => Encoding.Latin1.GetString(octets.Span);
}
