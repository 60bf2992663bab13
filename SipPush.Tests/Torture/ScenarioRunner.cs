using System.Text.Json;

namespace SipPush.Tests.Torture;

/// <summary>Runs a scenario file with all its variations.</summary>
internal static class ScenarioRunner
{
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);

    public static async Task<TortureResult> RunAsync(string folder, string file)
    {
        Scenario scenario;
        try
        {
            scenario = Scenario.Parse(await File.ReadAllTextAsync(Path.Combine(folder, file)));
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or NullReferenceException or IOException)
        {
            return TortureResult.Skipped(file, $"no scenario: {unreadable.Message}");
        }

        if (scenario.Fixture != SdpScenarioRun.Fixture && !scenario.Fixture.StartsWith("sip-", StringComparison.Ordinal) && !MsrpScenarioFixture.Has(scenario.Fixture))
        {
            return TortureResult.Skipped(file, $"no runner for the fixture {scenario.Fixture}");
        }

        var runs = 0;
        long all;
        foreach (var steps in scenario.Runs(out all))
        {
            try
            {
                await (MsrpScenarioFixture.Has(scenario.Fixture) ? MsrpScenarioRun.RunOnceAsync(scenario.Fixture, steps) : RunOnceAsync(scenario.Fixture, steps)).WaitAsync(Hang, TimeProvider.System);
                runs++;
            }
            catch (ScenarioSkip skip)
            {
                return TortureResult.Skipped(file, skip.Message);
            }
            catch (Exception unreadable) when (unreadable is InvalidOperationException or FormatException or ArgumentException)
            {
                return TortureResult.Skipped(file, $"a step can't be read: {unreadable.Message}");
            }
            catch (Exception failure) when (failure is ScenarioFailure or TimeoutException)
            {
                return new TortureResult(file, TortureVerdict.Failed, all > 1 ? $"{failure.Message}; variation {runs + 1} of {all}" : failure.Message);
            }
        }

        return new TortureResult(file, TortureVerdict.Passed, all == runs ? (runs > 1 ? $"{runs} variations" : "") : $"{runs} of {all} variations");
    }

    private static async Task RunOnceAsync(string name, IReadOnlyList<System.Text.Json.Nodes.JsonObject> steps)
    {
        if (name == SdpScenarioRun.Fixture)
        {
            new SdpScenarioRun().Run(steps);
            return;
        }

        await using var fixture = await ScenarioFixture.StartAsync(name);
        var run = new ScenarioRun(fixture);
        await run.BeginAsync();
        await run.RunAsync(steps);
        if (fixture.Sut.Log.Faults.Count > 0)
        {
            throw new ScenarioFailure(string.Join(", ", fixture.Sut.Log.Faults));
        }
    }
}
