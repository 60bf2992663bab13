using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace SipPush.Sdp;

/// <summary>What a file is: <c>a=file-selector</c> (RFC 5547 §5, §6).</summary>
public sealed record FileSelector
{
    // There is one registered algorithm; more hashes than this are only there to be compared.
    private const int MaxHashes = 16;

    private static readonly SearchValues<char> Hexadecimal = SearchValues.Create("0123456789ABCDEFabcdef");

    /// <summary>
    /// The name, decoded; null where there is none. It is hostile text: the peer may have put anything into it, path separators, dots,
    /// control characters and octets that are no UTF-8 included. Nothing here has made it fit to name a file with.
    /// </summary>
    /// <exception cref="ArgumentException">It is empty.</exception>
    public string? Name
    {
        get;
        init => field = value is "" ? throw new ArgumentException("A name is not empty.", nameof(Name)) : value;
    }

    /// <summary>Octets of the file, without a wrapper such as message/cpim; null where it is not known.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public long? Size
    {
        get;
        init => field = value < 0 ? throw new ArgumentOutOfRangeException(nameof(Size)) : value;
    }

    /// <summary>The media type without parameters, <c>image/jpeg</c>; null where there is none.</summary>
    /// <exception cref="ArgumentException">It is not a type.</exception>
    public string? Type
    {
        get;
        init => field = value is null || IsType(value) ? value : throw new ArgumentException("A type is type/subtype.", nameof(Type));
    }

    /// <summary>The parameters of the type, decoded, in their order.</summary>
    /// <exception cref="ArgumentException">A name is no token.</exception>
    public IReadOnlyList<KeyValuePair<string, string>> TypeParameters
    {
        get;
        init => field = value.All(parameter => SdpGrammar.IsToken(parameter.Key)) ? value : throw new ArgumentException("A parameter has a name.", nameof(TypeParameters));
    } = [];

    /// <summary>Hashes of the whole file, each of another algorithm.</summary>
    public IReadOnlyList<FileHash> Hashes { get; init; } = [];

    /// <summary>True when nothing is selected, which says only that files can be transferred (RFC 5547 §8.5).</summary>
    public bool IsEmpty => Name is null && Size is null && Type is null && Hashes.Count == 0;

    /// <summary>
    /// The type with its parameters as a Content-Type header has them; null where there is no type. A parameter with control characters in
    /// it, which would break a header, is left out.
    /// </summary>
    public string? ContentType
    {
        get
        {
            if (Type is null || TypeParameters.Count == 0)
            {
                return Type;
            }

            var text = new StringBuilder(Type);
            foreach (var (name, value) in TypeParameters)
            {
                if (value.Any(char.IsControl))
                {
                    continue;
                }

                var isToken = SdpGrammar.IsToken(value);
                text.Append(';').Append(name).Append('=').Append(isToken ? "" : "\"");
                foreach (var character in value)
                {
                    text.Append(!isToken && character is '"' or '\\' ? "\\" : "").Append(character);
                }

                text.Append(isToken ? "" : "\"");
            }

            return text.ToString();
        }
    }

    /// <summary>Reads selectors in any order. Such as are not known are left out; false when one that is known is not what it should be, or is there twice, a hash more than 16 times.</summary>
    public static bool TryParse(string value, [NotNullWhen(true)] out FileSelector? selector)
    {
        ArgumentNullException.ThrowIfNull(value);
        selector = null;
        string? name = null;
        long? size = null;
        string? type = null;
        List<KeyValuePair<string, string>>? parameters = null;
        List<FileHash>? hashes = null;

        var rest = value.AsSpan();
        while (!(rest = rest.TrimStart(' ')).IsEmpty)
        {
            var colon = rest.IndexOf(':');
            if (colon < 0 || !SdpGrammar.IsToken(rest[..colon]))
            {
                return false;
            }

            var key = rest[..colon];
            rest = rest[(colon + 1)..];
            switch (key)
            {
                case "name":
                    if (name is not null || !TryTakeQuoted(ref rest, out name))
                    {
                        return false;
                    }

                    break;

                case "size":
                    if (size is not null || !SdpGrammar.TryReadNumber(SdpGrammar.TakeField(ref rest), out var octets))
                    {
                        return false;
                    }

                    size = octets;
                    break;

                case "type":
                    if (type is not null || !TryTakeType(ref rest, out type, out parameters))
                    {
                        return false;
                    }

                    break;

                case "hash":
                    if (FileHash.Read(SdpGrammar.TakeField(ref rest)) is not { } hash || hashes is { Count: MaxHashes })
                    {
                        return false;
                    }

                    (hashes ??= []).Add(hash);
                    break;

                default:
                    SdpGrammar.TakeField(ref rest);
                    break;
            }
        }

        selector = new FileSelector
        {
            Name = name,
            Size = size,
            Type = type,
            TypeParameters = (IReadOnlyList<KeyValuePair<string, string>>?)parameters ?? [],
            Hashes = (IReadOnlyList<FileHash>?)hashes ?? [],
        };
        return true;
    }

    /// <summary>The hash of that algorithm; null where there is none.</summary>
    public FileHash? Hash(string algorithm) => Hashes.FirstOrDefault(hash => hash.Algorithm.Equals(algorithm, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// True when both can mean the same file: what both say of it is the same. A selector may grow, a hash that was not yet known for
    /// instance, and still mean the same file (RFC 5547 §8.1).
    /// </summary>
    public bool IsSameFile(FileSelector other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return (Name is null || other.Name is null || Name == other.Name)
            && (Size is null || other.Size is null || Size == other.Size)
            && (Type is null || other.Type is null || Type.Equals(other.Type, StringComparison.OrdinalIgnoreCase))
            && Hashes.All(hash => other.Hash(hash.Algorithm) is not { } theirs || theirs.Value == hash.Value);
    }

    /// <summary>True when both select the same, in the same words.</summary>
    public bool Equals(FileSelector? other) => other is not null && ToString() == other.ToString();

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Size, Type, Hashes.Count);

    /// <summary>As it stands behind <c>file-selector:</c>: name, type, size, hashes; empty where nothing is selected.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        if (Name is not null)
        {
            Append(text.Append("name:\""), Name).Append('"');
        }

        if (Type is not null)
        {
            text.Append(text.Length > 0 ? " type:" : "type:").Append(Type);
            foreach (var (name, value) in TypeParameters)
            {
                Append(text.Append(';').Append(name).Append("=\""), value).Append('"');
            }
        }

        if (Size is { } size)
        {
            text.Append(text.Length > 0 ? " size:" : "size:").Append(size.ToString(CultureInfo.InvariantCulture));
        }

        foreach (var hash in Hashes)
        {
            text.Append(text.Length > 0 ? " hash:" : "hash:").Append(hash.Algorithm).Append(':').Append(hash.Value);
        }

        return text.ToString();
    }

    private static bool IsType(ReadOnlySpan<char> value)
    {
        var slash = value.IndexOf('/');
        return slash > 0 && SdpGrammar.IsToken(value[..slash]) && SdpGrammar.IsToken(value[(slash + 1)..]);
    }

    // type "/" subtype *(";" attribute "=" DQUOTE value-string DQUOTE); a token instead of the quoted value is taken too.
    private static bool TryTakeType(ref ReadOnlySpan<char> rest, out string? type, out List<KeyValuePair<string, string>>? parameters)
    {
        parameters = null;
        var end = rest.IndexOfAny(' ', ';');
        type = (end < 0 ? rest : rest[..end]).ToString();
        rest = end < 0 ? default : rest[end..];
        if (!IsType(type))
        {
            return false;
        }

        while (rest.StartsWith(";"))
        {
            var equals = rest.IndexOf('=');
            if (equals < 0 || !SdpGrammar.IsToken(rest[1..equals]))
            {
                return false;
            }

            var name = rest[1..equals].ToString();
            rest = rest[(equals + 1)..];
            string? value;
            if (rest.StartsWith("\""))
            {
                if (!TryTakeQuoted(ref rest, out value))
                {
                    return false;
                }
            }
            else
            {
                end = rest.IndexOfAny(' ', ';');
                value = (end < 0 ? rest : rest[..end]).ToString();
                rest = end < 0 ? default : rest[end..];
                if (!SdpGrammar.IsToken(value))
                {
                    return false;
                }
            }

            (parameters ??= []).Add(new(name, value!));
        }

        return rest.IsEmpty || rest[0] == ' ';
    }

    private static bool TryTakeQuoted(ref ReadOnlySpan<char> rest, out string? text)
    {
        text = null;
        var end = rest.StartsWith("\"") ? rest[1..].IndexOf('"') : -1;
        if (end < 1)
        {
            return false;
        }

        var inner = rest[1..(end + 1)];
        rest = rest[(end + 2)..];
        if (!rest.IsEmpty && rest[0] is not (' ' or ';'))
        {
            return false;
        }

        if (!inner.Contains('%'))
        {
            text = inner.ToString();
            return true;
        }

        // The escapes are octets, of UTF-8 as a rule, so they are undone among octets.
        var octets = new ArrayBufferWriter<byte>(inner.Length);
        while (!inner.IsEmpty)
        {
            var percent = inner.IndexOf('%');
            SdpText.Encode((percent < 0 ? inner : inner[..percent]).ToString(), octets);
            if (percent < 0)
            {
                break;
            }

            if (percent + 2 >= inner.Length || inner.Slice(percent + 1, 2).ContainsAnyExcept(Hexadecimal))
            {
                return false;
            }

            octets.GetSpan(1)[0] = SdpGrammar.OctetsOf(inner.Slice(percent + 1, 2))[0];
            octets.Advance(1);
            inner = inner[(percent + 3)..];
        }

        text = SdpText.Decode(octets.WrittenSpan);
        return true;
    }

    // What the grammar forbids, and what some system takes for structure of a path.
    private static StringBuilder Append(StringBuilder text, string value)
    {
        foreach (var character in value)
        {
            if (character is < ' ' or '"' or '%' or '/' or '\\' or ':' or '\x7F')
            {
                text.Append('%').Append(((int)character).ToString("X2", CultureInfo.InvariantCulture));
            }
            else
            {
                text.Append(character);
            }
        }

        return text;
    }
}
