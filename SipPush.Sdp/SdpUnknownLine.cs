namespace SipPush.Sdp;

/// <summary>A line that means nothing here. It was read leniently and is written back where it stood.</summary>
/// <param name="Type">The type letter.</param>
/// <param name="Value">What follows the <c>=</c>.</param>
/// <param name="Position">How many other lines of its section, the session's or one media description's, come before it.</param>
public sealed record SdpUnknownLine(char Type, string Value, int Position)
{
    /// <summary>The type letter.</summary>
    public char Type { get; } = Type is > ' ' and <= '~' and not '=' ? Type : throw new ArgumentException("A type is one visible character.", nameof(Type));

    /// <summary>What follows the <c>=</c>.</summary>
    public string Value { get; } = SdpGrammar.IsText(Value) ? Value : throw new ArgumentException("A value has no line end in it.", nameof(Value));
}
