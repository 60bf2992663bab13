using System.Security.Cryptography;
using System.Text.Json;
using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Tests.Torture;

/// <summary>Whether a valid message, read and written again, means the same, and whether the oracle saw the same in it.</summary>
internal static class RoundTrip
{
    /// <summary>What differs, in words; null when nothing does, or the entry is not one that has to be read.</summary>
    public static string? Check(TortureEntry entry, byte[] message, IReadOnlyDictionary<string, JsonElement> oracle)
    {
        if (entry.Verdict != "valid" || !(entry.Action.Names("accept") || entry.Action.Names("parse-ok")))
        {
            return null;
        }

        var index = new MessageIndex();
        if (SipParser.Parse(message, new SipLimits(), index) is not SipParseError.None and var error)
        {
            return $"it is valid and can't be read: {error}";
        }

        SipMessage read = index.IsRequest ? SipRequest.Copy(message, index) : SipResponse.Copy(message, index);
        if (oracle.TryGetValue(entry.File, out var known) && Compare(read, index, message.Length, known.GetProperty("sip")) is { } seen)
        {
            return $"the oracle saw {seen}";
        }

        var written = Write(read);
        var again = new MessageIndex();
        if (SipParser.Parse(written, new SipLimits(), again) is not SipParseError.None and var second)
        {
            return $"written again it can't be read: {second}";
        }

        return Meaning(read).SequenceEqual(Meaning(index.IsRequest ? SipRequest.Copy(written, again) : SipResponse.Copy(written, again)))
            ? null
            : "written again it means something else";
    }

    private static byte[] Write(SipMessage message)
    {
        if (message is SipRequest request)
        {
            using var builder = new SipRequestBuilder(request);
            return builder.Build().OwnedOctets;
        }

        using var response = new SipResponseBuilder((SipResponse)message);
        return response.Build().OwnedOctets;
    }

    // Content-Length is made anew where it was left out, and is moved to the end.
    private static List<string> Meaning(SipMessage message) =>
    [
        message is SipRequest request ? $"{request.Method} {request.RequestUriText}" : $"{((SipResponse)message).StatusCode} {((SipResponse)message).ReasonPhrase}",
        .. message.Headers
            .Where(header => new SipHeaderName(header.Name.ToString()) != SipHeaderNames.ContentLength)
            .Select(header => $"{new SipHeaderName(header.Name.ToString())}: {header.Value}"),
        Convert.ToHexString(message.Body.Span),
    ];

    private static string? Compare(SipMessage read, MessageIndex index, int length, JsonElement oracle)
    {
        var body = oracle.GetProperty("body").GetInt32();
        var hash = oracle.GetProperty("body_sha256").GetString();
        var after = oracle.GetProperty("octets_after").GetInt32();
        var lines = oracle.GetProperty("header_lines").GetInt32();

        // A line that only continues a list, without the white space of a fold, is a line to the oracle.
        var seen = read.Headers.Count() + read.Headers.Sum(header => CountBareFolds(header.Value.Span));

        return seen != lines ? $"{lines} header lines"
            : read.Body.Length != body ? $"a body of {body} octets"
            : Convert.ToHexStringLower(SHA256.HashData(read.Body.Span)) != hash ? "another body"
            : length - index.Length != after ? $"{after} octets after the message"
            : null;
    }

    private static int CountBareFolds(ReadOnlySpan<byte> value)
    {
        var count = 0;
        for (var i = 0; i + 1 < value.Length; i++)
        {
            count += value[i] == '\n' && value[i + 1] is not ((byte)' ' or (byte)'\t') ? 1 : 0;
        }

        return count;
    }
}
