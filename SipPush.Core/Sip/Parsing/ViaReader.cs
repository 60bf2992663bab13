using System.Text;

namespace SipPush.Sip.Parsing;

/// <summary>The first Via value of a message that is still borrowed: what the transaction layer needs before anything is copied.</summary>
internal ref struct ViaReader
{
    /// <summary>The first value of the line, without what follows its comma.</summary>
    public ReadOnlySpan<byte> Value;

    public ReadOnlySpan<byte> SentBy;
    public ReadOnlySpan<byte> Branch;
    public ReadOnlySpan<byte> MaddrValue;
    public bool HasRport;

    private ReadOnlySpan<byte> _parameters;

    /// <summary>Reads the first value of a Via line.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, out ViaReader via)
    {
        via = default;
        var comma = SipGrammar.IndexOfOutside(line, (byte)',');
        via.Value = comma < 0 ? line : SipGrammar.Trim(line[..comma]);

        // Checked once by the type that applications see, so that both agree on what a Via is.
        var semicolon = via.Value.IndexOf((byte)';');
        var head = semicolon < 0 ? via.Value : via.Value[..semicolon];
        via._parameters = semicolon < 0 ? default : via.Value[semicolon..];

        var slash = head.LastIndexOf((byte)'/');
        if (slash < 0 || head.Length < 3 || !Ascii.EqualsIgnoreCase(head[..3], "SIP"u8))
        {
            return false;
        }

        var last = SipGrammar.Trim(head[(slash + 1)..]);
        var gap = last.IndexOfAny((byte)' ', (byte)'\t', (byte)'\r');
        if (gap <= 0)
        {
            return false;
        }

        via.SentBy = SipGrammar.Trim(last[gap..]);
        if (via.SentBy.IsEmpty || via.SentBy.ContainsAny((byte)'@', (byte)'"', (byte)'<'))
        {
            return false;
        }

        foreach (var (name, value) in via.Parameters)
        {
            if (Ascii.EqualsIgnoreCase(name, "branch"u8))
            {
                via.Branch = value;
            }
            else if (Ascii.EqualsIgnoreCase(name, "rport"u8))
            {
                via.HasRport = true;
            }
            else if (Ascii.EqualsIgnoreCase(name, "maddr"u8))
            {
                via.MaddrValue = value;
            }
        }

        return true;
    }

    public readonly ParameterReader Parameters => new(_parameters);

    /// <summary>The octets before the first parameter.</summary>
    public readonly ReadOnlySpan<byte> Head => Value[..(Value.Length - _parameters.Length)];
}
