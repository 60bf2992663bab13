namespace SipPush.Sdp;

/// <summary>An <c>a=</c> line (RFC 8866 §5.13).</summary>
public sealed record SdpAttribute
{
    /// <summary>A property, or a value. Spaces around the value are left out; a value that is empty is none.</summary>
    /// <param name="name">A token; its case counts.</param>
    /// <param name="value">What stands behind the colon; null for an attribute without one.</param>
    /// <exception cref="ArgumentException">One of them can't stand in the line.</exception>
    public SdpAttribute(string name, string? value = null)
    {
        Name = SdpGrammar.CheckToken(name, nameof(name));
        Value = string.IsNullOrWhiteSpace(value) ? null : SdpGrammar.CheckText(value, nameof(value)).Trim(' ');
    }

    private SdpAttribute()
    {
    }

    /// <summary>The name.</summary>
    public string Name { get; private init; } = "";

    /// <summary>What stands behind the colon; null where there is no colon.</summary>
    public string? Value { get; private init; }

    /// <summary>As it stands behind <c>a=</c>.</summary>
    public override string ToString() => Value is null ? Name : $"{Name}:{Value}";

    /// <summary>As it was read, with the spaces that it had.</summary>
    internal static SdpAttribute Read(string name, string? value) => new() { Name = name, Value = value };
}
