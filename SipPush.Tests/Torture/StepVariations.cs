using System.Text.Json;
using System.Text.Json.Nodes;

namespace SipPush.Tests.Torture;

/// <summary>The values that a step is run with, one run each: places to cut, truncate or reset at, percentages, and what <c>vary</c> lists.</summary>
internal static class StepVariations
{
    private static readonly string[] Numbers = ["truncate", "reset_after", "loss", "dup", "reorder"];

    public static IReadOnlyList<JsonObject> Of(JsonObject step)
    {
        List<JsonObject> variations = [step];

        // A text is as long as its octets: one character each.
        var length = step["text"] is JsonValue text && text.TryGetValue<string>(out var octets) ? octets.Length : 0;
        variations = Each(variations, "split", value => Splits(value, length));
        foreach (var field in Numbers)
        {
            variations = Each(variations, field, value => Values(value, length));
        }

        return [.. variations.SelectMany(Vary)];
    }

    private static List<JsonObject> Each(List<JsonObject> steps, string field, Func<JsonNode, IReadOnlyList<JsonNode>?> values)
    {
        if (steps[0][field] is not { } given || values(given) is not { } each)
        {
            return steps;
        }

        return [.. steps.SelectMany(step => each.Select(value => With(step, field, value)))];
    }

    private static List<JsonNode>? Splits(JsonNode value, int length) => Text(value) switch
    {
        "every-position" => [.. Enumerable.Range(1, Math.Max(1, length - 1)).Select(at => (JsonNode)new JsonArray(at))],
        "every-pair" or "every-pair-of-positions" =>
        [
            .. from first in Enumerable.Range(1, Math.Max(1, length - 2))
               from second in Enumerable.Range(first + 1, Math.Max(1, length - 1 - first))
               select (JsonNode)new JsonArray(first, second),
        ],
        _ => null,
    };

    private static List<JsonNode>? Values(JsonNode value, int length) =>
        Text(value) == "every-position" ? [.. Enumerable.Range(1, Math.Max(1, length - 1)).Select(at => (JsonNode)at)]
        : value is JsonArray list ? [.. list.Select(item => item!)]
        : null;

    // An object names fields and their values; a list has objects that each change the step, or values of the field that matters most.
    // A word is no variation but says what is new in each repetition.
    private static IEnumerable<JsonObject> Vary(JsonObject step)
    {
        switch (step["vary"])
        {
            case JsonObject fields:
                List<JsonObject> each = [Without(step, "vary")];
                foreach (var (field, values) in fields)
                {
                    var list = values as JsonArray ?? [values?.DeepClone()];
                    each = [.. each.SelectMany(one => list.Select(value => With(one, field, value!)))];
                }

                return each;

            case JsonArray list when list.All(item => item is JsonObject):
                return list.Select(item => item!.AsObject().Aggregate(Without(step, "vary"), (one, field) => With(one, field.Key, field.Value!)));

            case JsonArray list when step["code"] is not null && list.All(item => item!.GetValueKind() == JsonValueKind.Number):
                return list.Select(item => With(Without(step, "vary"), "code", item!));

            default:
                return [step];
        }
    }

    private static string? Text(JsonNode value) => value is JsonValue single && single.TryGetValue<string>(out var text) ? text : null;

    private static JsonObject With(JsonObject step, string field, JsonNode value)
    {
        var copy = step.DeepClone().AsObject();
        copy[field] = value.DeepClone();
        return copy;
    }

    private static JsonObject Without(JsonObject step, string field)
    {
        var copy = step.DeepClone().AsObject();
        copy.Remove(field);
        return copy;
    }
}
