using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>A connection to the system under test, as its peer has it.</summary>
/// <param name="Stream">What lies below.</param>
/// <param name="Flow">The system under test's end.</param>
/// <param name="Tls">What lies between, at the peer's end; null on TCP.</param>
internal sealed record SutConnection(ScriptedStream Stream, TcpConnection Flow, PeerTls? Tls = null)
{
    /// <summary>How many of its messages the peer has taken in.</summary>
    public int TakenIn { get; set; }

    /// <summary>The octets that have come.</summary>
    public byte[] Received() => Tls?.Received() ?? Stream.Written();

    /// <summary>The messages that have come, by their framing; what is no whole message is left out.</summary>
    public IReadOnlyList<byte[]> Messages() => Frame(Received());

    /// <summary>Sends a piece.</summary>
    public void Give(ReadOnlyMemory<byte> piece)
    {
        if (Tls is null)
        {
            Stream.Give(piece);
        }
        else if (!piece.IsEmpty)
        {
            Tls.Send(piece);
        }
    }

    /// <summary>Sends no more.</summary>
    public void End()
    {
        Tls?.SayEnd();
        Stream.End();
    }

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
