using System.Text;

namespace SipPush.Sip;

/// <summary>
/// A piece of a message, as octets until somebody asks for text. It keeps the message it was cut from alive and costs nothing
/// until <see cref="ToString"/>, which decodes UTF-8.
/// </summary>
/// <param name="octets">The octets as they stand in the message.</param>
public readonly struct SipText(ReadOnlyMemory<byte> octets) : IEquatable<SipText>
{
    /// <summary>The octets as they stand in the message.</summary>
    public ReadOnlyMemory<byte> Octets { get; } = octets;

    /// <summary>The octets as a span.</summary>
    public ReadOnlySpan<byte> Span => Octets.Span;

    /// <summary>The number of octets.</summary>
    public int Length => Octets.Length;

    /// <summary>True when there is nothing, also where a header or parameter is absent.</summary>
    public bool IsEmpty => Octets.IsEmpty;

    /// <summary>Text as UTF-8.</summary>
    public static SipText From(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>Text as UTF-8.</summary>
    public static implicit operator SipText(string text) => From(text);

    /// <summary>Octet for octet.</summary>
    public static bool operator ==(SipText left, SipText right) => left.Equals(right);

    /// <summary>Octet for octet.</summary>
    public static bool operator !=(SipText left, SipText right) => !left.Equals(right);

    /// <summary>True when both are the same but for the case of ASCII letters.</summary>
    public bool EqualsIgnoreCase(ReadOnlySpan<byte> other) => Ascii.EqualsIgnoreCase(Span, other);

    /// <summary>A piece of this piece.</summary>
    public SipText Slice(int start, int length) => new(Octets.Slice(start, length));

    /// <summary>The same without the white space around it.</summary>
    internal SipText Trim()
    {
        var span = Span;
        var start = 0;
        while (start < span.Length && Parsing.SipGrammar.IsWhiteSpace(span[start]))
        {
            start++;
        }

        var end = span.Length;
        while (end > start && Parsing.SipGrammar.IsWhiteSpace(span[end - 1]))
        {
            end--;
        }

        return end - start == span.Length ? this : Slice(start, end - start);
    }

    /// <summary>The text between the quotes with its escapes undone, or the text itself when it is not quoted (RFC 3261 §25.1).</summary>
    public SipText Unquote()
    {
        var span = Span;

        if (span.Length < 2 || span[0] != '"' || span[^1] != '"')
        {
            return this;
        }

        var inner = span[1..^1];
        if (!inner.Contains((byte)'\\'))
        {
            return Slice(1, inner.Length);
        }

        var plain = new byte[inner.Length];
        var length = 0;
        for (var i = 0; i < inner.Length; i++)
        {
            if (inner[i] == '\\' && i + 1 < inner.Length)
            {
                i++;
            }
            plain[length++] = inner[i];
        }

        return new SipText(plain.AsMemory(0, length));
    }

    /// <inheritdoc/>
    public bool Equals(SipText other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SipText other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <summary>The octets as UTF-8; a folded line (CRLF and white space) becomes one space (RFC 3261 §7.3.1).</summary>
    public override string ToString() => Encoding.UTF8.GetString(Unfold().Span);

    /// <summary>The octets with each fold, and each CR or LF that stands alone, made one space.</summary>
    internal SipText Unfold()
    {
        if (!Span.ContainsAny((byte)'\r', (byte)'\n'))
        {
            return this;
        }

        var unfolded = new byte[Length];
        var length = 0;
        var span = Span;
        for (var i = 0; i < span.Length; i++)
        {
            if (span[i] is not ((byte)'\r' or (byte)'\n'))
            {
                unfolded[length++] = span[i];
                continue;
            }

            while (i + 1 < span.Length && Parsing.SipGrammar.IsWhiteSpace(span[i + 1]))
            {
                i++;
            }

            while (length > 0 && unfolded[length - 1] is (byte)' ' or (byte)'\t')
            {
                length--;
            }
            unfolded[length++] = (byte)' ';
        }

        return new SipText(unfolded.AsMemory(0, length));
    }
}
