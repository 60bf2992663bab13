using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace SipPush.Sip;

/// <summary>
/// Reads <c>name "=" (token / quoted-string) *("," …)</c>, the shape of Authentication-Info and, after <c>"Digest" LWS</c>, of a
/// challenge and of credentials (RFC 3261 §25.1).
/// </summary>
internal ref struct AuthParameters
{
    public const int MaxLength = 8192;
    public const int MaxParameters = 32;

    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");
    private static readonly SearchValues<byte> EndsName = SearchValues.Create("= \t\r\n,\""u8);
    private static readonly SearchValues<byte> EndsValue = SearchValues.Create(", \t\r\n\""u8);

    private ReadOnlySpan<byte> _rest;
    private ReadOnlySpan<byte> _name;
    private ReadOnlySpan<byte> _value;
    private bool _isQuoted;
    private bool _isMalformed;
    private int _count;

    /// <summary>Reads the value of a field: what is named <c>names[i]</c>, without quotes and escapes, goes to <c>texts[i]</c>;
    /// null stays where nothing has that name, and other parameters are ignored.</summary>
    /// <returns>False when the value is of another scheme, malformed, not UTF-8, empty, longer than <see cref="MaxLength"/> or
    /// <see cref="MaxParameters"/>, or has a known parameter twice.</returns>
    public static bool TryRead(ReadOnlySpan<byte> value, bool hasScheme, ReadOnlySpan<string> names, Span<string?> texts)
    {
        var parameters = default(AuthParameters);
        value = SkipSpace(value);

        if (value.Length > MaxLength || (hasScheme && !TrySkipScheme(ref value)))
        {
            return false;
        }

        parameters._rest = value;
        while (parameters.TryNext())
        {
            for (var i = 0; i < names.Length; i++)
            {
                if (Ascii.EqualsIgnoreCase(parameters._name, names[i]))
                {
                    if (texts[i] is not null || !Utf8.IsValid(parameters._value))
                    {
                        return false;
                    }

                    texts[i] = parameters.Unescape();
                    break;
                }
            }
        }

        return !parameters._isMalformed && parameters._count > 0;
    }

    public static bool IsTokenOrNull(string? text) => text is null || FieldText.IsToken(text);

    public static bool IsTrue(string? text) => string.Equals(text, "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a nonce count: eight digits, which are hashed as they stand, and null where there is none.</summary>
    public static bool TryReadCount(string? text, out uint? count)
    {
        count = null;
        if (text is null)
        {
            return true;
        }

        if (text.Length != 8 || text.AsSpan().ContainsAnyExcept(LowerHex)
            || !uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        count = number;
        return true;
    }

    private static bool TrySkipScheme(ref ReadOnlySpan<byte> value)
    {
        if (value.Length <= 6 || !Ascii.EqualsIgnoreCase(value[..6], "Digest"u8) || !IsSpace(value[6]))
        {
            return false;
        }

        value = value[6..];
        return true;
    }

    // False at the end and where something is no parameter.
    private bool TryNext()
    {
        _rest = SkipSpace(_rest);

        // Empty elements of a list mean nothing.
        while (_rest is [(byte)',', ..])
        {
            _rest = SkipSpace(_rest[1..]);
        }

        if (_rest.IsEmpty)
        {
            return false;
        }

        _isMalformed = ++_count > MaxParameters || !TryTakeName() || !TryTakeValue() || !TryTakeEnd();
        return !_isMalformed;
    }

    private readonly string Unescape()
    {
        if (!_isQuoted || !_value.Contains((byte)'\\'))
        {
            return Encoding.UTF8.GetString(_value);
        }

        var unescaped = new byte[_value.Length];
        var length = 0;
        for (var i = 0; i < _value.Length; i++)
        {
            // The quoted string ended at a quote that was not escaped, so an octet follows every backslash.
            unescaped[length++] = _value[i] == '\\' ? _value[++i] : _value[i];
        }

        return Encoding.UTF8.GetString(unescaped, 0, length);
    }

    private bool TryTakeName()
    {
        var length = _rest.IndexOfAny(EndsName);
        if (length <= 0)
        {
            return false;
        }

        _name = _rest[..length];
        _rest = SkipSpace(_rest[length..]);
        if (_rest is not [(byte)'=', ..])
        {
            return false;
        }

        _rest = SkipSpace(_rest[1..]);
        return true;
    }

    private bool TryTakeValue()
    {
        _isQuoted = _rest is [(byte)'"', ..];

        if (!_isQuoted)
        {
            // Wider than a token: unquoted URIs and base64 are seen, and neither can be mistaken for anything else.
            var length = _rest.IndexOfAny(EndsValue);
            _value = length < 0 ? _rest : _rest[..length];
            _rest = _rest[_value.Length..];
            return !_value.IsEmpty && !_value.ContainsAnyInRange((byte)0, (byte)0x1F) && !_value.Contains((byte)0x7F);
        }

        for (var i = 1; i < _rest.Length; i++)
        {
            switch (_rest[i])
            {
                case (byte)'"':
                    _value = _rest[1..i];
                    _rest = _rest[(i + 1)..];
                    return true;

                case (byte)'\\':
                    if (++i == _rest.Length || _rest[i] is (< (byte)' ' and not (byte)'\t') or >= 0x7F)
                    {
                        return false;
                    }
                    break;

                case (< (byte)' ' and not (byte)'\t') or 0x7F:
                    return false;
            }
        }

        return false;
    }

    private bool TryTakeEnd()
    {
        _rest = SkipSpace(_rest);
        return _rest.IsEmpty || _rest[0] == ',';
    }

    private static ReadOnlySpan<byte> SkipSpace(ReadOnlySpan<byte> value) => value.TrimStart(" \t\r\n"u8);

    private static bool IsSpace(byte octet) => octet is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';
}
