using System.Globalization;
using System.Text.RegularExpressions;

namespace SipPush.Tests.Torture;

/// <summary>
/// Reads what a scenario says of many requests in words, such as <c>first chunk "+" of 10 octets of 1000, new Message-ID each</c>: a method, sizes,
/// a flag, a session, types, which ids are new. What it says nothing of is usual: a whole SEND of five octets to the first session.
/// </summary>
internal sealed partial class MsrpTemplate
{
    private readonly string _words;
    private readonly string? _literal;
    private readonly string _method;
    private readonly int? _octets;
    private readonly long? _total;
    private readonly long _start;
    private readonly string? _end;
    private readonly char _flag;
    private readonly bool _isBodiless;
    private readonly bool _isSpread;
    private readonly bool _isRow;
    private readonly bool _sameMessage;
    private readonly bool _sameTid;

    private MsrpTemplate(string words, string? literal, string? method)
    {
        _words = words;
        _literal = literal;
        _method = method ?? Method().Match(words) switch { { Success: true } match => match.Value, _ when Says("unknown method") => "BOGUS", _ when Says("report") && !Says("success-report") && !Says("failure-report") && !Says("success report") && !Says("failure report") => "REPORT", _ => "SEND" };
        _isBodiless = Says("bodiless") || Says("no body") || Says("without body") || Says("without a body") || Says("empty send") || Says("keep-alive") || _method == "REPORT";
        var range = Range().Match(words);
        var of = Of().Match(words);
        _start = range.Success ? Number(range.Groups[1]) : Start().Match(words) is { Success: true } start ? Number(start.Groups[1]) : 1;
        _end = range.Success ? range.Groups[2].Value : null;
        _total = range.Success ? (range.Groups[3].Value == "*" ? null : Number(range.Groups[3])) : of.Success ? Number(of.Groups[1]) : Total().Match(words) is { Success: true } total ? Number(total.Groups[1]) : null;
        _octets = Octets().Match(words) is { Success: true } octets ? (int)Number(octets.Groups[1]) : range.Success && _end != "*" ? (int)(Number(range.Groups[2]) - _start + 1) : null;
        var isUnfinished = Says("first chunk") || Says("unfinished") || Says("never ended") || Says("incomplete") || Says("partial message") || (_total > (_octets ?? 5) && !Says("last chunk"));
        _flag = Flag().Match(words) is { Success: true } flag ? flag.Groups[1].Value[0] : Says("abort") ? '#' : isUnfinished ? '+' : '$';
        _isSpread = Says("gap") || Says("every second") || Says("every other") || Says("hole");
        _isRow = Says("consecutive") || Says("one after the other") || Says("next octet") || Says("in order");
        _sameMessage = Says("same message-id") || Says("one message-id") || Says("same mid") || Says("same message") || Says("one message") || _isSpread || _isRow;
        _sameTid = Says("same tid") || Says("same transaction");
    }

    /// <summary>Reads the words, or takes the text of a request as it is but for its ids.</summary>
    /// <exception cref="ScenarioSkip">Nothing in it means anything.</exception>
    public static MsrpTemplate Read(string? template, string? method)
    {
        if (template?.StartsWith("MSRP ", StringComparison.Ordinal) == true)
        {
            return new MsrpTemplate("", template, method);
        }

        if (template is null && method is null)
        {
            throw new ScenarioSkip("no template");
        }

        var words = template ?? "";
        if (words.Length > 0 && !Meaning().IsMatch(words))
        {
            throw new ScenarioSkip($"the template '{words}'");
        }

        return new MsrpTemplate(words, null, method);
    }

    /// <summary>The request of that number, counted from 0.</summary>
    public string Text(int number)
    {
        if (_literal is not null)
        {
            var text = _literal.Replace("{n}", $"{number}", StringComparison.Ordinal).Replace("{i}", $"{number}", StringComparison.Ordinal);
            return number == 0 ? text : MsrpPeerMessages.Vary(text, text.Contains("Byte-Range: 1-", StringComparison.Ordinal) ? ["tid", "mid"] : ["tid"], number);
        }

        var size = _octets ?? (_isSpread ? 1 : 5);
        var start = _start + (_isSpread ? 2L * size * number : _isRow ? (long)size * number : 0);
        var total = _total ?? (_isSpread || _isRow || _flag == '+' ? null : start - 1 + size);
        var (to, from) = Says("l2") || Says("second session") ? (MsrpSut.L2, MsrpSut.P2)
            : Says("unknown session") || Says("no such session") || Says("random session") ? ($"msrp://sut.example.com:2855/Unkn0wn{number};tcp", MsrpSut.P)
            : (MsrpSut.L, MsrpSut.P);
        return new MsrpRequest
        {
            Method = _method,
            To = to,
            From = from,
            Tid = _sameTid ? "gene00000000" : string.Create(CultureInfo.InvariantCulture, $"gene{number:D8}"),
            MessageId = _sameMessage ? "generated" : string.Create(CultureInfo.InvariantCulture, $"generated{number}"),
            ByteRange = Says("no byte-range") || Says("without byte-range") ? null : _isBodiless && _method == "SEND" ? "1-0/0"
                : string.Create(CultureInfo.InvariantCulture, $"{start}-{_end ?? $"{start - 1 + size}"}/{(total is { } known ? $"{known}" : "*")}"),
            FailureReport = After("Failure-Report") ?? (Says("no response") || Says("no answer wanted") ? "no" : null),
            SuccessReport = After("Success-Report"),
            ContentType = MediaType().Match(_words) is { Success: true } type ? type.Value : Says("unknown type") || Says("unsupported type") ? "application/x-unknown" : "text/plain",
            Headers = _method == "REPORT" ? ["Status: 000 200 OK"] : [],
            Body = _isBodiless ? null : new string('x', size),
            Flag = _flag,
        }.ToString();
    }

    private bool Says(string words) => _words.Contains(words, StringComparison.OrdinalIgnoreCase);

    private string? After(string header) => Regex.Match(_words, $@"{header.Replace("-", "[- ]", StringComparison.Ordinal)}[:= ]+(yes|no|partial)", RegexOptions.IgnoreCase) is { Success: true } match ? match.Groups[1].Value.ToLowerInvariant() : null;

    private static long Number(Group digits) => long.Parse(digits.Value.Replace(" ", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\b(?!MSRP\b|CRLF\b|URI\b|ID\b|SDP\b|EACH\b|CRLFS\b)[A-Z]{4,}\b")]
    private static partial Regex Method();

    [GeneratedRegex(@"(\d+)-(\d+|\*)/(\d+|\*)")]
    private static partial Regex Range();

    [GeneratedRegex(@"(?:octets?|bytes?|B)\s+of\s+(?:a total of\s+)?(\d[\d _]*\d|\d)", RegexOptions.IgnoreCase)]
    private static partial Regex Of();

    [GeneratedRegex(@"(?:total|announced|announcing)\D{0,12}?(\d[\d _]*\d|\d)", RegexOptions.IgnoreCase)]
    private static partial Regex Total();

    [GeneratedRegex(@"(?:start|starting at|range-start|offset)\D{0,6}?(\d[\d _]*\d|\d)", RegexOptions.IgnoreCase)]
    private static partial Regex Start();

    [GeneratedRegex(@"(\d[\d _]*\d|\d)[- ]?(?:octets?|bytes?|B)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Octets();

    [GeneratedRegex(@"(?:[""'`(]|flag\s+)([+$#])")]
    private static partial Regex Flag();

    [GeneratedRegex(@"\b(?:text|message|application|image|multipart|audio|video)/[\w.+*-]+")]
    private static partial Regex MediaType();

    [GeneratedRegex(@"chunk|message|octet|byte|\bSEND\b|\bREPORT\b|\b[A-Z]{4,}\b|bodiless|keep-alive|session|request|tid", RegexOptions.IgnoreCase)]
    private static partial Regex Meaning();
}
