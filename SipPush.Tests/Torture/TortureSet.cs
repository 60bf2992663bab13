using System.Text;
using System.Text.Json;

namespace SipPush.Tests.Torture;

/// <summary>A folder of messages and scenarios with an <c>index.tsv</c> that says what is to become of each.</summary>
internal sealed class TortureSet
{
    private TortureSet(string folder, IReadOnlyList<TortureEntry> entries, IReadOnlyList<string> scenarios, IReadOnlyDictionary<string, JsonElement> oracle)
    {
        Folder = folder;
        Entries = entries;
        Scenarios = scenarios;
        Oracle = oracle;
    }

    /// <summary>The vectors of this project.</summary>
    public static string OwnFolder => Path.Combine(AppContext.BaseDirectory, "Data", "Torture");

    /// <summary>A set that somebody brings along; null for none.</summary>
    public static string? GivenFolder => Environment.GetEnvironmentVariable("SIPPUSH_TORTURE_DIR") is { Length: > 0 } folder ? folder : null;

    public string Folder { get; }

    public IReadOnlyList<TortureEntry> Entries { get; }

    /// <summary>The scenario files by their path below the set, whether the index lists them or not.</summary>
    public IReadOnlyList<string> Scenarios { get; }

    /// <summary>What a right parser sees in a file, by its name.</summary>
    public IReadOnlyDictionary<string, JsonElement> Oracle { get; }

    public static TortureSet Load(string folder)
    {
        var index = Path.Combine(folder, "index.tsv");
        var lines = File.Exists(index) ? File.ReadAllLines(index, Encoding.UTF8) : [];
        var columns = lines.Length == 0 ? [] : lines[0].Split('\t').Select((name, at) => (name, at)).ToDictionary(column => column.name, column => column.at);
        var entries = lines.Skip(1).Where(line => line.Length > 0).Select(line => Read(folder, columns, line.Split('\t'))).ToList();

        var scenarios = Directory.Exists(Path.Combine(folder, "scenarios"))
            ? Directory.EnumerateFiles(Path.Combine(folder, "scenarios"), "*.json", SearchOption.AllDirectories)
            : [];
        var listed = entries.Where(entry => entry.Verdict == "scenario").Select(entry => entry.File);

        return new TortureSet(
            folder,
            [.. entries.Where(entry => entry.Verdict != "scenario")],
            [.. scenarios.Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/')).Concat(listed).Distinct().Order(StringComparer.Ordinal)],
            ReadOracle(Path.Combine(folder, "oracle.jsonl")));
    }

    private static TortureEntry Read(string folder, Dictionary<string, int> columns, string[] cells)
    {
        string Cell(string name) => columns.TryGetValue(name, out var at) && at < cells.Length ? cells[at] : "";

        return new TortureEntry(
            Cell("file"), Path.Combine(folder, Cell("file")), Cell("proto"), Cell("origin"), Cell("verdict"), Cell("transport"), Cell("role"),
            TortureAction.Parse(Cell("action")), Cell("expected"));
    }

    private static Dictionary<string, JsonElement> ReadOracle(string path)
    {
        var oracle = new Dictionary<string, JsonElement>();
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            using var document = JsonDocument.Parse(line);
            oracle[document.RootElement.GetProperty("file").GetString()!] = document.RootElement.Clone();
        }

        return oracle;
    }
}
