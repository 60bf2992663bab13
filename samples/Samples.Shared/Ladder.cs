using System.Globalization;
using System.Net;
using System.Text;
using SipPush.Sip;

namespace SipPush.Samples;

/// <summary>
/// Draws SIP messages and MSRP frames as the arrows of a sequence diagram while they go by: a column for each party, a line for each message.
/// Several stacks and endpoints of one process may share it, each by its own <see cref="LadderTap"/> or <see cref="MsrpLadderTap"/>; what goes
/// from one to another is drawn once. Safe for concurrent use.
/// </summary>
/// <param name="output">Where the lines go.</param>
/// <param name="timeProvider">The clock; the system's when null.</param>
public sealed class Ladder(TextWriter output, TimeProvider? timeProvider = null)
{
    private const int MostColumns = 8;
    private const int FirstColumn = 14;
    private const int ColumnDistance = 44;
    private const string Others = "others";

    private readonly TimeProvider _timeProvider = timeProvider ?? TimeProvider.System;
    private readonly Lock _gate = new();
    private readonly List<string> _columns = [];
    private readonly Dictionary<(SipProtocol Protocol, int Port), string> _names = [];
    private readonly Dictionary<SipEndPoint, string> _own = [];
    private long? _start;
    private bool _headed;

    /// <summary>Names the party at a port; without a name it is called by its address.</summary>
    public void Name(SipProtocol protocol, int port, string name)
    {
        lock (_gate)
        {
            _names[(protocol, port)] = Printable(name);
        }
    }

    /// <summary>Makes a party's column now, so that columns stand in the order of these calls.</summary>
    public void AddColumn(string name)
    {
        lock (_gate)
        {
            ColumnOf(Printable(name));
        }
    }

    internal void Sending(string self, SipEndPoint local, SipEndPoint remote, string label, string? peer = null)
    {
        lock (_gate)
        {
            Own(self, local);
            Draw(self, Find(remote, peer), label);
        }
    }

    internal void Received(string self, SipEndPoint local, SipEndPoint remote, string label, string? peer = null)
    {
        lock (_gate)
        {
            Own(self, local);
            if (FindOwn(remote) is null)
            {
                Draw(Find(remote, peer), self, label);
            }
        }
    }

    private void Own(string self, SipEndPoint local)
    {
        // Connections come and go; only so many of their near ends are remembered.
        if (_own.Count < 1024 || _own.ContainsKey(local))
        {
            _own[local] = self;
        }
    }

    private string? FindOwn(SipEndPoint address) =>
        _own.TryGetValue(address, out var name)
        || _own.TryGetValue(address with { Address = new IPEndPoint(IPAddress.Any, address.Address.Port) }, out name)
        || _own.TryGetValue(address with { Address = new IPEndPoint(IPAddress.IPv6Any, address.Address.Port) }, out name)
            ? name
            : null;

    private string Find(SipEndPoint address, string? peer) =>
        FindOwn(address) ?? _names.GetValueOrDefault((address.Protocol, address.Address.Port)) ?? peer ?? address.Address.ToString();

    private int ColumnOf(string name)
    {
        var at = _columns.IndexOf(name);
        if (at >= 0)
        {
            return at;
        }

        if (_columns.Count >= MostColumns - 1)
        {
            name = Others;
            at = _columns.IndexOf(name);
            if (at >= 0)
            {
                return at;
            }
        }

        _columns.Add(name);
        _headed = false;
        return _columns.Count - 1;
    }

    private void Draw(string from, string to, string label)
    {
        label = Printable(label);
        if (label.Length == 0)
        {
            return;
        }

        var (start, end) = (ColumnOf(from), ColumnOf(to));
        if (!_headed)
        {
            output.WriteLine(Heading());
            _headed = true;
        }

        _start ??= _timeProvider.GetTimestamp();
        var seconds = _timeProvider.GetElapsedTime(_start.Value).TotalSeconds;
        var line = new StringBuilder(seconds.ToString("0.000", CultureInfo.InvariantCulture).PadLeft(9));
        line.Append(' ', FirstColumn + ((_columns.Count - 1) * ColumnDistance) + 1 - line.Length);
        for (var i = 0; i < _columns.Count; i++)
        {
            line[Position(i)] = '│';
        }

        if (start == end)
        {
            Put(line, Position(start) + 2, $"⟲ {Cut(label, ColumnDistance - 6)}");
        }
        else
        {
            var (left, right) = (Position(Math.Min(start, end)), Position(Math.Max(start, end)));
            for (var i = left + 1; i < right; i++)
            {
                line[i] = '─';
            }

            if (start < end)
            {
                line[right - 1] = '▶';
            }
            else
            {
                line[left + 1] = '◀';
            }

            var text = $" {Cut(label, right - left - 9)} ";
            Put(line, left + 1 + ((right - left - 1 - text.Length) / 2), text);
        }

        output.WriteLine(line.ToString().TrimEnd());
    }

    private string Heading()
    {
        var line = new StringBuilder();
        for (var i = 0; i < _columns.Count; i++)
        {
            var name = Cut(_columns[i], ColumnDistance - 2);
            var at = Math.Max(Position(i) - (name.Length / 2), i == 0 ? 0 : line.Length + 1);
            line.Append(' ', at - line.Length).Append(name);
        }

        return line.ToString();
    }

    private static int Position(int column) => FirstColumn + (column * ColumnDistance);

    private static void Put(StringBuilder line, int at, string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (at + i < line.Length)
            {
                line[at + i] = text[i];
            }
            else
            {
                line.Append(text[i]);
            }
        }
    }

    private static string Cut(string text, int most) => text.Length <= most ? text : $"{text[..(most - 1)]}…";

    // What comes from the wire must not steer the terminal, so only printable ASCII is shown.
    private static string Printable(string text) =>
        string.Create(text.Length, text, static (shown, text) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                shown[i] = text[i] is >= ' ' and <= '~' ? text[i] : '·';
            }
        });
}
