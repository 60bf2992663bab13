namespace SipPush.Tests.Torture;

/// <param name="File">The entry.</param>
/// <param name="Verdict">What came of it.</param>
/// <param name="What">What happened, in words, on one line.</param>
/// <param name="IsBroken">True when something escaped, hung, grew or was left behind, whatever the index says.</param>
internal sealed record TortureResult(string File, TortureVerdict Verdict, string What, bool IsBroken = false)
{
    public static TortureResult Skipped(string file, string why) => new(file, TortureVerdict.Skipped, why);

    /// <summary>The line of the results file.</summary>
    public override string ToString() => $"{File}\t{Verdict.ToString().ToLowerInvariant()}\t{What.ReplaceLineEndings(" ").Replace('\t', ' ')}";
}
