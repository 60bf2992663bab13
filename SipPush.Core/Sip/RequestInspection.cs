using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// What a UAS core looks at before a request comes to its handler, in the order of RFC 3261 §8.2. Whether anybody takes the method
/// (§8.2.1) and whether it is merged (§8.2.2.2) have been seen by then.
/// </summary>
internal static class RequestInspection
{
    private static readonly MediaType Session = new("application", "sdp", default);

    /// <summary>The first reason to refuse the request; a default one when there is none, and then nothing has been allocated.</summary>
    /// <param name="request">The request.</param>
    /// <param name="acceptedTypes">The media types that its handler takes; null for all.</param>
    /// <param name="supportedOptions">The extensions that Require may name.</param>
    public static RequestRefusal Inspect(SipRequest request, IReadOnlyList<string>? acceptedTypes, string[] supportedOptions)
    {
        var refusal = InspectUri(request);
        if (refusal.Status != 0)
        {
            return refusal;
        }

        // One walk finds what there is to look at: most requests have none of it.
        var (requires, encoded, states) = (false, false, false);
        foreach (ref readonly var entry in request.Entries)
        {
            switch (entry.Id)
            {
                // In CANCEL, which goes from hop to hop, it means nothing (§8.2.2.3).
                case HeaderId.Require:
                    requires = request.Method != SipMethod.Cancel;
                    break;

                case HeaderId.ContentEncoding:
                    encoded = true;
                    break;

                case HeaderId.Accept:
                    states = request.Method == SipMethod.Invite;
                    break;
            }
        }

        if (requires && Unsupported(request, supportedOptions) is { Length: > 0 } unsupported)
        {
            return new RequestRefusal(420, null, (SipHeaderNames.Unsupported, unsupported));
        }

        if ((encoded || acceptedTypes is not null) && !request.Body.IsEmpty && !IsOptional(request))
        {
            refusal = InspectContent(request, acceptedTypes);
        }

        return refusal.Status == 0 && states && !TakesSession(request) ? new RequestRefusal(406) : refusal;
    }

    /// <summary>True when the answer may have a session description: who says nothing in Accept takes one (§11.2, §20.1).</summary>
    internal static bool TakesSession(SipRequest request) => !request.Contains(SipHeaderNames.Accept) || request.Values(SipHeaderNames.Accept)
        .Any(value => MediaType.TryParse(value, out var range) && Covers($"{range.Type}/{range.Subtype}", Session));

    /// <summary>True when <paramref name="type"/> falls under a range: <c>*/*</c>, <c>text/*</c> or a type itself.</summary>
    internal static bool Covers(string range, MediaType type) =>
        range is "*" or "*/*"
        || (range.EndsWith("/*", StringComparison.Ordinal) ? Ascii.EqualsIgnoreCase(type.Type.Span, range.AsSpan(..^2)) : type.Is(range));

    // Headers in a Request-URI must not be there, and must never become headers of the request (§19.1.1, RFC 4475 §3.1.2.11).
    private static RequestRefusal InspectUri(SipRequest request) =>
        request.RequestUri is not { } uri ? new RequestRefusal(400, "Malformed Request-URI")
        : !uri.IsSip ? new RequestRefusal(416)
        : !uri.Headers.IsEmpty ? new RequestRefusal(400, "Headers In Request-URI")
        : default;

    private static string Unsupported(SipRequest request, string[] supported) => string.Join(", ", request.Values(SipHeaderNames.Require)
        .Select(tag => tag.ToString())
        .Except(supported, StringComparer.OrdinalIgnoreCase));

    private static RequestRefusal InspectContent(SipRequest request, IReadOnlyList<string>? acceptedTypes)
    {
        foreach (var encoding in request.Values(SipHeaderNames.ContentEncoding))
        {
            if (!encoding.EqualsIgnoreCase("identity"u8))
            {
                return new RequestRefusal(415, null, (SipHeaderNames.AcceptEncoding, "identity"));
            }
        }

        // A body of which nobody says what it is, is the handler's to judge.
        return acceptedTypes is null || !request.Contains(SipHeaderNames.ContentType) || acceptedTypes.Any(range => Covers(range, request.ContentType))
            ? default
            : new RequestRefusal(415, null, (SipHeaderNames.Accept, string.Join(", ", acceptedTypes)));
    }

    // A body that the client does not insist on is passed over when it is not understood (§20.11).
    private static bool IsOptional(SipRequest request)
    {
        var disposition = request.Value(HeaderId.ContentDisposition);
        var semicolon = disposition.Span.IndexOf((byte)';');
        return semicolon >= 0
            && ParameterReader.TryFind(disposition.Span[semicolon..], "handling"u8, out var handling)
            && Ascii.EqualsIgnoreCase(handling, "optional"u8);
    }
}
