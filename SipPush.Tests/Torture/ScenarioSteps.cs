using System.Text.Json.Nodes;

namespace SipPush.Tests.Torture;

/// <summary>The steps of a run, in order until one fails or can't be done.</summary>
internal static class ScenarioSteps
{
    /// <param name="steps">The steps.</param>
    /// <param name="run">Does one; the second is the one behind it, which may tell what is meant.</param>
    /// <exception cref="ScenarioFailure">A step failed.</exception>
    /// <exception cref="ScenarioSkip">A step can't be done.</exception>
    public static async Task RunAsync(IReadOnlyList<JsonObject> steps, Func<Step, Step?, Task> run)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            var step = new Step(steps[i]);
            try
            {
                await run(step, i + 1 < steps.Count ? new Step(steps[i + 1]) : null);
                step.EndReading();
            }
            catch (ScenarioFailure failure)
            {
                throw new ScenarioFailure($"step {i + 1} ({step}): {failure.Message}");
            }
            catch (ScenarioSkip skip)
            {
                throw new ScenarioSkip($"step {i + 1} ({step}): {skip.Message}");
            }
        }
    }
}
