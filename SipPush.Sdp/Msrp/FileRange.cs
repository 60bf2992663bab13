using System.Globalization;

namespace SipPush.Sdp;

/// <summary>
/// The part of a file that is sent: <c>a=file-range</c> (RFC 5547 §6). It counts octets of the file; the Byte-Range of MSRP begins at 1
/// whatever it is.
/// </summary>
/// <param name="Start">The first octet, from 1.</param>
/// <param name="Stop">The last octet; null for <c>*</c>, which is the end of the file.</param>
public readonly record struct FileRange(long Start, long? Stop)
{
    /// <summary>How many octets it has; null where the end is not known.</summary>
    public long? Length => Stop - Start + 1;

    /// <summary>Reads <c>start "-" (stop / "*")</c>; false when it is anything else, or nothing lies between them.</summary>
    public static bool TryParse(ReadOnlySpan<char> value, out FileRange range)
    {
        range = default;
        var dash = value.IndexOf('-');
        if (dash < 0 || !SdpGrammar.TryReadNumber(value[..dash], out var start) || start < 1)
        {
            return false;
        }

        if (value[(dash + 1)..] is "*")
        {
            range = new FileRange(start, null);
            return true;
        }

        if (!SdpGrammar.TryReadNumber(value[(dash + 1)..], out var stop) || stop < start)
        {
            return false;
        }

        range = new FileRange(start, stop);
        return true;
    }

    /// <summary>As it stands behind <c>file-range:</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Start}-{(Stop is null ? "*" : "")}{Stop}");
}
