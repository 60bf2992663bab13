using System.Globalization;

namespace SipPush.Sdp;

/// <summary>A media description: an <c>m=</c> line and what belongs to it (RFC 8866 §5.14). Two are equal when they are written alike.</summary>
public sealed record MediaDescription
{
    /// <summary>The kind of media: <c>message</c>, <c>audio</c> and others.</summary>
    /// <exception cref="ArgumentException">It is no token.</exception>
    public required string Media { get; init => field = SdpGrammar.CheckToken(value, nameof(Media)); }

    /// <summary>The port; 0 when the line is refused or removed (RFC 3264 §6, §8.2).</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is no port.</exception>
    public required int Port
    {
        get;
        init => field = value is >= 0 and <= ushort.MaxValue ? value : throw new ArgumentOutOfRangeException(nameof(Port));
    }

    /// <summary>How many ports there are in a row; null where the line does not say.</summary>
    public int? PortCount { get; init; }

    /// <summary>The transport: <c>TCP/MSRP</c> and others.</summary>
    /// <exception cref="ArgumentException">It is not tokens parted by slashes.</exception>
    public required string Protocol
    {
        get;
        init => field = SdpGrammar.IsProtocol(value) ? value : throw new ArgumentException("A protocol is tokens parted by slashes.", nameof(Protocol));
    }

    /// <summary>The formats, at least one: <c>*</c> for MSRP.</summary>
    /// <exception cref="ArgumentException">There is none, or one is no token.</exception>
    public required IReadOnlyList<string> Formats
    {
        get;
        init => field = value.Count > 0 && value.All(format => SdpGrammar.IsToken(format)) ? value : throw new ArgumentException("Formats are tokens, at least one.", nameof(Formats));
    }

    /// <summary>The <c>i=</c> line, a title; null where there is none.</summary>
    /// <exception cref="ArgumentException">It has a line end in it.</exception>
    public string? Information { get; init => field = value is null ? null : SdpGrammar.CheckText(value, nameof(Information)); }

    /// <summary>The <c>c=</c> lines; none where that of the session counts.</summary>
    public IReadOnlyList<ConnectionData> Connections { get; init; } = [];

    /// <summary>The values of the <c>b=</c> lines: <c>AS:128</c>.</summary>
    /// <exception cref="ArgumentException">One is not a type, a colon and digits.</exception>
    public IReadOnlyList<string> Bandwidths { get; init => field = SessionDescription.CheckBandwidths(value); } = [];

    /// <summary>The value of the <c>k=</c> line, which RFC 8866 has made obsolete; null where there is none.</summary>
    public string? Key { get; init => field = value is null ? null : SdpGrammar.CheckText(value, nameof(Key)); }

    /// <summary>The <c>a=</c> lines in their order.</summary>
    public IReadOnlyList<SdpAttribute> Attributes { get; init; } = [];

    /// <summary>Lines of types that RFC 8866 does not have.</summary>
    public IReadOnlyList<SdpUnknownLine> UnknownLines { get; init; } = [];

    /// <summary>True when the port is 0: nothing is sent, and the slot may be used for something else (RFC 3264 §8.1).</summary>
    public bool IsRejected => Port == 0;

    /// <summary>The value of the first attribute of that name; null where there is none, empty where it has no value.</summary>
    public string? Attribute(string name) => SessionDescription.Find(Attributes, name) is { } attribute ? attribute.Value ?? "" : null;

    /// <summary>True when there is an attribute of that name.</summary>
    public bool Contains(string name) => SessionDescription.Find(Attributes, name) is not null;

    /// <summary>The same with another direction: how a stream is put on hold and taken back (RFC 3264 §8.4).</summary>
    public MediaDescription WithDirection(MediaDirection direction)
    {
        var attributes = new List<SdpAttribute>(Attributes.Count + 1);
        var at = -1;
        foreach (var attribute in Attributes)
        {
            if (MediaDirections.Of(attribute.Name) is null)
            {
                attributes.Add(attribute);
            }
            else if (at < 0)
            {
                at = attributes.Count;
            }
        }

        attributes.Insert(at < 0 ? attributes.Count : at, new SdpAttribute(direction.Name()));
        return this with { Attributes = attributes };
    }

    /// <summary>
    /// The same with port 0: refused in an answer, removed in an offer. Of the attributes those stay that RFC 5547 wants to see again
    /// (§8.1, §8.3), the file selector and the transfer id.
    /// </summary>
    public MediaDescription Rejected() => this with
    {
        Port = 0,
        PortCount = null,
        Information = null,
        Connections = [],
        Bandwidths = [],
        Key = null,
        UnknownLines = [],
        Attributes = [.. Attributes.Where(attribute => attribute.Name is "file-selector" or "file-transfer-id")],
    };

    /// <summary>True when both are written alike.</summary>
    public bool Equals(MediaDescription? other) => other is not null && (ReferenceEquals(this, other) || ToString() == other.ToString());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Media, Port, Protocol, Attributes.Count);

    /// <summary>The lines as they are written, each with its CRLF.</summary>
    public override string ToString() => SdpWriter.ToText(this);

    internal string MediaLine() =>
        string.Create(CultureInfo.InvariantCulture, $"{Media} {Port}{(PortCount is { } count ? "/" : "")}{PortCount} {Protocol} {string.Join(' ', Formats)}");
}
