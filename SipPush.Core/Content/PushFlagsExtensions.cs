namespace SipPush;

/// <summary>What is done with <see cref="PushFlags"/> besides testing bits.</summary>
public static class PushFlagsExtensions
{
    private const PushFlags Trust = PushFlags.InitiatorAuthenticated | PushFlags.ContentTrusted;
    private const PushFlags Known = Trust | PushFlags.LastPushMessage;

    /// <summary>The flags without the two that only a trusted sender may set.</summary>
    public static PushFlags WithoutTrust(this PushFlags flags) => flags & ~Trust;

    /// <summary>Reads the decimal value of a <c>Push-Flag</c> header; reserved bits are dropped.
    /// False, and no flags, when it holds anything but digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PushFlags flags)
    {
        flags = PushFlags.None;
        text = text.Trim(" \t");

        if (text.IsEmpty || text.ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        // Overflow loses high bits only, and those are reserved.
        var value = 0u;
        foreach (var digit in text)
        {
            value = unchecked((value * 10) + (uint)(digit - '0'));
        }

        flags = (PushFlags)value & Known;
        return true;
    }

    internal static PushFlags KnownOnly(this PushFlags flags) => flags & Known;
}
