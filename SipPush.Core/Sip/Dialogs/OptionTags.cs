namespace SipPush.Sip;

/// <summary>The option tags of Supported and Require (RFC 3261 §19.2).</summary>
internal static class OptionTags
{
    /// <summary>True when the header of that name, Supported or Require, lists the tag.</summary>
    public static bool Lists(this SipMessage message, SipHeaderName header, ReadOnlySpan<byte> tag)
    {
        foreach (var value in message.Values(header))
        {
            if (value.EqualsIgnoreCase(tag))
            {
                return true;
            }
        }

        return false;
    }
}
