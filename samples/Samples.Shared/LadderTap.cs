using System.Text;
using SipPush.Sip;

namespace SipPush.Samples;

/// <summary>Hands what one stack sends and receives to a <see cref="Ladder"/>.</summary>
/// <param name="ladder">The diagram.</param>
/// <param name="self">The name of this stack's column.</param>
/// <param name="peer">The name of the column of far ends that have none; null to call each by its address.</param>
public sealed class LadderTap(Ladder ladder, string self, string? peer = null) : SipTap
{
    /// <inheritdoc/>
    public override void Received(SipFlow flow, ReadOnlySpan<byte> message)
    {
        ArgumentNullException.ThrowIfNull(flow);
        ladder.Received(self, flow.Local, flow.Remote, Label(message), peer);
    }

    /// <inheritdoc/>
    public override void Sending(SipFlow flow, ReadOnlySpan<byte> message)
    {
        ArgumentNullException.ThrowIfNull(flow);
        ladder.Sending(self, flow.Local, flow.Remote, Label(message), peer);
    }

    // "MESSAGE sip:bob@example.com" or "200 OK": the first line without its version.
    private static string Label(ReadOnlySpan<byte> message)
    {
        var end = message.IndexOfAny((byte)'\r', (byte)'\n');
        var line = end < 0 ? message : message[..end];
        var version = "SIP/2.0"u8;

        if (line.StartsWith(version))
        {
            line = line[version.Length..];
        }
        else if (line.EndsWith(version))
        {
            line = line[..^version.Length];
        }

        return Encoding.Latin1.GetString(line[..Math.Min(line.Length, 512)]).Trim();
    }
}
