using System.Text.Json.Nodes;

namespace SipPush.Tests.Torture;

/// <summary>A scenario of the set: a fixture and what is done to it, step by step.</summary>
/// <param name="Id">The name it gives itself.</param>
/// <param name="Fixture">How the system under test is set up.</param>
/// <param name="Steps">The steps in order.</param>
internal sealed record Scenario(string Id, string Fixture, IReadOnlyList<JsonObject> Steps)
{
    // Every pair of positions of a message is a hundred thousand runs: beyond this they are taken at even distances.
    private const int MostRuns = 4_000;

    public static Scenario Parse(string json)
    {
        var root = JsonNode.Parse(json)!.AsObject();
        return new Scenario(
            (string?)root["id"] ?? "",
            (string?)root["fixture"] ?? "",
            [.. root["steps"]!.AsArray().Select(step => step!.AsObject())]);
    }

    /// <summary>The runs that its variations make: each a list of steps with one value at each place. At least one.</summary>
    /// <param name="all">How many there would be without a bound.</param>
    public IEnumerable<IReadOnlyList<JsonObject>> Runs(out long all)
    {
        var choices = Steps.Select(StepVariations.Of).ToList();
        all = choices.Aggregate(1L, (product, choice) => product * choice.Count);
        var total = all;
        var stride = Math.Max(1, (total + MostRuns - 1) / MostRuns);
        return Enumerate();

        IEnumerable<IReadOnlyList<JsonObject>> Enumerate()
        {
            for (var run = 0L; run < total; run += stride)
            {
                var rest = run;
                var steps = new JsonObject[choices.Count];
                for (var i = 0; i < steps.Length; i++)
                {
                    steps[i] = choices[i][(int)(rest % choices[i].Count)];
                    rest /= choices[i].Count;
                }

                yield return steps;
            }
        }
    }
}
