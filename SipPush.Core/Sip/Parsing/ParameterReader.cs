namespace SipPush.Sip.Parsing;

/// <summary>Walks <c>;name=value</c> parameters of octets that are still borrowed; <see cref="SipParameters"/> does it for those that are owned.</summary>
/// <param name="text">The octets from the first semicolon on.</param>
internal ref struct ParameterReader(ReadOnlySpan<byte> text)
{
    private readonly ReadOnlySpan<byte> _text = text;
    private int _position;

    public Parameter Current { get; private set; }

    public readonly ParameterReader GetEnumerator() => this;

    public bool MoveNext()
    {
        if (!TryTake(_text, ref _position, out var name, out var value))
        {
            return false;
        }

        Current = new Parameter { Name = _text[name], Value = _text[value] };
        return true;
    }

    /// <summary>The value of the first parameter of that name; false when it is absent.</summary>
    public static bool TryFind(ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (var parameter in new ParameterReader(parameters))
        {
            if (System.Text.Ascii.EqualsIgnoreCase(parameter.Name, name))
            {
                value = parameter.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>Takes the parameter that begins at <paramref name="position"/>, or the next that has a name.</summary>
    public static bool TryTake(ReadOnlySpan<byte> text, ref int position, out Range name, out Range value)
    {
        while (position < text.Length)
        {
            var start = text[position] == ';' ? position + 1 : position;
            var length = SipGrammar.IndexOfOutside(text[start..], (byte)';');
            var end = length < 0 ? text.Length : start + length;
            position = end;

            var equal = text[start..end].IndexOf((byte)'=');
            name = Trim(text, start, equal < 0 ? end : start + equal);
            value = equal < 0 ? 0..0 : Trim(text, start + equal + 1, end);
            if (!name.Start.Equals(name.End))
            {
                return true;
            }
        }

        name = value = default;
        return false;
    }

    private static Range Trim(ReadOnlySpan<byte> text, int start, int end)
    {
        while (start < end && SipGrammar.IsWhiteSpace(text[start]))
        {
            start++;
        }

        while (end > start && SipGrammar.IsWhiteSpace(text[end - 1]))
        {
            end--;
        }

        return start..end;
    }

    internal ref struct Parameter
    {
        public ReadOnlySpan<byte> Name;
        public ReadOnlySpan<byte> Value;

        public readonly void Deconstruct(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
        {
            name = Name;
            value = Value;
        }
    }
}
