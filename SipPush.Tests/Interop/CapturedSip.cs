namespace SipPush.Tests.Interop;

/// <summary>One SIP message of a capture, as tshark reads it.</summary>
internal sealed record CapturedSip
{
    /// <summary>Number of the packet that it ended in.</summary>
    public required int Frame { get; init; }

    /// <summary>udp or tcp.</summary>
    public required string Transport { get; init; }

    public required int SourcePort { get; init; }

    public required int DestinationPort { get; init; }

    /// <summary>Of a request.</summary>
    public string? Method { get; init; }

    /// <summary>Of a request.</summary>
    public string? RequestUri { get; init; }

    /// <summary>Of a response.</summary>
    public int? StatusCode { get; init; }

    public string? CallId { get; init; }

    /// <summary>Number and method, such as <c>1 MESSAGE</c>.</summary>
    public string? CSeq { get; init; }

    /// <summary>Each header field line, without its CRLF.</summary>
    public IReadOnlyList<string> HeaderFields { get; init; } = [];

    /// <summary>Each line of the session description that it carries, without its CRLF.</summary>
    public IReadOnlyList<string> Description { get; init; } = [];

    /// <summary>tshark gave up on this message, or on what it carries.</summary>
    public bool Malformed { get; init; }

    /// <summary>What tshark says about it at the level of a warning or an error.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>The value of an attribute of its session description.</summary>
    public string? Attribute(string name) => Description.FirstOrDefault(line => line.StartsWith($"a={name}:", StringComparison.Ordinal))?[(name.Length + 3)..];

    public override string ToString() =>
        $"{Frame} {Transport} {SourcePort}>{DestinationPort} {Method ?? StatusCode?.ToString(System.Globalization.CultureInfo.InvariantCulture)} {CSeq}"
        + $"{(Malformed ? " malformed" : "")} {string.Join("; ", Warnings)}";
}
