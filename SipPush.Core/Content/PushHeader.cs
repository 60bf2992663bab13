namespace SipPush;

/// <summary>One header field of a push message.</summary>
public readonly record struct PushHeader
{
    /// <summary>A field to be written.</summary>
    /// <param name="name">A token; it is compared without regard to case.</param>
    /// <param name="value">The value; space round it is dropped.</param>
    /// <exception cref="ArgumentException">The name is no token, or the value holds CR, LF, NUL or another control character.</exception>
    public PushHeader(string name, string value)
    {
        Name = FieldText.CheckedToken(name, nameof(name));
        Value = FieldText.Checked(value, name).Trim(' ', '\t');
    }

    /// <summary>The name in the case it was given.</summary>
    public string Name { get; }

    /// <summary>The value, unfolded and without space round it.</summary>
    public string Value { get; }

    internal bool Is(string name) => string.Equals(Name, name, StringComparison.OrdinalIgnoreCase);
}
