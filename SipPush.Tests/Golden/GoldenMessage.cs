namespace SipPush.Tests.Golden;

/// <summary>One message on the wire.</summary>
/// <param name="From">Who said it: PRA, PSA or core.</param>
/// <param name="To">Who heard it.</param>
/// <param name="Protocol">UDP, TCP or MSRP.</param>
/// <param name="Text">The whole of it with LF as line end; the content of a chunk is named, not shown.</param>
internal sealed record GoldenMessage(string From, string To, string Protocol, string Text)
{
    public override string ToString() => $"{From} → {To}, {Protocol}\n{Text}";
}
