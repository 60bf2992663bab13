using System.Diagnostics.CodeAnalysis;
using SipPush.Sdp;
using SipPush.Sip;

namespace SipPush;

/// <summary>The body of an offer: a session description, alone or as the root of a multipart/related with the icons of its files (RFC 5547 §8.8).</summary>
internal sealed class OfferBody
{
    private const string Multipart = "multipart/related";

    private readonly IReadOnlyList<BodyPart> _parts;

    private OfferBody(SessionDescription description, IReadOnlyList<BodyPart> parts)
    {
        Description = description;
        _parts = parts;
    }

    /// <summary>The media types of such bodies.</summary>
    public static IReadOnlyList<string> Types { get; } = [SessionDescription.ContentType, Multipart];

    public SessionDescription Description { get; }

    /// <summary>Reads a body.</summary>
    /// <param name="body">The body; its octets are kept for the icons.</param>
    /// <param name="offer">What it is; null when it can't be read.</param>
    /// <param name="status">Why: 415 for a body that has no session description where it should be, 488 for a session description that is none.</param>
    public static bool TryRead(SipBody body, [NotNullWhen(true)] out OfferBody? offer, out int status)
    {
        offer = null;
        status = 415;
        var octets = body.Octets;
        var parts = (IReadOnlyList<BodyPart>)[];
        if (MediaType.TryParse(body.ContentType, out var type) && type.Is(Multipart))
        {
            if (!MultipartBody.TryParse(type, octets, out var multipart) || RootOf(multipart, type) is not { } root || !root.ContentType.Is(SessionDescription.ContentType))
            {
                return false;
            }

            (octets, parts) = (root.Content, multipart.Parts);
        }

        status = 488;
        if (!SessionDescription.TryParse(octets.Span, out var description, out _, SdpProfile.Lenient))
        {
            return false;
        }

        offer = new OfferBody(description, parts);
        return true;
    }

    /// <summary>Writes an offer with the icons that its files name, each under its Content-ID.</summary>
    public static SipBody Write(SessionDescription offer, IReadOnlyList<KeyValuePair<string, PushContent>> icons)
    {
        if (icons.Count == 0)
        {
            return new SipBody(SessionDescription.ContentType, offer.ToOctets());
        }

        var (contentType, octets) = MultipartBody.Write(
            [
                new BodyPart(SessionDescription.ContentType, offer.ToOctets()),
                .. icons.Select(icon => new BodyPart(
                    icon.Value.ContentType,
                    icon.Value.Bytes,
                    new SipHeader("Content-Transfer-Encoding", "binary"),
                    new SipHeader("Content-ID", $"<{icon.Key}>"),
                    new SipHeader("Content-Disposition", "icon"))),
            ],
            "related");
        return new SipBody($"{contentType};type=\"{SessionDescription.ContentType}\"", octets);
    }

    /// <summary>The same description without a word of icons, for who does not take them, or has them already.</summary>
    public static SessionDescription WithoutIcons(SessionDescription offer) => offer with
    {
        Media = [.. offer.Media.Select(media => media.Contains("file-icon") ? media with { Attributes = [.. media.Attributes.Where(attribute => attribute.Name != "file-icon")] } : media)],
    };

    /// <summary>The icon of a file; null when there is none, or none that can be read.</summary>
    public PushContent? IconOf(FileTransfer file)
    {
        if (file.Icon is null || Find(_parts, Uri.UnescapeDataString(file.Icon)) is not { } part)
        {
            return null;
        }

        // SIP is clean for octets, and nobody needs another coding.
        var isPlain = !part.Contains("Content-Transfer-Encoding") || part["Content-Transfer-Encoding"].ToString().ToLowerInvariant() is "binary" or "8bit" or "7bit";
        return isPlain ? PushContent.FromBytes(part.Content, $"{part.ContentType.Type}/{part.ContentType.Subtype}") : null;
    }

    // RFC 2387 §3.2: the part that start names, or else the first.
    private static BodyPart? RootOf(MultipartBody multipart, MediaType type) =>
        type.Parameters.TryGet("start"u8, out var start) ? Find(multipart.Parts, start.Unquote().ToString().Trim('<', '>')) : multipart.Parts[0];

    private static BodyPart? Find(IReadOnlyList<BodyPart> parts, string id) => parts.FirstOrDefault(part => part["Content-ID"].ToString().Trim().Trim('<', '>') == id);
}
