using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace SipPush.Samples;

/// <summary>Writes events for programs to read: one JSON object a line, its first member <c>event</c>. Safe for concurrent use.</summary>
/// <param name="output">Where the lines go; flushed after each.</param>
public sealed class JsonEvents(Stream output)
{
    // Only for a consumer that parses: nothing here ends up in a page.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _gate = new();

    /// <summary>Writes one event.</summary>
    /// <param name="name">What happened, such as <c>listening</c>.</param>
    /// <param name="members">Text, numbers, booleans, spans of time (in whole seconds, rounded up), lists of text, or null.</param>
    public void Write(string name, params ReadOnlySpan<(string Name, object? Value)> members)
    {
        var line = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(line, Options))
        {
            json.WriteStartObject();
            json.WriteString("event", name);
            foreach (var (member, value) in members)
            {
                json.WritePropertyName(member);
                WriteValue(json, value);
            }

            json.WriteEndObject();
        }

        line.Write("\n"u8);
        lock (_gate)
        {
            output.Write(line.WrittenSpan);
            output.Flush();
        }
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int number:
                json.WriteNumberValue(number);
                break;
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number:
                json.WriteNumberValue(number);
                break;
            case TimeSpan span:
                json.WriteNumberValue((long)Math.Ceiling(span.TotalSeconds));
                break;
            case IEnumerable<string> list:
                json.WriteStartArray();
                foreach (var item in list)
                {
                    json.WriteStringValue(item);
                }

                json.WriteEndArray();
                break;
            default:
                json.WriteStringValue(value.ToString());
                break;
        }
    }
}
