using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// A token with parameters: one value of Accept-Encoding (<c>gzip;q=0.5</c>), Accept-Language (<c>da, en-gb;q=0.8</c>) or
/// P-Access-Network-Info (<c>IEEE-802.11;i-wlan-node-id=00112233</c>).
/// </summary>
/// <param name="Token">The token as it stands.</param>
/// <param name="Parameters">What follows it.</param>
public readonly record struct TokenValue(SipText Token, SipParameters Parameters)
{
    /// <summary>The preference from 0 (not at all) to 1; 1 when it has none or none that can be read (RFC 3261 §25.1, qvalue).</summary>
    public double Q => Parameters.Q;

    /// <summary>Reads one value.</summary>
    public static bool TryParse(SipText value, out TokenValue token)
    {
        var read = SipGrammar.TrySplit(value, out var name, out var parameters);
        token = new TokenValue(name, parameters);
        return read;
    }

    /// <summary>As it is written.</summary>
    public override string ToString() => $"{Token}{Parameters}";
}
