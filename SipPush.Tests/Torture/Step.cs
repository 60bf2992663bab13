using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SipPush.Tests.Torture;

/// <summary>The fields of a step. Those that nobody asks for are noticed, since a step half understood must not count as done.</summary>
internal sealed class Step(JsonObject json)
{
    private readonly HashSet<string> _asked = ["op", "note"];

    public string Op { get; } = (string?)json["op"] ?? "";

    /// <summary>The peer's connection; A where none is named.</summary>
    public string Connection => Text("c") ?? "A";

    public bool NamesConnection => json.ContainsKey("c");

    public string? Text(string field) => Ask(field) switch
    {
        null => null,
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonValue value => value.ToString(),
        _ => throw new ScenarioSkip($"{field} is no text"),
    };

    public int? Number(string field) => Ask(field) switch
    {
        null => null,
        JsonValue value when double.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => (int)number,
        _ => throw new ScenarioSkip($"{field} is no number"),
    };

    public bool Flag(string field) => Ask(field) switch
    {
        null => false,
        JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => value.GetValue<bool>(),
        _ => true,
    };

    /// <summary>One value or a list of them, as text.</summary>
    public IReadOnlyList<string> List(string field) => Ask(field) switch
    {
        null => [],
        JsonArray list => [.. list.Select(item => item!.ToString())],
        JsonObject map => [.. map.Select(pair => $"{pair.Key}: {pair.Value}")],
        var single => [single.ToString()],
    };

    public JsonNode? Ask(string field)
    {
        _asked.Add(field);
        return json[field];
    }

    /// <exception cref="ScenarioSkip">There is a field that nobody has asked for.</exception>
    public void EndReading()
    {
        if (json.Select(pair => pair.Key).FirstOrDefault(field => !_asked.Contains(field)) is { } unread)
        {
            throw new ScenarioSkip($"{Op} has a field that is not known here: {unread}");
        }
    }

    public override string ToString() => Op;
}
