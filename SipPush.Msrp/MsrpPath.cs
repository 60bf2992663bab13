using System.Diagnostics.CodeAnalysis;

namespace SipPush.Msrp;

/// <summary>URIs in the order of a <c>To-Path</c>: the first is where to connect, the last is the session (RFC 4975 §8.2). Never empty.</summary>
public sealed class MsrpPath : IEquatable<MsrpPath>
{
    /// <summary>A path of these URIs.</summary>
    public MsrpPath(params IReadOnlyList<MsrpUri> uris) => throw new NotImplementedException();

    /// <summary>The URIs, at least one.</summary>
    public IReadOnlyList<MsrpUri> Uris { get; } = [];

    /// <summary>Where to connect.</summary>
    public MsrpUri First => Uris[0];

    /// <summary>The far end, which has the session.</summary>
    public MsrpUri Last => Uris[^1];

    /// <summary>Reads URIs parted by single spaces; false when there is anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, [NotNullWhen(true)] out MsrpPath? path) => throw new NotImplementedException();

    /// <summary>Reads a path.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public static MsrpPath Parse(string value) => throw new NotImplementedException();

    /// <inheritdoc/>
    public bool Equals(MsrpPath? other) => throw new NotImplementedException();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MsrpPath);

    /// <inheritdoc/>
    public override int GetHashCode() => throw new NotImplementedException();

    /// <summary>The URIs, parted by spaces.</summary>
    public override string ToString() => throw new NotImplementedException();
}
