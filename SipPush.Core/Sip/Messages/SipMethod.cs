using System.Text;

namespace SipPush.Sip;

/// <summary>The method of a request; case matters (RFC 3261 §7.1).</summary>
/// <param name="Name">The token as it stands in the Request-Line.</param>
public readonly record struct SipMethod(string Name)
{
    /// <summary>REGISTER (RFC 3261 §10).</summary>
    public static readonly SipMethod Register = new("REGISTER");

    /// <summary>MESSAGE (RFC 3428).</summary>
    public static readonly SipMethod Message = new("MESSAGE");

    /// <summary>OPTIONS (RFC 3261 §11).</summary>
    public static readonly SipMethod Options = new("OPTIONS");

    /// <summary>INVITE (RFC 3261 §13).</summary>
    public static readonly SipMethod Invite = new("INVITE");

    /// <summary>ACK (RFC 3261 §13).</summary>
    public static readonly SipMethod Ack = new("ACK");

    /// <summary>BYE (RFC 3261 §15).</summary>
    public static readonly SipMethod Bye = new("BYE");

    /// <summary>CANCEL (RFC 3261 §9).</summary>
    public static readonly SipMethod Cancel = new("CANCEL");

    /// <summary>UPDATE (RFC 3311).</summary>
    public static readonly SipMethod Update = new("UPDATE");

    /// <summary>PRACK (RFC 3262).</summary>
    public static readonly SipMethod Prack = new("PRACK");

    /// <summary>INFO (RFC 6086).</summary>
    public static readonly SipMethod Info = new("INFO");

    private static readonly string[] Known =
    [
        "REGISTER", "MESSAGE", "OPTIONS", "INVITE", "ACK", "BYE", "CANCEL",
        "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "UPDATE", "PRACK", "REFER",
    ];

    /// <summary>True for the methods of the RFCs: one of them that is not allowed gets 405, any other 501 (RFC 3261 §21.4.6, §21.5.2).</summary>
    public bool IsKnown => Array.IndexOf(Known, Name) >= 0;

    /// <summary>The method token.</summary>
    public override string ToString() => Name;

    internal static SipMethod From(ReadOnlySpan<byte> token)
    {
        foreach (var name in Known)
        {
            if (token.Length == name.Length && Ascii.Equals(token, name))
            {
                return new SipMethod(name);
            }
        }

        return new SipMethod(Encoding.UTF8.GetString(token));
    }
}
