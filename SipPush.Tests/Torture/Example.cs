using System.Text;
using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Tests.Torture;

/// <summary>What a fixture puts into an example before it is sent.</summary>
internal static class Example
{
    /// <summary>The message with those of the lines that every message must have (RFC 3261 §8.1.1, §13.2.1) which it lacks.</summary>
    public static byte[] Complete(byte[] message, MessageIndex index, string transport)
    {
        var missing = new StringBuilder();
        var method = index.IsRequest ? Encoding.ASCII.GetString(message, index.MethodStart, index.MethodLength) : "OPTIONS";
        AddIfMissing(HeaderId.Via, $"Via: SIP/2.0/{transport} 192.0.2.1:5060;branch=z9hG4bKexample;rport\r\n");
        AddIfMissing(HeaderId.From, "From: <sip:a@peer.example.com>;tag=example\r\n");
        AddIfMissing(HeaderId.To, "To: <sip:sut@sut.example.com>\r\n");
        AddIfMissing(HeaderId.CallId, "Call-ID: example@192.0.2.1\r\n");
        AddIfMissing(HeaderId.CSeq, $"CSeq: 1 {method}\r\n");

        if (method == "INVITE")
        {
            AddIfMissing(HeaderId.Contact, "Contact: <sip:a@192.0.2.1:5060>\r\n");
        }

        var line = message.AsSpan().IndexOf((byte)'\n') + 1;
        return missing.Length == 0 ? message : [.. message[..line], .. Encoding.ASCII.GetBytes(missing.ToString()), .. message[line..]];

        void AddIfMissing(HeaderId id, string text)
        {
            if (index.Find(id) < 0)
            {
                missing.Append(text);
            }
        }
    }

    /// <summary>The message with something else in that place; unchanged where there is no such place.</summary>
    public static byte[] With(byte[] message, Range place, ReadOnlySpan<byte> other) =>
        place.Equals(default) ? message : [.. message.AsSpan(..place.Start), .. other, .. message.AsSpan(place.End..)];
}
