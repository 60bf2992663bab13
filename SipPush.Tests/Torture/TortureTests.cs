using System.Collections.Concurrent;

namespace SipPush.Tests.Torture;

/// <summary>
/// The messages of RFC 4475, RFC 5118 and the examples of other RFCs, end to end; and, where <c>SIPPUSH_TORTURE_DIR</c> names a
/// folder, all of that.
/// </summary>
public sealed class TortureTests
{
    private static readonly TortureSet Own = TortureSet.Load(TortureSet.OwnFolder);

    private static readonly ConcurrentBag<TortureResult> Results = [];

    [OneTimeTearDown]
    public static void Report() => TortureReport.Write("torture", Results);

    private static IEnumerable<TestCaseData> Messages() =>
        Own.Entries.Select(entry => new TestCaseData(entry).SetArgDisplayNames(entry.File));

    [TestCaseSource(nameof(Messages))]
    [Description("SIP-01, SIP-96")]
    public async Task A_message_is_handled_as_the_index_says(object entry)
    {
        var result = await MessageRunner.RunAsync((TortureEntry)entry, Own.Oracle);
        Results.Add(result);

        TestContext.Out.WriteLine(result);
        if (result.Verdict == TortureVerdict.Skipped)
        {
            Assert.Ignore(result.What);
        }

        Assert.That(result.Verdict, Is.EqualTo(TortureVerdict.Passed), result.What);
    }

    private static IEnumerable<TestCaseData> Scenarios() => Own.Scenarios.Select(file => new TestCaseData(file).SetArgDisplayNames(file));

    [TestCaseSource(nameof(Scenarios))]
    public async Task A_scenario_ends_as_it_says(string file)
    {
        var result = await ScenarioRunner.RunAsync(Own.Folder, file);
        Results.Add(result);

        TestContext.Out.WriteLine(result);
        if (result.Verdict == TortureVerdict.Skipped)
        {
            Assert.Ignore(result.What);
        }

        Assert.That(result.Verdict, Is.EqualTo(TortureVerdict.Passed), result.What);
    }

    [Test]
    public async Task A_given_set_is_handled_as_its_index_says()
    {
        if (TortureSet.GivenFolder is not { } folder)
        {
            Assert.Ignore("SIPPUSH_TORTURE_DIR names no folder");
            return;
        }

        var set = TortureSet.Load(folder);
        var results = new List<TortureResult>();
        foreach (var entry in set.Entries)
        {
            results.Add(await MessageRunner.RunAsync(entry, set.Oracle));
        }

        foreach (var file in set.Scenarios)
        {
            results.Add(await ScenarioRunner.RunAsync(set.Folder, file));
        }

        TortureReport.Write("torture-given", results);

        // What other projects' files should lead to is a hint of theirs; that nothing escapes, hangs or grows is not.
        var authority = set.Entries.Where(entry => entry.IsOfRfc).Select(entry => entry.File).Concat(set.Scenarios).ToHashSet();
        Assert.That(results.Where(result => result.IsBroken || (result.Verdict == TortureVerdict.Failed && authority.Contains(result.File))), Is.Empty);
    }
}
