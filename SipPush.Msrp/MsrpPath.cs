using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace SipPush.Msrp;

/// <summary>URIs in the order of a <c>To-Path</c>: the first is where to connect, the last is the session (RFC 4975 §8.2). Never empty.</summary>
public sealed class MsrpPath : IEquatable<MsrpPath>
{
    // Relays there are one or two; the bound keeps a peer from making this end work.
    private const int MaxUris = 32;

    private readonly MsrpUri[] _uris;

    /// <summary>A path of these URIs.</summary>
    /// <exception cref="ArgumentException">There is none, or there are more than 32.</exception>
    public MsrpPath(params IReadOnlyList<MsrpUri> uris)
    {
        ArgumentNullException.ThrowIfNull(uris);
        if (uris.Count is 0 or > MaxUris)
        {
            throw new ArgumentException($"A path has 1 to {MaxUris} URIs.", nameof(uris));
        }

        _uris = [.. uris];
    }

    private MsrpPath(MsrpUri[] uris) => _uris = uris;

    /// <summary>The URIs, at least one.</summary>
    public IReadOnlyList<MsrpUri> Uris => _uris;

    /// <summary>Where to connect.</summary>
    public MsrpUri First => _uris[0];

    /// <summary>The far end, which has the session.</summary>
    public MsrpUri Last => _uris[^1];

    /// <summary>Reads at most 32 URIs parted by single spaces; false when there is anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, [NotNullWhen(true)] out MsrpPath? path)
    {
        path = null;
        var count = value.Count((byte)' ') + 1;
        if (count > MaxUris)
        {
            return false;
        }

        var uris = new MsrpUri[count];
        for (var i = 0; i < count; i++)
        {
            var length = i < count - 1 ? value.IndexOf((byte)' ') : value.Length;
            if (!MsrpUri.TryParse(value[..length], out var uri))
            {
                return false;
            }

            uris[i] = uri;
            value = i < count - 1 ? value[(length + 1)..] : default;
        }

        path = new MsrpPath(uris);
        return true;
    }

    /// <summary>Reads a path.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public static MsrpPath Parse(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return TryParse(Encoding.UTF8.GetBytes(value), out var path) ? path : throw new FormatException("Not a path of MSRP URIs.");
    }

    /// <inheritdoc/>
    public bool Equals(MsrpPath? other) => other is not null && _uris.AsSpan().SequenceEqual(other._uris);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MsrpPath);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_uris.Length, Last);

    /// <summary>The URIs, parted by spaces.</summary>
    public override string ToString() => _uris is [var only] ? only.ToString() : string.Join<MsrpUri>(' ', _uris);
}
