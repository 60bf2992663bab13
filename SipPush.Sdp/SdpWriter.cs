using System.Buffers;

namespace SipPush.Sdp;

/// <summary>Writes a session description: each line where RFC 8866 §5 has it, CRLF at the ends, unknown lines where they stood.</summary>
internal ref struct SdpWriter
{
    private readonly IBufferWriter<byte> _writer;
    private readonly IReadOnlyList<SdpUnknownLine> _unknown;
    private int _known;
    private int _nextUnknown;

    private SdpWriter(IBufferWriter<byte> writer, IReadOnlyList<SdpUnknownLine> unknown)
    {
        _writer = writer;
        _unknown = unknown;
    }

    public static void Write(SessionDescription description, IBufferWriter<byte> writer)
    {
        var section = new SdpWriter(writer, description.UnknownLines);
        section.Line('v', "0");
        section.Line('o', description.Origin.ToString());
        section.Line('s', description.Name);
        section.LineIf('i', description.Information);
        section.LineIf('u', description.Uri);
        section.Lines('e', description.Emails);
        section.Lines('p', description.Phones);
        section.LineIf('c', description.Connection?.ToString());
        section.Lines('b', description.Bandwidths);
        foreach (var time in description.Times)
        {
            section.Line('t', time.ToString());
            section.Lines('r', time.Repeats);
            section.LineIf('z', time.Zones);
        }

        section.LineIf('k', description.Key);
        section.Attributes(description.Attributes);
        section.End();

        for (var i = 0; i < description.Media.Count; i++)
        {
            Write(description.Media[i], writer);
        }
    }

    public static string ToText(MediaDescription media)
    {
        var writer = new ArrayBufferWriter<byte>(512);
        Write(media, writer);
        return SdpText.Decode(writer.WrittenSpan);
    }

    private static void Write(MediaDescription media, IBufferWriter<byte> writer)
    {
        var section = new SdpWriter(writer, media.UnknownLines);
        section.Line('m', media.MediaLine());
        section.LineIf('i', media.Information);
        for (var i = 0; i < media.Connections.Count; i++)
        {
            section.Line('c', media.Connections[i].ToString());
        }

        section.Lines('b', media.Bandwidths);
        section.LineIf('k', media.Key);
        section.Attributes(media.Attributes);
        section.End();
    }

    private void Attributes(IReadOnlyList<SdpAttribute> attributes)
    {
        for (var i = 0; i < attributes.Count; i++)
        {
            Unknown(_known++);
            Raw("a="u8);
            SdpText.Encode(attributes[i].Name, _writer);
            if (attributes[i].Value is { } value)
            {
                Raw(":"u8);
                SdpText.Encode(value, _writer);
            }

            Raw("\r\n"u8);
        }
    }

    private void Lines(char type, IReadOnlyList<string> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            Line(type, values[i]);
        }
    }

    private void LineIf(char type, string? value)
    {
        if (value is not null)
        {
            Line(type, value);
        }
    }

    private void Line(char type, string value)
    {
        Unknown(_known++);
        RawLine(type, value);
    }

    private void End() => Unknown(int.MaxValue);

    // Those that stood before the line that is about to be written.
    private void Unknown(int position)
    {
        for (; _nextUnknown < _unknown.Count && _unknown[_nextUnknown].Position <= position; _nextUnknown++)
        {
            RawLine(_unknown[_nextUnknown].Type, _unknown[_nextUnknown].Value);
        }
    }

    private readonly void RawLine(char type, string value)
    {
        Raw([(byte)type, (byte)'=']);
        SdpText.Encode(value, _writer);
        Raw("\r\n"u8);
    }

    private readonly void Raw(ReadOnlySpan<byte> octets)
    {
        octets.CopyTo(_writer.GetSpan(octets.Length));
        _writer.Advance(octets.Length);
    }
}
