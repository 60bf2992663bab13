using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// A multipart body, cut into its parts (RFC 2046 §5.1.1). What stands before the first delimiter and after the closing one is
/// passed over, a missing closing one is let pass, and a part that is itself multipart stays whole. Bare LF ends a line too.
/// </summary>
public sealed class MultipartBody
{
    private const int MostParts = 32;
    private const int MostHeaders = 32;
    private const int LongestBoundary = 70;

    private MultipartBody(IReadOnlyList<BodyPart> parts) => Parts = parts;

    /// <summary>The parts in order, at least one.</summary>
    public IReadOnlyList<BodyPart> Parts { get; }

    /// <summary>Reads the body of a message; false when it is not multipart or not readable.</summary>
    public static bool TryParse(SipMessage message, [NotNullWhen(true)] out MultipartBody? multipart)
    {
        ArgumentNullException.ThrowIfNull(message);
        return TryParse(message.ContentType, message.Body, out multipart);
    }

    /// <summary>
    /// Reads a body; the parts are slices of it. False when the type is not multipart or has no boundary, and on no part, more than
    /// 32, more than 32 header lines in one, or a header line that is none.
    /// </summary>
    public static bool TryParse(MediaType contentType, ReadOnlyMemory<byte> body, [NotNullWhen(true)] out MultipartBody? multipart)
    {
        multipart = null;
        if (!contentType.Type.EqualsIgnoreCase("multipart"u8)
            || !contentType.Parameters.TryGet("boundary"u8, out var quoted)
            || quoted.Unquote() is not { Length: > 0 and <= LongestBoundary } boundary)
        {
            return false;
        }

        var parts = new List<BodyPart>();
        var span = body.Span;
        var partStart = -1;
        var closed = false;

        for (var line = 0; line < span.Length && !closed;)
        {
            var length = span[line..].IndexOf((byte)'\n');
            var next = length < 0 ? span.Length : line + length + 1;

            if (IsDelimiter(span[line..next], boundary.Span, out closed))
            {
                if (partStart >= 0 && !TryAdd(parts, body[partStart..EndBefore(span, line, partStart)]))
                {
                    return false;
                }
                partStart = next;
            }

            line = next;
        }

        if (partStart < 0 || (!closed && !TryAdd(parts, body[partStart..])) || parts.Count == 0)
        {
            return false;
        }

        multipart = new MultipartBody(parts);
        return true;
    }

    /// <summary>Puts parts together behind a boundary that stands in none of them, the same for the same parts.</summary>
    /// <param name="parts">The parts, at least one.</param>
    /// <param name="subtype"><c>mixed</c> or another.</param>
    public static (string ContentType, byte[] Body) Write(IReadOnlyList<BodyPart> parts, string subtype = "mixed")
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentOutOfRangeException.ThrowIfZero(parts.Count);

        var boundary = ChooseBoundary(parts);
        var writer = new ArrayBufferWriter<byte>();
        foreach (var part in parts)
        {
            writer.Write("--"u8);
            writer.Write(boundary);
            writer.Write("\r\n"u8);
            foreach (var header in part.Headers)
            {
                writer.Write(header.Name.Span);
                writer.Write(": "u8);
                writer.Write(header.Value.Span);
                writer.Write("\r\n"u8);
            }

            writer.Write("\r\n"u8);
            writer.Write(part.Content.Span);
            writer.Write("\r\n"u8);
        }

        writer.Write("--"u8);
        writer.Write(boundary);
        writer.Write("--\r\n"u8);
        return ($"multipart/{subtype};boundary={Encoding.ASCII.GetString(boundary)}", writer.WrittenSpan.ToArray());
    }

    // delimiter = "--" boundary, "--" after it at the end, then white space to the end of the line
    private static bool IsDelimiter(ReadOnlySpan<byte> line, ReadOnlySpan<byte> boundary, out bool closing)
    {
        closing = false;
        if (!line.StartsWith("--"u8) || !line[2..].StartsWith(boundary))
        {
            return false;
        }

        var rest = line[(2 + boundary.Length)..];
        if (SipGrammar.Trim(rest).IsEmpty)
        {
            return true;
        }

        closing = rest.StartsWith("--"u8) && SipGrammar.Trim(rest[2..]).IsEmpty;
        return closing;
    }

    // The line end before a delimiter belongs to the delimiter.
    private static int EndBefore(ReadOnlySpan<byte> body, int delimiter, int partStart)
    {
        var end = delimiter;
        if (end > partStart && body[end - 1] == '\n')
        {
            end--;
            if (end > partStart && body[end - 1] == '\r')
            {
                end--;
            }
        }

        return end;
    }

    private static bool TryAdd(List<BodyPart> parts, ReadOnlyMemory<byte> part)
    {
        if (parts.Count == MostParts)
        {
            return false;
        }

        var headers = new List<SipHeader>();
        var span = part.Span;
        var position = 0;

        while (position < span.Length)
        {
            var end = EndOfLine(span, position);
            if (SipGrammar.Trim(span[position..end]).IsEmpty)
            {
                position = end;
                break;
            }

            while (end < span.Length && span[end] is (byte)' ' or (byte)'\t')
            {
                end = EndOfLine(span, end);
            }

            if (headers.Count == MostHeaders || !TryReadHeader(new SipText(part[position..end]), out var header))
            {
                return false;
            }

            headers.Add(header);
            position = end;
        }

        var added = new BodyPart(headers, part[position..]);
        parts.Add(added);
        return !added.ContentType.Type.IsEmpty;
    }

    private static int EndOfLine(ReadOnlySpan<byte> text, int start)
    {
        var length = text[start..].IndexOf((byte)'\n');
        return length < 0 ? text.Length : start + length + 1;
    }

    private static bool TryReadHeader(SipText line, out SipHeader header)
    {
        header = default;
        var span = line.Span;
        var colon = span.IndexOf((byte)':');
        if (colon <= 0)
        {
            return false;
        }

        var name = SipGrammar.Trim(span[..colon]);
        if (!SipGrammar.IsToken(name) || SipGrammar.IsWhiteSpace(span[0]))
        {
            return false;
        }

        var start = colon + 1;
        while (start < span.Length && SipGrammar.IsWhiteSpace(span[start]))
        {
            start++;
        }

        var length = SipGrammar.Trim(span[start..]).Length;
        header = new SipHeader(line.Slice(0, name.Length), line.Slice(start, length));
        return true;
    }

    // Drawn from the contents, so that nobody who writes them can know it before.
    private static byte[] ChooseBoundary(IReadOnlyList<BodyPart> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            hash.AppendData(part.Content.Span);
        }

        while (true)
        {
            var digest = hash.GetHashAndReset();
            var boundary = Encoding.ASCII.GetBytes("part-" + Convert.ToHexStringLower(digest.AsSpan(0, 12)));
            if (parts.All(part => part.Content.Span.IndexOf(boundary) < 0))
            {
                return boundary;
            }
            hash.AppendData(digest);
        }
    }
}
