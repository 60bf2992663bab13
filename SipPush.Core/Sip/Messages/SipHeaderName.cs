using System.Text;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// The name of a header field. Names differ in case and have compact forms; two names are equal when they mean the same field
/// (RFC 3261 §7.3.1, §7.3.3). Any token converts to one.
/// </summary>
public readonly struct SipHeaderName : IEquatable<SipHeaderName>
{
    private readonly string? _other;

    internal SipHeaderName(HeaderId id) => Id = id;

    /// <summary>A name by its text, long or compact.</summary>
    /// <exception cref="ArgumentException">The text is not a token.</exception>
    public SipHeaderName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        Span<byte> octets = stackalloc byte[128];

        if (name.Length > 128 || Ascii.FromUtf16(name, octets, out var length) != System.Buffers.OperationStatus.Done || !SipGrammar.IsToken(octets[..length]))
        {
            throw new ArgumentException("A header name is a token of at most 128 characters", nameof(name));
        }

        Id = HeaderIds.Find(octets[..length]);
        _other = Id == HeaderId.Other ? name : null;
    }

    internal HeaderId Id { get; }

    /// <summary>The long form.</summary>
    public string Name => _other ?? HeaderIds.Name(Id);

    /// <summary>A name by its text, long or compact.</summary>
    public static implicit operator SipHeaderName(string name) => new(name);

    /// <summary>True when both mean the same field.</summary>
    public static bool operator ==(SipHeaderName left, SipHeaderName right) => left.Equals(right);

    /// <summary>True when both mean different fields.</summary>
    public static bool operator !=(SipHeaderName left, SipHeaderName right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(SipHeaderName other) =>
        Id == other.Id && string.Equals(_other, other._other, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is SipHeaderName other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        Id != HeaderId.Other ? (int)Id : StringComparer.OrdinalIgnoreCase.GetHashCode(_other ?? "");

    /// <summary>The long form.</summary>
    public override string ToString() => Name;
}
