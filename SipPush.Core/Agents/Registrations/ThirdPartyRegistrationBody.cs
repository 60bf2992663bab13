using System.Text;
using System.Xml;
using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush;

/// <summary>
/// What a third-party REGISTER tells in its body, alone or in multipart/mixed (TS 24.229 §5.4.1.7): the service information that
/// is kept for this server, and copies of the user's own REGISTER and of its 200. Parts of other types are passed over.
/// </summary>
internal sealed class ThirdPartyRegistrationBody
{
    private const int LongestDocument = 65_536;

    private ThirdPartyRegistrationBody()
    {
    }

    /// <summary>The text of <c>service-info</c>; null when there is none.</summary>
    public string? ServiceInfo { get; private set; }

    /// <summary>True when something of a known type could not be read and was passed over.</summary>
    public bool HasUnreadable { get; private set; }

    /// <summary>
    /// The user's contacts: those of the 200, or of the REGISTER when there is no 200. Those with push applications come first, the
    /// order is the message's otherwise.
    /// </summary>
    public IReadOnlyList<RegisteredContact> Contacts { get; private set; } = [];

    /// <summary>Reads what <paramref name="register"/> carries; nothing in it makes this fail.</summary>
    public static ThirdPartyRegistrationBody Read(SipRequest register, SipLimits limits, SipProfile profile = SipProfile.Strict)
    {
        var result = new ThirdPartyRegistrationBody();
        SipMessage? own = null, granted = null;

        foreach (var (type, content) in result.Parts(register))
        {
            if (type.Is("application/3gpp-ims+xml"))
            {
                result.ServiceInfo ??= result.ReadServiceInfo(content);
            }
            else if (type.Is("message/sip"))
            {
                switch (result.ReadMessage(content.Span, limits, profile))
                {
                    case SipRequest request when request.Method == SipMethod.Register:
                        own ??= request;
                        break;
                    case SipResponse { IsSuccess: true } response when response.CSeq.Method == SipMethod.Register:
                        granted ??= response;
                        break;
                }
            }
        }

        if ((granted ?? own) is { } source)
        {
            result.Contacts = [.. ReadContacts(source).OrderByDescending(contact => contact.PushEventApplications.Count > 0)];
        }

        return result;
    }

    private IEnumerable<(MediaType Type, ReadOnlyMemory<byte> Content)> Parts(SipRequest register)
    {
        var type = register.ContentType;
        if (!type.Type.EqualsIgnoreCase("multipart"u8))
        {
            return register.Body.IsEmpty ? [] : [(type, register.Body)];
        }

        if (MultipartBody.TryParse(type, register.Body, out var multipart))
        {
            return multipart.Parts.Select(part => (part.ContentType, part.Content));
        }

        HasUnreadable = true;
        return [];
    }

    private static IEnumerable<RegisteredContact> ReadContacts(SipMessage message) =>
        message.Addresses(SipHeaderNames.Contact).Select(contact => new RegisteredContact(
            contact.Uri,
            FeatureSet.FromContact(contact),
            contact.PublicGruu(),
            contact.TemporaryGruu(),
            contact.ExpiresIn() ?? message.Expires));

    private SipMessage? ReadMessage(ReadOnlySpan<byte> content, SipLimits limits, SipProfile profile)
    {
        if (profile == SipProfile.Lenient)
        {
            content = LenientRepair.TryRepair(content, limits, isDatagram: true, out _) ?? content;
        }

        var index = new MessageIndex();
        var error = SipParser.Parse(content, limits, index);

        // The line end before a delimiter is the delimiter's; a message that was put in without one of its own has lost its empty line.
        if (error == SipParseError.HeadersTruncated && content.Length < limits.HeaderSection)
        {
            content = (byte[])[.. content, .. "\r\n\r\n"u8];
            error = SipParser.Parse(content, limits, index);
        }

        if (error != SipParseError.None)
        {
            HasUnreadable = true;
            return null;
        }

        return index.IsRequest ? SipRequest.Copy(content, index) : SipResponse.Copy(content, index);
    }

    private string? ReadServiceInfo(ReadOnlyMemory<byte> content)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = LongestDocument,
            MaxCharactersFromEntities = LongestDocument,
        };

        try
        {
            using var reader = XmlReader.Create(new MemoryStream(content.ToArray(), writable: false), settings);
            if (reader.MoveToContent() == XmlNodeType.Element && reader.LocalName == "ims-3gpp")
            {
                return ReadServiceInfo(reader);
            }
        }
        catch (Exception exception) when (exception is XmlException or ArgumentException or NotSupportedException)
        {
            // The last two are what an encoding that is declared and not to be had can end in.
        }

        HasUnreadable = true;
        return null;
    }

    // The document is read to its end, so that one that is broken further on is not half believed.
    private static string? ReadServiceInfo(XmlReader reader)
    {
        StringBuilder? text = null;
        var inside = false;

        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element when reader.Depth == 1 && reader.LocalName == "service-info" && text is null:
                    text = new StringBuilder();
                    inside = !reader.IsEmptyElement;
                    break;
                case XmlNodeType.EndElement when reader.Depth == 1:
                    inside = false;
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace when inside:
                    text!.Append(reader.Value);
                    break;
            }
        }

        return text?.ToString();
    }
}
