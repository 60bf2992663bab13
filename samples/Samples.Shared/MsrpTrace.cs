using System.Globalization;
using System.Text;

namespace SipPush.Samples;

/// <summary>
/// Reads one direction of an MSRP connection (RFC 4975 §7.1), handed over in pieces that are cut anywhere, and sums up each frame in a line. Bodies are counted, not kept. Not safe for
/// concurrent use.
/// </summary>
/// <param name="frame">Given the transaction id of each frame and its line, such as <c>SEND 1-2048/4385 +</c>.</param>
internal sealed class MsrpTrace(Action<string, string> frame)
{
    private const int MostHead = 16 * 1024;

    private readonly List<byte> _head = [];
    private byte[] _mark = [];
    private byte[] _carry = [];
    private string _id = "";
    private string _what = "";
    private long _start;
    private string? _total;
    private long _body;
    private bool _isInBody;
    private bool _isLost;

    /// <summary>Takes what comes next. What is no MSRP ends the reading of this direction.</summary>
    public void Read(ReadOnlySpan<byte> octets)
    {
        while (!octets.IsEmpty && !_isLost)
        {
            octets = _isInBody ? ReadBody(octets) : ReadHead(octets);
        }
    }

    // Line by line, up to the blank line before a body or the end-line of a frame without one.
    private ReadOnlySpan<byte> ReadHead(ReadOnlySpan<byte> octets)
    {
        var end = octets.IndexOf((byte)'\n') + 1;
        var piece = end == 0 ? octets : octets[..end];
        _isLost = _head.Count + piece.Length > MostHead;
        if (_isLost)
        {
            return [];
        }

        var line = _head.LastIndexOf((byte)'\n') + 1;
        _head.AddRange(piece);
        if (end > 0)
        {
            TakeLine(Encoding.Latin1.GetString([.. _head[line..]]).TrimEnd('\r', '\n'));
        }

        return octets[piece.Length..];
    }

    private void TakeLine(string line)
    {
        var words = line.Split(' ', 3);
        if (_id.Length == 0)
        {
            // MSRP 49fi SEND, or MSRP 49fi 200 OK
            _isLost = words.Length < 3 || words[0] != "MSRP";
            (_id, _what) = _isLost ? ("", "") : (words[1], words[2]);
            _mark = Encoding.Latin1.GetBytes($"\r\n-------{_id}");
        }
        else if (line.Length == 0)
        {
            // The end-line of an empty body follows the blank line, whose CRLF is then its own.
            _isInBody = true;
            _carry = "\r\n"u8.ToArray();
            _body = -2;
        }
        else if (line.Length == _mark.Length - 1 && line.StartsWith("-------", StringComparison.Ordinal) && line[7..^1] == _id)
        {
            End(line[^1]);
        }
        else if (words[0].Equals("Byte-Range:", StringComparison.OrdinalIgnoreCase) && words.Length > 1)
        {
            // 1-*/4385: where the chunk ends is known when it has.
            var parts = words[1].Split('-', '/');
            if (parts.Length == 3 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var start))
            {
                (_start, _total) = (start, parts[2]);
                _what += parts[1] == "*" || _what == "SEND" ? "" : $" {words[1]}";
            }
        }
        else if (words[0].Equals("Status:", StringComparison.OrdinalIgnoreCase) && words.Length > 2)
        {
            _what += $" {words[2]}";
        }
    }

    private ReadOnlySpan<byte> ReadBody(ReadOnlySpan<byte> octets)
    {
        // An end-line that began in an earlier piece lies in what was kept of it and in the first octets of this one.
        var length = _mark.Length + 3;
        byte[] seam = [.. _carry, .. octets[..Math.Min(octets.Length, length)]];
        if (Find(seam) is var at and >= 0)
        {
            return Finish(at, seam.AsSpan(at), octets[(at + length - _carry.Length)..]);
        }

        at = Find(octets);
        if (at >= 0)
        {
            return Finish(_carry.Length + at, octets[at..], octets[(at + length)..]);
        }

        var kept = octets.Length >= length ? octets[^(length - 1)..].ToArray() : seam[Math.Max(0, seam.Length - length + 1)..];
        _body += _carry.Length + octets.Length - kept.Length;
        _carry = kept;
        return [];
    }

    private int Find(ReadOnlySpan<byte> octets)
    {
        var at = octets.IndexOf(_mark);
        return at >= 0 && octets.Length >= at + _mark.Length + 3 ? at : -1;
    }

    private ReadOnlySpan<byte> Finish(int octets, ReadOnlySpan<byte> mark, ReadOnlySpan<byte> rest)
    {
        // An empty body has no CRLF of its own before its end-line.
        _body = Math.Max(0, _body + octets);
        End((char)mark[_mark.Length]);
        return rest;
    }

    private void End(char flag)
    {
        var range = _start > 0 ? string.Create(CultureInfo.InvariantCulture, $" {_start}-{_start + _body - 1}/{_total}") : "";
        frame(_id, _what == "SEND" ? $"SEND{range} {flag}" : _what);
        _head.Clear();
        _carry = [];
        _id = _what = "";
        (_start, _total, _body) = (0, null, 0);
        _isInBody = false;
    }
}
