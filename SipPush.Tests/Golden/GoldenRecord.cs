using System.Text;
using System.Text.RegularExpressions;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Tests.Golden;

/// <summary>Writes down what goes over the wire, SIP and MSRP in one order. MSRP is seen at the sender's end.</summary>
internal sealed partial class GoldenRecord(byte[] content, IReadOnlyDictionary<string, string> names) : MsrpTap
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Lock _gate = new();
    private readonly List<GoldenMessage> _messages = [];
    private readonly StringBuilder _fromSender = new();
    private readonly StringBuilder _toSender = new();

    public IReadOnlyList<GoldenMessage> Messages
    {
        get
        {
            lock (_gate)
            {
                return [.. _messages];
            }
        }
    }

    /// <summary>A packet of a <see cref="MemoryNetwork"/>, which arrives.</summary>
    public MemoryFate Saw(MemoryPacket packet)
    {
        var text = Encoding.UTF8.GetString(packet.Message.Span);
        lock (_gate)
        {
            _messages.Add(new GoldenMessage(NameOf(packet.From), NameOf(packet.To), packet.From.Protocol.ToString().ToUpperInvariant(), Shown(text)));
        }

        return MemoryFate.Deliver;
    }

    public override void Sending(MsrpFlow flow, ReadOnlySpan<byte> octets) => Add(_fromSender, octets, "PSA", "PRA");

    public override void Received(MsrpFlow flow, ReadOnlySpan<byte> octets) => Add(_toSender, octets, "PRA", "PSA");

    /// <summary>Waits until a message has gone, for what another thread does: the next step begins when the one before has been seen.</summary>
    public async Task UntilAsync(string from, string to, string begin, int count = 1)
    {
        for (var tries = 0; Messages.Count(message => message.From == from && message.To == to && message.Text.StartsWith(begin, StringComparison.Ordinal)) < count; tries++)
        {
            Assert.That(tries, Is.LessThan(Patience.TotalMilliseconds), () => $"{from} has not said {begin} to {to}:\n{string.Join("\n\n", Messages)}");
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    // The core draws what hides the user from a key of its own, and a boundary from what it separates.
    private static string Shown(string text) =>
        Boundary().Replace(TemporaryUser().Replace(text, "tgruu.(38 characters)@"), "part-(24 characters)").Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n');

    [GeneratedRegex(@"tgruu\.[A-Za-z0-9_-]+@")]
    private static partial Regex TemporaryUser();

    [GeneratedRegex("part-[0-9a-f]{24}")]
    private static partial Regex Boundary();

    // The frames that are whole; what is left waits for the rest.
    private void Add(StringBuilder stream, ReadOnlySpan<byte> octets, string from, string to)
    {
        lock (_gate)
        {
            stream.Append(Encoding.Latin1.GetString(octets));
            while (stream.ToString() is var text && text.IndexOf("\r\n", StringComparison.Ordinal) is > 0 and var line)
            {
                var mark = $"\r\n-------{text[..line].Split(' ')[1]}";
                var end = text.IndexOf(mark, StringComparison.Ordinal);
                if (end < 0 || text.Length < end + mark.Length + 3)
                {
                    return;
                }

                _messages.Add(new GoldenMessage(from, to, "MSRP", Shown(WithoutContent(text[..(end + mark.Length + 1)], end))));
                stream.Remove(0, end + mark.Length + 3);
            }
        }
    }

    // Names the part of the content that a chunk has, when it has just that.
    private string WithoutContent(string frame, int end)
    {
        var body = frame.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        if (body < 4 || body > end)
        {
            return frame;
        }

        var octets = Encoding.Latin1.GetBytes(frame[body..end]);
        var at = content.AsSpan().IndexOf(octets);
        return at < 0 ? frame : $"{frame[..body]}(octets {at + 1} to {at + octets.Length} of the content){frame[end..]}";
    }

    private string NameOf(SipEndPoint endPoint) => names[endPoint.Address.Address.ToString()];
}
