using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace SipPush.Sip;

/// <summary>
/// Reads <c>"Digest" LWS name "=" (token / quoted-string) *("," …)</c>, the shape of a challenge and of credentials
/// (RFC 3261 §25.1), one parameter after another.
/// </summary>
internal ref struct AuthParameters
{
    public const int MaxLength = 8192;
    public const int MaxParameters = 32;

    private static readonly SearchValues<byte> EndsName = SearchValues.Create("= \t\r\n,\""u8);
    private static readonly SearchValues<byte> EndsValue = SearchValues.Create(", \t\r\n\""u8);

    private ReadOnlySpan<byte> _rest;
    private ReadOnlySpan<byte> _value;
    private bool _isQuoted;
    private int _count;

    /// <summary>The name of the parameter <see cref="Next"/> came to.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>True when reading stopped at something that is no parameter, or at a limit.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>False when the value is of another scheme, has nothing after the scheme or is longer than <see cref="MaxLength"/>.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> value, out AuthParameters parameters)
    {
        parameters = default;
        value = SkipSpace(value);

        if (value.Length > MaxLength || value.Length <= 6 || !Ascii.EqualsIgnoreCase(value[..6], "Digest"u8) || !IsSpace(value[6]))
        {
            return false;
        }

        parameters._rest = value[6..];
        return true;
    }

    /// <summary>Goes to the next parameter; false at the end and where <see cref="IsMalformed"/> becomes true.</summary>
    public bool Next()
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

        IsMalformed = ++_count > MaxParameters || !TryTakeName() || !TryTakeValue() || !TryTakeEnd();
        return !IsMalformed;
    }

    public readonly bool Is(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(Name, name);

    /// <summary>The value without quotes and escapes. False when the parameter has been read before (<paramref name="text"/>
    /// is not null) or its octets are not UTF-8.</summary>
    public readonly bool TryTake([NotNullWhen(true)] ref string? text)
    {
        if (text is not null || !Utf8.IsValid(_value))
        {
            return false;
        }

        if (!_isQuoted || !_value.Contains((byte)'\\'))
        {
            text = Encoding.UTF8.GetString(_value);
            return true;
        }

        var unescaped = new byte[_value.Length];
        var length = 0;
        for (var i = 0; i < _value.Length; i++)
        {
            // The quoted string ended at a quote that was not escaped, so an octet follows every backslash.
            unescaped[length++] = _value[i] == '\\' ? _value[++i] : _value[i];
        }

        text = Encoding.UTF8.GetString(unescaped, 0, length);
        return true;
    }

    private bool TryTakeName()
    {
        var length = _rest.IndexOfAny(EndsName);
        if (length <= 0)
        {
            return false;
        }

        Name = _rest[..length];
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
