namespace SipPush.Tests.Torture;

/// <summary>
/// The results, one line an entry: <c>file, verdict, what happened</c>, parted by tabs. They go to the test's output and to a file:
/// the one that <c>SIPPUSH_TORTURE_RESULTS</c> names, or else one beside the tests.
/// </summary>
internal static class TortureReport
{
    /// <summary>Writes the lines and a line of counts; returns the counts.</summary>
    public static string Write(string name, IReadOnlyCollection<TortureResult> results)
    {
        var path = Environment.GetEnvironmentVariable("SIPPUSH_TORTURE_RESULTS") is { Length: > 0 } given
            ? given
            : Path.Combine(TestContext.CurrentContext.WorkDirectory, $"{name}.tsv");
        var lines = results.OrderBy(result => result.File, StringComparer.Ordinal).Select(result => result.ToString()).ToList();
        File.WriteAllLines(path, lines.Prepend("file\tverdict\twhat happened"));

        foreach (var line in lines)
        {
            TestContext.Out.WriteLine(line);
        }

        var counts = string.Join(", ", Enum.GetValues<TortureVerdict>().Select(verdict =>
            $"{results.Count(result => result.Verdict == verdict)} {verdict.ToString().ToLowerInvariant()}"));
        TestContext.Out.WriteLine($"{counts}; written to {path}");
        return counts;
    }
}
