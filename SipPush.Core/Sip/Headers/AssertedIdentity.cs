using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// Who P-Asserted-Identity or P-Preferred-Identity says it is: one SIP or SIPS address, one tel, or one of each (RFC 3325 §9.1, §9.2). Only a
/// peer inside the trust domain can assert one.
/// </summary>
/// <param name="Sip">The address with a sip or sips URI; null when there is none.</param>
/// <param name="Tel">The address with a tel URI; null when there is none.</param>
public readonly record struct AssertedIdentity(NameAddress? Sip, NameAddress? Tel)
{
    /// <summary>
    /// True when <see cref="Sip"/> had no scheme and <c>sip</c> was taken for it. Such an identity may be shown, but nothing may be
    /// permitted because of it.
    /// </summary>
    public bool IsAssumed { get; private init; }

    /// <summary>
    /// Reads all values of that header; false when there is none, when one can't be read, and when they are more or others than one SIP and
    /// one tel. In the lenient profile <c>user@example.com</c> is taken for <c>sip:user@example.com</c>.
    /// </summary>
    public static bool TryRead(SipMessage message, SipHeaderName name, out AssertedIdentity identity, SipProfile profile = SipProfile.Strict)
    {
        ArgumentNullException.ThrowIfNull(message);
        identity = default;
        var read = default(AssertedIdentity);

        foreach (var value in message.Values(name))
        {
            var isAssumed = false;
            if (!NameAddress.TryParse(value, out var address) || address.Uri is null)
            {
                isAssumed = profile == SipProfile.Lenient && TryAssume(value, out address);
                if (!isAssumed)
                {
                    return false;
                }
            }

            if (address.Uri is { IsSip: true } && read.Sip is null)
            {
                read = read with { Sip = address, IsAssumed = isAssumed };
            }
            else if (address.Uri is { Scheme: "tel" } && read.Tel is null)
            {
                read = read with { Tel = address };
            }
            else
            {
                return false;
            }
        }

        identity = read;
        return read.Sip is not null || read.Tel is not null;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => string.Join(", ", new[] { Sip?.ToString(), Tel?.ToString() }.OfType<string>());

    private static bool TryAssume(SipText value, out NameAddress address)
    {
        address = default;
        var bare = value.Trim();
        if (bare.Span is [(byte)'<', .., (byte)'>'])
        {
            bare = bare.Slice(1, bare.Length - 2);
        }

        return bare.Span.Contains((byte)'@')
            && bare.Span.IndexOf((byte)':') < 0
            && SipUri.TryParse($"sip:{bare}", out var uri)
            && NameAddress.TryParse($"<{uri}>", out address);
    }
}
