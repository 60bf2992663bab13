using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace SipPush.Sdp;

/// <summary>
/// A session description (RFC 8866). It doesn't change; <c>with</c> makes another. Two are equal when they are written alike. Text is
/// UTF-8; an octet of another encoding stands as a lone surrogate, U+DC00 + octet, and is written back as it came.
/// </summary>
public sealed record SessionDescription
{
    /// <summary>The media type of a body: <c>application/sdp</c>.</summary>
    public const string ContentType = "application/sdp";

    /// <summary>The <c>o=</c> line.</summary>
    public required Origin Origin { get; init; }

    /// <summary>The <c>s=</c> line, never empty; <c>-</c> unless set.</summary>
    /// <exception cref="ArgumentException">It is empty or has a line end in it.</exception>
    public string Name
    {
        get;
        init => field = SdpGrammar.CheckText(value, nameof(Name)).Length > 0 ? value : throw new ArgumentException("A session has a name.", nameof(Name));
    } = "-";

    /// <summary>The <c>i=</c> line; null where there is none.</summary>
    public string? Information { get; init => field = value is null ? null : SdpGrammar.CheckText(value, nameof(Information)); }

    /// <summary>The <c>u=</c> line; null where there is none. It is text of the peer: nothing says that it may be fetched.</summary>
    public string? Uri { get; init => field = value is null ? null : SdpGrammar.CheckVisible(value, nameof(Uri)); }

    /// <summary>The values of the <c>e=</c> lines.</summary>
    public IReadOnlyList<string> Emails { get; init => field = CheckTexts(value, nameof(Emails)); } = [];

    /// <summary>The values of the <c>p=</c> lines.</summary>
    public IReadOnlyList<string> Phones { get; init => field = CheckTexts(value, nameof(Phones)); } = [];

    /// <summary>The <c>c=</c> line that counts for all media without their own; null where there is none.</summary>
    public ConnectionData? Connection { get; init; }

    /// <summary>The values of the <c>b=</c> lines: <c>AS:128</c>.</summary>
    public IReadOnlyList<string> Bandwidths { get; init => field = CheckBandwidths(value); } = [];

    /// <summary>When the session is active, at least one; always, unless set.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public IReadOnlyList<TimeDescription> Times
    {
        get;
        init => field = value.Count > 0 ? value : throw new ArgumentException("There is at least one.", nameof(Times));
    } = [TimeDescription.Unbounded];

    /// <summary>The value of the <c>k=</c> line, which RFC 8866 has made obsolete; null where there is none.</summary>
    public string? Key { get; init => field = value is null ? null : SdpGrammar.CheckText(value, nameof(Key)); }

    /// <summary>The <c>a=</c> lines of the session in their order.</summary>
    public IReadOnlyList<SdpAttribute> Attributes { get; init; } = [];

    /// <summary>The media descriptions in their order, which is how an answer refers to them (RFC 3264 §6).</summary>
    public IReadOnlyList<MediaDescription> Media { get; init; } = [];

    /// <summary>Lines of types that RFC 8866 does not have, of the session.</summary>
    public IReadOnlyList<SdpUnknownLine> UnknownLines { get; init; } = [];

    /// <summary>Reads a description. Nothing that it keeps refers to <paramref name="octets"/>.</summary>
    /// <param name="octets">The body as it came.</param>
    /// <param name="description">What was read; null when it could not be.</param>
    /// <param name="error">Why it could not be read.</param>
    /// <param name="profile">How closely it has to follow the grammar.</param>
    /// <param name="limits">How large it may be; the defaults where null.</param>
    public static bool TryParse(
        ReadOnlySpan<byte> octets, [NotNullWhen(true)] out SessionDescription? description, out SdpParseError error, SdpProfile profile = SdpProfile.Lenient, SdpLimits? limits = null)
    {
        description = SdpParser.Parse(octets, profile, limits ?? SdpLimits.Default, out error);
        return description is not null;
    }

    /// <summary>Reads a description that is written in the program.</summary>
    /// <exception cref="FormatException">It does not follow the grammar.</exception>
    public static SessionDescription Parse(string text) =>
        TryParse(Encoding.UTF8.GetBytes(text), out var description, out var error, SdpProfile.Strict) ? description : throw new FormatException(error.ToString());

    /// <summary>The value of the session's first attribute of that name; null where there is none, empty where it has no value.</summary>
    public string? Attribute(string name) => Find(Attributes, name) is { } attribute ? attribute.Value ?? "" : null;

    /// <summary>True when the session has an attribute of that name.</summary>
    public bool Contains(string name) => Find(Attributes, name) is not null;

    /// <summary>The direction of a media description: its own, or that of the session, or both ways (RFC 8866 §6.7).</summary>
    public MediaDirection DirectionOf(MediaDescription media) =>
        MediaDirections.Find(media.Attributes) ?? MediaDirections.Find(Attributes) ?? MediaDirection.SendReceive;

    /// <summary>Where the media of a media description goes: its own <c>c=</c> line, or that of the session; null where there is none.</summary>
    public ConnectionData? ConnectionOf(MediaDescription media) => media.Connections.Count > 0 ? media.Connections[0] : Connection;

    /// <summary>Writes the description: every line in its place, CRLF at the ends.</summary>
    public void WriteTo(IBufferWriter<byte> writer) => SdpWriter.Write(this, writer);

    /// <summary>The octets of a body.</summary>
    public byte[] ToOctets()
    {
        var writer = new ArrayBufferWriter<byte>(1024);
        WriteTo(writer);
        return writer.WrittenSpan.ToArray();
    }

    /// <summary>True when both are written alike.</summary>
    public bool Equals(SessionDescription? other) => other is not null && (ReferenceEquals(this, other) || ToOctets().AsSpan().SequenceEqual(other.ToOctets()));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Origin, Name, Media.Count);

    /// <summary>The lines as they are written, each with its CRLF.</summary>
    public override string ToString() => SdpText.Decode(ToOctets());

    internal static SdpAttribute? Find(IReadOnlyList<SdpAttribute> attributes, string name)
    {
        for (var i = 0; i < attributes.Count; i++)
        {
            if (attributes[i].Name == name)
            {
                return attributes[i];
            }
        }

        return null;
    }

    internal static IReadOnlyList<string> CheckBandwidths(IReadOnlyList<string> values) =>
        values.All(value => SdpGrammar.IsBandwidth(value)) ? values : throw new ArgumentException("A bandwidth is a type, a colon and digits.", nameof(values));

    private static IReadOnlyList<string> CheckTexts(IReadOnlyList<string> values, string what)
    {
        foreach (var value in values)
        {
            SdpGrammar.CheckText(value, what);
        }

        return values;
    }
}
