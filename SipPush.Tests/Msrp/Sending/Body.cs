using System.Text;

namespace SipPush.Tests.Msrp.Sending;

/// <summary>Bodies whose octets tell their place.</summary>
internal static class Body
{
    public static string Text(int length) => string.Create(length, 0, static (text, _) =>
    {
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = (char)('a' + ((i + (i / 251)) % 26));
        }
    });

    public static byte[] Octets(int length) => Encoding.Latin1.GetBytes(Text(length));

    public static byte[] Octets(string text) => Encoding.Latin1.GetBytes(text);
}
