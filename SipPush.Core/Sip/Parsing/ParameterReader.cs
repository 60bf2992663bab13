namespace SipPush.Sip.Parsing;

/// <summary>Walks <c>;name=value</c> parameters of octets that are still borrowed; <see cref="SipParameters"/> does it for those that are owned.</summary>
/// <param name="text">The octets from the first semicolon on.</param>
internal ref struct ParameterReader(ReadOnlySpan<byte> text)
{
    private ReadOnlySpan<byte> _rest = text;

    public Parameter Current { get; private set; }

    public readonly ParameterReader GetEnumerator() => this;

    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            if (_rest[0] == ';')
            {
                _rest = _rest[1..];
            }

            var length = SipGrammar.IndexOfOutside(_rest, (byte)';');
            var item = length < 0 ? _rest : _rest[..length];
            _rest = length < 0 ? default : _rest[length..];

            var equal = item.IndexOf((byte)'=');
            var name = SipGrammar.Trim(equal < 0 ? item : item[..equal]);
            if (!name.IsEmpty)
            {
                Current = new Parameter { Name = name, Value = equal < 0 ? default : SipGrammar.Trim(item[(equal + 1)..]) };
                return true;
            }
        }

        return false;
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
