using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>A connection to the system under test, as its peer has it.</summary>
internal sealed record SutConnection(ScriptedStream Stream, TcpConnection Flow)
{
    /// <summary>The messages that have come, by their framing; what is no whole message is left out.</summary>
    public IReadOnlyList<byte[]> Messages() => Frame(Stream.Written());

    /// <summary>The whole messages of a stream's octets.</summary>
    public static IReadOnlyList<byte[]> Frame(byte[] octets)
    {
        var messages = new List<byte[]>();
        var rest = octets.AsSpan();
        var framer = new StreamFramer(1 << 20, 1 << 24);
        while (!rest.IsEmpty && framer.Next(rest) is { Status: FramingStatus.Done or FramingStatus.KeepAlive } next)
        {
            if (next.Status == FramingStatus.Done)
            {
                messages.Add(rest.Slice(next.Leading, next.Length).ToArray());
            }

            rest = rest[next.Consumed..];
        }

        return messages;
    }
}
