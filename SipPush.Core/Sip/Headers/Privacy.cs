using System.Diagnostics.CodeAnalysis;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// What a user wants kept back: <c>id;critical</c>, its values parted by semicolons (RFC 3323 §4.2, RFC 3325 §9.3). Where one can't be
/// read, take it that everything was asked for.
/// </summary>
public sealed class Privacy
{
    private readonly SipText[] _values;

    private Privacy(SipText[] values) => _values = values;

    /// <summary>header, session, user, none, critical, id and others, in order.</summary>
    public IReadOnlyList<SipText> Values => _values;

    /// <summary>True when the user wants none, whatever the network would do by itself.</summary>
    public bool IsNone => Contains("none"u8);

    /// <summary>Reads the value; false when one is no token or comes twice, or when none has others beside it.</summary>
    public static bool TryParse(SipText value, [NotNullWhen(true)] out Privacy? privacy)
    {
        privacy = null;
        var values = new List<SipText>();

        for (var rest = value; !rest.IsEmpty;)
        {
            var semicolon = rest.Span.IndexOf((byte)';');
            var item = (semicolon < 0 ? rest : rest.Slice(0, semicolon)).Trim();
            if (!SipGrammar.IsToken(item.Span) || semicolon + 1 == rest.Length || values.Exists(other => other.EqualsIgnoreCase(item.Span)))
            {
                return false;
            }

            values.Add(item);
            rest = semicolon < 0 ? default : rest.Slice(semicolon + 1, rest.Length - semicolon - 1);
        }

        var read = new Privacy([.. values]);
        if (values.Count == 0 || (read.IsNone && values.Count > 1))
        {
            return false;
        }

        privacy = read;
        return true;
    }

    /// <summary>True when that is asked for, such as <c>id</c>.</summary>
    public bool Contains(ReadOnlySpan<byte> value)
    {
        foreach (var mine in _values)
        {
            if (mine.EqualsIgnoreCase(value))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => string.Join(';', _values);
}
