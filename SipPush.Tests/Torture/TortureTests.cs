using System.Collections.Concurrent;

namespace SipPush.Tests.Torture;

/// <summary>
/// The messages of RFC 4475, RFC 5118 and the examples of other RFCs, end to end, and scenarios; or those of the folder that
/// <c>SIPPUSH_TORTURE_DIR</c> names in their place.
/// </summary>
public sealed class TortureTests
{
    private static readonly TortureSet Set = TortureSet.Load(TortureSet.GivenFolder ?? TortureSet.OwnFolder);

    private static readonly ConcurrentBag<TortureResult> Results = [];

    [OneTimeTearDown]
    public static void Report() => TortureReport.Write("torture", Results);

    private static IEnumerable<TestCaseData> Messages() =>
        Set.Entries.Select(entry => new TestCaseData(entry).SetArgDisplayNames(entry.File));

    [TestCaseSource(nameof(Messages))]
    [Description("SIP-01, SIP-96")]
    public async Task A_message_is_handled_as_the_index_says(object message)
    {
        var entry = (TortureEntry)message;
        var result = Note(await MessageRunner.RunAsync(entry, Set.Oracle));

        // What another project's data file should lead to is only its own hint; that nothing escapes, hangs or grows is not.
        Assert.That(result.IsBroken || (result.Verdict == TortureVerdict.Failed && !entry.IsHint), Is.False, result.What);
    }

    private static IEnumerable<TestCaseData> Scenarios() => Set.Scenarios.Select(file => new TestCaseData(file).SetArgDisplayNames(file));

    [TestCaseSource(nameof(Scenarios))]
    public async Task A_scenario_ends_as_it_says(string file)
    {
        var result = Note(await ScenarioRunner.RunAsync(Set.Folder, file));

        Assert.That(result.Verdict, Is.EqualTo(TortureVerdict.Passed), result.What);
    }

    private static TortureResult Note(TortureResult result)
    {
        Results.Add(result);
        TestContext.Out.WriteLine(result);
        if (result.Verdict == TortureVerdict.Skipped)
        {
            Assert.Ignore(result.What);
        }

        return result;
    }
}
