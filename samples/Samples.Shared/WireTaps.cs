using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Samples;

/// <summary>What <c>--trace</c> and <c>--pcap</c> make of what goes over the wire: a diagram, a capture, or both.</summary>
public sealed class WireTaps : IDisposable
{
    private readonly WireRecorder? _recorder;

    /// <param name="ladder">The diagram; null for none.</param>
    /// <param name="self">The name of this process's column in it.</param>
    /// <param name="sipPeer">The name of the column of those it speaks SIP with.</param>
    /// <param name="msrpPeer">The name of the column of those it speaks MSRP with.</param>
    /// <param name="capture">The file of the capture; null for none.</param>
    /// <exception cref="SampleException">The file can't be written.</exception>
    public WireTaps(Ladder? ladder, string self, string sipPeer, string msrpPeer, FileInfo? capture)
    {
        try
        {
            _recorder = capture is null ? null : WireRecorder.Create(capture.FullName);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new SampleException($"Cannot write --pcap: {problem.Message}", SampleExit.Usage);
        }

        ladder?.AddColumn(self);
        SipTap? sipLadder = ladder is null ? null : new LadderTap(ladder, self, sipPeer);
        MsrpTap? msrpLadder = ladder is null ? null : new MsrpLadderTap(ladder, self, msrpPeer);
        Sip = sipLadder is not null && _recorder is not null ? new SipTaps(sipLadder, _recorder.Sip) : sipLadder ?? _recorder?.Sip;
        Msrp = msrpLadder is not null && _recorder is not null ? new MsrpTaps(msrpLadder, _recorder.Msrp) : msrpLadder ?? _recorder?.Msrp;
    }

    /// <summary>For the stack; null when nothing is asked for.</summary>
    public SipTap? Sip { get; }

    /// <summary>For the MSRP endpoint; null when nothing is asked for.</summary>
    public MsrpTap? Msrp { get; }

    /// <summary>Ends the capture.</summary>
    public void Dispose() => _recorder?.Dispose();

    private sealed class SipTaps(SipTap first, SipTap second) : SipTap
    {
        public override void Received(SipFlow flow, ReadOnlySpan<byte> message)
        {
            first.Received(flow, message);
            second.Received(flow, message);
        }

        public override void Sending(SipFlow flow, ReadOnlySpan<byte> message)
        {
            first.Sending(flow, message);
            second.Sending(flow, message);
        }
    }

    private sealed class MsrpTaps(MsrpTap first, MsrpTap second) : MsrpTap
    {
        public override void Received(MsrpFlow flow, ReadOnlySpan<byte> octets)
        {
            first.Received(flow, octets);
            second.Received(flow, octets);
        }

        public override void Sending(MsrpFlow flow, ReadOnlySpan<byte> octets)
        {
            first.Sending(flow, octets);
            second.Sending(flow, octets);
        }

        public override void Closed(MsrpFlow flow)
        {
            first.Closed(flow);
            second.Closed(flow);
        }
    }
}
