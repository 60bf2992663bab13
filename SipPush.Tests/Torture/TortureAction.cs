namespace SipPush.Tests.Torture;

/// <summary>
/// The action column: alternatives parted by <c>/</c>, each of one or more steps parted by <c>,</c>, and whole clauses for one
/// transport or role (<c>udp:…;tcp:…</c>).
/// </summary>
internal sealed class TortureAction
{
    private static readonly string[] Qualifiers = ["udp", "tcp", "tls", "uas", "uac", "registrar", "proxy", "endpoint"];

    private readonly (string? Qualifier, TortureStep[][] Alternatives)[] _clauses;

    private TortureAction(string text, (string? Qualifier, TortureStep[][] Alternatives)[] clauses)
    {
        Text = text;
        _clauses = clauses;
    }

    public string Text { get; }

    /// <summary>The transports that have a clause of their own; none where the action is the same for all.</summary>
    public IEnumerable<string> Transports => _clauses.Select(clause => clause.Qualifier).OfType<string>().Where(name => name is "udp" or "tcp" or "tls");

    public static TortureAction Parse(string text) => new(text, [.. text.Split(';').Select(ParseClause)]);

    /// <summary>What is lawful there, the preferred one first; empty where nothing is said.</summary>
    public IReadOnlyList<TortureStep[]> For(string transport, string role)
    {
        foreach (var (qualifier, alternatives) in _clauses)
        {
            if (qualifier is null || qualifier == transport || qualifier == role || (qualifier == "uas" && role is "any" or "uas"))
            {
                return alternatives;
            }
        }

        return [];
    }

    public bool Names(string step) => _clauses.Any(clause => clause.Alternatives.Any(steps => steps.Any(one => one.Name == step)));

    public override string ToString() => Text;

    private static (string? Qualifier, TortureStep[][] Alternatives) ParseClause(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var qualifier = colon > 0 && Qualifiers.Contains(text[..colon]) ? text[..colon] : null;
        var rest = qualifier is null ? text : text[(colon + 1)..];
        return (qualifier, [.. rest.Split('/').Select(alternative => alternative.Split(',').Select(TortureStep.Parse).ToArray())]);
    }
}
