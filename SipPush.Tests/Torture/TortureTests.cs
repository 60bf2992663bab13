namespace SipPush.Tests.Torture;

/// <summary>
/// The messages of RFC 4475, RFC 5118 and the examples of other RFCs, end to end; and, where <c>SIPPUSH_TORTURE_DIR</c> names a
/// folder, all of that.
/// </summary>
public sealed class TortureTests
{
    private static readonly TortureSet Own = TortureSet.Load(TortureSet.OwnFolder);

    private static IEnumerable<TestCaseData> Messages() =>
        Own.Entries.Select(entry => new TestCaseData(entry).SetArgDisplayNames(entry.File));

    [TestCaseSource(nameof(Messages))]
    [Description("SIP-01, SIP-96")]
    public async Task A_message_is_handled_as_the_index_says(object entry)
    {
        var result = await MessageRunner.RunAsync((TortureEntry)entry, Own.Oracle);

        TestContext.Out.WriteLine(result);
        if (result.Verdict == TortureVerdict.Skipped)
        {
            Assert.Ignore(result.What);
        }

        Assert.That(result.Verdict, Is.EqualTo(TortureVerdict.Passed), result.What);
    }

    [Test]
    [Explicit("Runs a set that somebody brings along: SIPPUSH_TORTURE_DIR names its folder.")]
    public async Task A_given_set_is_handled_as_its_index_says()
    {
        var set = TortureSet.Load(TortureSet.GivenFolder ?? TortureSet.OwnFolder);
        var results = new List<TortureResult>();
        foreach (var entry in set.Entries)
        {
            results.Add(await MessageRunner.RunAsync(entry, set.Oracle));
        }

        TestContext.Out.WriteLine(TortureReport.Write("torture", results));
        Assert.That(results.Where(result => result.Verdict == TortureVerdict.Failed), Is.Empty);
    }
}
