namespace SipPush.Sip.Parsing;

/// <summary>What <see cref="LenientRepair"/> has repaired in a message; as text, what the log says.</summary>
[Flags]
internal enum LenientRepairs
{
    None = 0,

    /// <summary>More than one space between the words of a Request-Line (RFC 4475 §3.1.2.9).</summary>
    RequestLineSpaces = 1 << 0,

    /// <summary>A quote at the end of a URI.</summary>
    StrayQuote = 1 << 1,

    /// <summary>U+201C or U+201D for a quote.</summary>
    CurlyQuotes = 1 << 2,

    /// <summary>A bracket that is never closed.</summary>
    UnclosedBracket = 1 << 3,

    /// <summary>A closing bracket behind a tag.</summary>
    ExtraBracket = 1 << 4,

    /// <summary>P-Called-Party-ID without brackets.</summary>
    BareCalledParty = 1 << 5,

    /// <summary>An underscore in <c>g.3gpp.icsi-ref</c>.</summary>
    IcsiUnderscore = 1 << 6,

    /// <summary>A comma for a semicolon between feature parameters.</summary>
    FeatureComma = 1 << 7,

    /// <summary>Nothing between two semicolons, or white space inside a GRUU.</summary>
    EmptyParameter = 1 << 8,

    /// <summary>A Content-Length without digits in a datagram.</summary>
    ContentLengthPlaceholder = 1 << 9,
}
