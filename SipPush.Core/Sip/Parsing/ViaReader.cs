using System.Text;

namespace SipPush.Sip.Parsing;

/// <summary>The first Via value of a message that is still borrowed: what the transaction layer needs before anything is copied.</summary>
internal ref struct ViaReader
{
    /// <summary>The first value of the line, without what follows its comma.</summary>
    public ReadOnlySpan<byte> Value;

    public ReadOnlySpan<byte> SentBy;
    public ReadOnlySpan<byte> Branch;
    public bool HasRport;

    private ReadOnlySpan<byte> _parameters;

    /// <summary>Reads the first value of a Via line.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, out ViaReader via)
    {
        via = default;
        var comma = SipGrammar.IndexOfOutside(line, (byte)',');
        via.Value = comma < 0 ? line : SipGrammar.Trim(line[..comma]);

        var semicolon = SipGrammar.IndexOfOutside(via.Value, (byte)';');
        var head = semicolon < 0 ? via.Value : via.Value[..semicolon];
        via._parameters = semicolon < 0 ? default : via.Value[semicolon..];

        // Read as the type reads it that applications see, so that both agree on what a Via is.
        if (!Via.TryReadHead(head, out _, out var sentBy))
        {
            return false;
        }

        via.SentBy = head[sentBy];

        foreach (var (name, value) in via.Parameters)
        {
            if (via.Branch.IsEmpty && Ascii.EqualsIgnoreCase(name, "branch"u8))
            {
                via.Branch = value;
            }
            else if (Ascii.EqualsIgnoreCase(name, "rport"u8))
            {
                via.HasRport = true;
            }
        }

        return true;
    }

    /// <summary>How many Via values a message has, over all its lines.</summary>
    public static int Count(ReadOnlySpan<byte> message, ReadOnlySpan<HeaderEntry> entries)
    {
        var count = 0;
        foreach (ref readonly var entry in entries)
        {
            if (entry.Id != HeaderId.Via)
            {
                continue;
            }

            count++;
            var line = message.Slice(entry.ValueStart, entry.ValueLength);
            while (SipGrammar.IndexOfOutside(line, (byte)',') is >= 0 and var comma)
            {
                count++;
                line = line[(comma + 1)..];
            }
        }

        return count;
    }

    public readonly ParameterReader Parameters => new(_parameters);

    /// <summary>The octets before the first parameter.</summary>
    public readonly ReadOnlySpan<byte> Head => Value[..(Value.Length - _parameters.Length)];
}
