using System.Text;

namespace SipPush.Tests.Golden;

/// <summary>A transcript in the repository: a heading for each message, which ends in the way it goes, then remarks, then the message itself, indented by four.</summary>
internal static class GoldenTranscript
{
    private const string Indent = "    ";

    /// <summary>The messages of a transcript, in its order.</summary>
    public static IReadOnlyList<GoldenMessage> Read(string text)
    {
        var messages = new List<GoldenMessage>();
        foreach (var part in text.ReplaceLineEndings("\n").Split("\n### ").Skip(1))
        {
            var lines = part.Split('\n');
            var way = lines[0][(lines[0].LastIndexOf(" · ", StringComparison.Ordinal) + 3)..].Split([" → ", ", "], StringSplitOptions.None);
            Assert.That(way, Has.Length.EqualTo(3), lines[0]);
            var shown = lines.SkipWhile(line => !line.StartsWith(Indent, StringComparison.Ordinal)).TakeWhile(line => line.Length == 0 || line.StartsWith(Indent, StringComparison.Ordinal));
            messages.Add(new GoldenMessage(way[0], way[1], way[2], string.Join('\n', shown.Select(line => line.Length == 0 ? "" : line[Indent.Length..])).TrimEnd('\n')));
        }

        return messages;
    }

    /// <summary>The transcript with other messages in place of its own, headings and remarks kept: what it would have to be.</summary>
    public static string With(string text, IReadOnlyList<GoldenMessage> messages)
    {
        var parts = text.ReplaceLineEndings("\n").Split("\n### ");
        var written = new StringBuilder(parts[0]);
        for (var i = 0; i < messages.Count; i++)
        {
            var lines = i + 1 < parts.Length ? parts[i + 1].Split('\n') : [$"? · {messages[i].Text.Split('\n')[0]} · ", ""];
            var heading = lines[0][..(lines[0].LastIndexOf(" · ", StringComparison.Ordinal) + 3)];
            written.Append("\n### ").Append(heading).Append(messages[i].From).Append(" → ").Append(messages[i].To).Append(", ").Append(messages[i].Protocol).Append('\n');
            foreach (var remark in lines.Skip(1).TakeWhile(line => !line.StartsWith(Indent, StringComparison.Ordinal)))
            {
                written.Append(remark).Append('\n');
            }

            foreach (var line in messages[i].Text.Split('\n'))
            {
                written.Append(line.Length == 0 ? "" : Indent).Append(line).Append('\n');
            }

            // The title of the next chapter.
            foreach (var title in lines.Where(line => line.StartsWith("## ", StringComparison.Ordinal)))
            {
                written.Append('\n').Append(title).Append('\n');
            }
        }

        return written.ToString();
    }
}
