using System.Diagnostics.CodeAnalysis;
using SipPush.Sip.Parsing;

namespace SipPush.Sip;

/// <summary>
/// A list of tokens: the option tags of Supported, Require, Proxy-Require and Unsupported, the methods of Allow, the packages of
/// Allow-Events, the codings of Content-Encoding, the tags of Content-Language, the directives of Request-Disposition.
/// </summary>
public sealed class TokenList
{
    private readonly SipText[] _tokens;

    private TokenList(SipText[] tokens) => _tokens = tokens;

    /// <summary>The tokens in order, as they stand.</summary>
    public IReadOnlyList<SipText> Tokens => _tokens;

    /// <summary>
    /// All lines of that header as one list; empty when there is none, and when it names nothing: <see cref="SipMessage.Contains"/> tells
    /// those apart. What is no token stays in, since a Require that can't be read is one that can't be met.
    /// </summary>
    public static TokenList Read(SipMessage message, SipHeaderName name)
    {
        ArgumentNullException.ThrowIfNull(message);
        return new TokenList([.. message.Values(name)]);
    }

    /// <summary>Reads one line; false when anything in it is no token. A line may be empty (RFC 3261 §20.5, §20.37).</summary>
    public static bool TryParse(SipText value, [NotNullWhen(true)] out TokenList? list)
    {
        list = null;
        var tokens = new List<SipText>();

        for (var rest = value.Trim(); !rest.IsEmpty;)
        {
            var comma = rest.Span.IndexOf((byte)',');
            var token = (comma < 0 ? rest : rest.Slice(0, comma)).Trim();
            if (!SipGrammar.IsToken(token.Span) || comma + 1 == rest.Length)
            {
                return false;
            }

            tokens.Add(token);
            rest = comma < 0 ? default : rest.Slice(comma + 1, rest.Length - comma - 1);
        }

        list = new TokenList([.. tokens]);
        return true;
    }

    /// <summary>True when the token is in the list; case does not matter (RFC 3261 §7.3.1).</summary>
    public bool Contains(ReadOnlySpan<byte> token)
    {
        foreach (var mine in _tokens)
        {
            if (mine.EqualsIgnoreCase(token))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when the method is in the list; here case matters (RFC 3261 §7.1).</summary>
    public bool Contains(SipMethod method)
    {
        foreach (var mine in _tokens)
        {
            if (SipMethod.From(mine.Span) == method)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>As it is written, on one line.</summary>
    public override string ToString() => string.Join(", ", _tokens);
}
