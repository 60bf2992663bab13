using System.Diagnostics.CodeAnalysis;

namespace SipPush.Msrp;

/// <summary>An MSRP URI (RFC 4975 §6). Two are equal by the rules of §6.1.</summary>
public sealed class MsrpUri : IEquatable<MsrpUri>
{
    /// <summary>An <c>msrp</c> or <c>msrps</c> URI with transport <c>tcp</c>.</summary>
    public MsrpUri(bool isSecure, string host, int? port, string? sessionId) => throw new NotImplementedException();

    /// <summary>Whether the scheme is <c>msrps</c>: TLS.</summary>
    public bool IsSecure { get; }

    /// <summary>The host, an IPv6 address without its brackets.</summary>
    public string Host { get; } = "";

    /// <summary>The port, null when the URI names none.</summary>
    public int? Port { get; }

    /// <summary>The session, null when the URI names none (that of a relay, for instance).</summary>
    public string? SessionId { get; }

    /// <summary>The transport parameter, <c>tcp</c> as a rule.</summary>
    public string Transport { get; } = "tcp";

    /// <summary>Reads a URI; false when it is not one.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, [NotNullWhen(true)] out MsrpUri? uri) => throw new NotImplementedException();

    /// <summary>Reads a URI.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public static MsrpUri Parse(string value) => throw new NotImplementedException();

    /// <inheritdoc/>
    public bool Equals(MsrpUri? other) => throw new NotImplementedException();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MsrpUri);

    /// <inheritdoc/>
    public override int GetHashCode() => throw new NotImplementedException();

    /// <summary>The URI as it is written, as it came when it was read.</summary>
    public override string ToString() => throw new NotImplementedException();
}
