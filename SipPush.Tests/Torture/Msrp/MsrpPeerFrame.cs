using System.Globalization;

namespace SipPush.Tests.Torture;

/// <summary>A frame that came to a peer, as the peer has read it.</summary>
/// <param name="Tid">Its transaction id.</param>
/// <param name="Kind">The method, or the status.</param>
/// <param name="Headers">Its headers in order.</param>
/// <param name="Stamp">How many acts of the scenario lay before it.</param>
internal sealed record MsrpPeerFrame(string Tid, string Kind, IReadOnlyList<KeyValuePair<string, string>> Headers, int Stamp)
{
    /// <summary>0 for a request.</summary>
    public int Status { get; } = int.TryParse(Kind, NumberStyles.None, CultureInfo.InvariantCulture, out var status) ? status : 0;

    public bool IsResponse => Status != 0;

    public string? MessageId => this["Message-ID"];

    public string? ByteRange => this["Byte-Range"];

    /// <summary>+, $ or #; the space character until its end has come.</summary>
    public char Flag { get; set; } = ' ';

    /// <summary>Octets of the body; null where there is none.</summary>
    public long? Length { get; set; }

    /// <summary>The body, where it is small enough to be kept.</summary>
    public string? Body { get; set; }

    /// <summary>The frame as it came, where it is a response.</summary>
    public string Text { get; set; } = "";

    /// <summary>Whether a step has looked at it.</summary>
    public bool IsRead { get; set; }

    /// <summary>Whether the peer has answered it.</summary>
    public bool IsAnswered { get; set; }

    public string? this[string name] => Headers.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
}
