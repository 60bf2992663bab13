using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// Parameters as they follow a value: <c>;name</c>, <c>;name=token</c>, <c>;name="quoted"</c>, with white space allowed around
/// each sign (RFC 3261 §25.1). Names are compared without regard to case; empty parameters are passed over.
/// </summary>
/// <param name="text">The octets from the first semicolon on; empty when there are none.</param>
public readonly struct SipParameters(SipText text) : IEquatable<SipParameters>
{
    /// <summary>The octets as they stand in the message, from the first semicolon on.</summary>
    public SipText Text { get; } = text;

    /// <summary>True when there are none.</summary>
    public bool IsEmpty => Text.IsEmpty;

    /// <summary>Octet for octet.</summary>
    public static bool operator ==(SipParameters left, SipParameters right) => left.Equals(right);

    /// <summary>Octet for octet.</summary>
    public static bool operator !=(SipParameters left, SipParameters right) => !left.Equals(right);

    /// <summary>True when the parameter is there, with a value or without.</summary>
    public bool Contains(ReadOnlySpan<byte> name) => TryGet(name, out _);

    /// <summary>The value of the first parameter of that name as it stands, quotes included; empty when it has none. False when it is absent.</summary>
    public bool TryGet(ReadOnlySpan<byte> name, out SipText value)
    {
        var span = Text.Span;
        var position = 0;
        while (ParameterReader.TryTake(span, ref position, out var found, out var where))
        {
            if (Ascii.EqualsIgnoreCase(span[found], name))
            {
                value = new SipText(Text.Octets[where]);
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>The value as text, without its quotes; null when the parameter is absent.</summary>
    public string? Get(string name) =>
        TryGet(Encoding.ASCII.GetBytes(name), out var value) ? value.Unquote().ToString() : null;

    /// <summary>The value of <c>q</c>, from 0 to 1; 1 when it is absent or unreadable.</summary>
    internal double Q => TryGet("q"u8, out var value) && SipGrammar.TryParseQ(value.Span, out var q) ? q : 1;

    /// <summary>A number of seconds; null when it is absent or unreadable.</summary>
    internal TimeSpan? Seconds(ReadOnlySpan<byte> name) =>
        TryGet(name, out var value) && SipGrammar.TryParseNumber(value.Span, out var seconds) ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>The parameters in order.</summary>
    public Enumerator GetEnumerator() => new(Text);

    /// <inheritdoc/>
    public bool Equals(SipParameters other) => Text == other.Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SipParameters other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode();

    /// <summary>The octets as text.</summary>
    public override string ToString() => Text.ToString();

    /// <summary>Walks the parameters in order.</summary>
    /// <param name="text">The octets from the first semicolon on.</param>
    public struct Enumerator(SipText text)
    {
        private readonly SipText _text = text;
        private int _position;

        /// <summary>The parameter now reached; the value as it stands, empty when there is none.</summary>
        public (SipText Name, SipText Value) Current { get; private set; }

        /// <summary>Goes on to the next parameter; false at the end.</summary>
        public bool MoveNext()
        {
            if (!ParameterReader.TryTake(_text.Span, ref _position, out var name, out var value))
            {
                return false;
            }

            Current = (new SipText(_text.Octets[name]), new SipText(_text.Octets[value]));
            return true;
        }
    }
}
