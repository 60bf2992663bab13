using System.Text;

namespace SipPush.Tests.Torture;

/// <summary>
/// Takes apart what the system under test writes, by the grammar of RFC 4975 §9 and nothing more lenient: written a second time, so that it
/// does not share a mistake with the system under test.
/// </summary>
internal sealed class MsrpPeerReader
{
    private const int LargestKept = 64 * 1024;

    private byte[] _octets = new byte[4096];
    private int _length;
    private int _searched;
    private MsrpPeerFrame? _open;

    /// <summary>What was wrong; null when nothing was.</summary>
    public string? Fault { get; private set; }

    /// <summary>Whether hyphens, transaction id and flag stood in a body that they were to end.</summary>
    public bool HasIdInBody { get; private set; }

    /// <summary>Whether it is within a frame.</summary>
    public bool IsWithin => _length > 0 || _open is not null;

    /// <summary>Takes in octets.</summary>
    /// <param name="octets">What came.</param>
    /// <param name="stamp">How many acts of the scenario have been.</param>
    /// <param name="begun">Told of each frame once its head is here.</param>
    /// <param name="ended">Told of each frame with its body once its end is here.</param>
    public void Feed(ReadOnlySpan<byte> octets, int stamp, Action<MsrpPeerFrame> begun, Action<MsrpPeerFrame, byte[]> ended)
    {
        if (_length + octets.Length > _octets.Length)
        {
            Array.Resize(ref _octets, Math.Max(2 * _octets.Length, _length + octets.Length));
        }

        octets.CopyTo(_octets.AsSpan(_length));
        _length += octets.Length;
        while (Fault is null && (_open is null ? BeginFrame(stamp, begun, ended) : EndFrame(ended)))
        {
        }
    }

    private bool BeginFrame(int stamp, Action<MsrpPeerFrame> begun, Action<MsrpPeerFrame, byte[]> ended)
    {
        var have = _octets.AsSpan(0, _length);
        var line = have.IndexOf("\r\n"u8);
        if (line < 0)
        {
            return false;
        }

        var start = Encoding.Latin1.GetString(have[..line]).Split(' ', 4);
        if (start.Length < 3 || start[0] != "MSRP" || start[1].Length is < 4 or > 32)
        {
            return Broken($"what went out begins with '{string.Join(' ', start)}'");
        }

        var end = Encoding.Latin1.GetBytes($"-------{start[1]}");
        var headers = new List<KeyValuePair<string, string>>();
        for (var at = line + 2; ;)
        {
            var length = have[at..].IndexOf("\r\n"u8);
            if (length < 0)
            {
                return false;
            }

            var text = have.Slice(at, length);
            at += length + 2;
            if (text.StartsWith(end))
            {
                return BeginWith(new MsrpPeerFrame(start[1], start[2], headers, stamp), begun) && EndAt(ended, null, text[end.Length..], at);
            }

            if (text.IsEmpty)
            {
                Drop(at - 2);
                _searched = 0;
                return BeginWith(new MsrpPeerFrame(start[1], start[2], headers, stamp), begun);
            }

            var colon = text.IndexOf(": "u8);
            if (colon <= 0)
            {
                return Broken($"what went out has the line '{Encoding.Latin1.GetString(text)}'");
            }

            headers.Add(new(Encoding.Latin1.GetString(text[..colon]), Encoding.Latin1.GetString(text[(colon + 2)..])));
        }
    }

    private bool BeginWith(MsrpPeerFrame frame, Action<MsrpPeerFrame> begun)
    {
        if (frame.Headers is not [{ Key: "To-Path" }, { Key: "From-Path" }, ..])
        {
            return Broken($"{frame.Kind} does not begin with its paths");
        }

        _open = frame;
        begun(frame);
        return true;
    }

    // The CRLF of the empty line is still there: an empty body ends with it and another.
    private bool EndFrame(Action<MsrpPeerFrame, byte[]> ended)
    {
        var have = _octets.AsSpan(0, _length);
        var mark = Encoding.Latin1.GetBytes($"\r\n-------{_open!.Tid}");
        var from = Math.Max(2, _searched);
        var found = from > _length ? -1 : have[from..].IndexOf(mark);
        if (found < 0)
        {
            _searched = Math.Max(0, _length - mark.Length);
            return false;
        }

        found += from;
        var rest = have[(found + mark.Length)..];
        if (rest.Length < 3)
        {
            _searched = found;
            return false;
        }

        if (rest[0] is not ((byte)'+' or (byte)'$' or (byte)'#') || !rest[1..3].SequenceEqual("\r\n"u8))
        {
            _searched = found + 2;
            return true;
        }

        return EndAt(ended, have[2..found].ToArray(), rest[..1], found + mark.Length + 3);
    }

    private bool EndAt(Action<MsrpPeerFrame, byte[]> ended, byte[]? body, ReadOnlySpan<byte> flag, int end)
    {
        var frame = _open!;
        if (flag.Length != 1)
        {
            return Broken($"the end-line of {frame.Tid} has no flag");
        }

        frame.Flag = (char)flag[0];
        frame.Length = body?.Length;
        frame.Body = body is { Length: <= LargestKept } ? Encoding.Latin1.GetString(body) : null;
        if (frame.IsResponse)
        {
            frame.Text = string.Join('\n', frame.Headers.Select(header => $"{header.Key}: {header.Value}").Prepend($"{frame.Tid} {frame.Kind}"));
        }

        HasIdInBody |= body is not null && "+$#".Any(one => body.AsSpan().IndexOf(Encoding.Latin1.GetBytes($"-------{frame.Tid}{one}")) >= 0);
        _open = null;
        Drop(end);
        ended(frame, body ?? []);
        return _length > 0;
    }

    private void Drop(int count)
    {
        _octets.AsSpan(count, _length - count).CopyTo(_octets);
        _length -= count;
    }

    private bool Broken(string fault)
    {
        Fault = fault;
        return false;
    }
}
