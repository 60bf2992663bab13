using System.Runtime.CompilerServices;

namespace SipPush.Tests.Readme;

public sealed class ReadmeTests
{
    [Test]
    public void The_call_site_in_the_README_is_the_one_that_compiles()
    {
        var here = Here();
        var examples = Lines(File.ReadAllText(Path.Combine(here, "ReadmeExamples.cs")));
        var readme = File.ReadAllText(Path.Combine(here, "..", "..", "README.md"));
        var blocks = readme.Split("```csharp\n")[1..].Select(rest => rest.Split("```")[0]).ToList();

        var strangers = blocks.SelectMany(Lines).Where(line => !examples.Contains(line)).ToList();

        Assert.That(blocks, Has.Count.EqualTo(10));
        Assert.That(strangers, Is.Empty);
    }

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    private static List<string> Lines(string text) =>
        [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
}
