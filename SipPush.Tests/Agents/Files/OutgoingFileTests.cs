using SipPush.Msrp;
using SipPush.Sdp;

namespace SipPush.Tests.Agents;

public sealed class OutgoingFileTests
{
    [Test]
    public void A_far_end_that_refuses_what_it_acknowledged_gets_the_whole_file_once()
    {
        var file = new OutgoingFile(PushFile.FromBytes("a", new byte[10], "text/plain"), new FileSelector(), "m1");

        file.IsSent(Lost(acknowledged: 4), default, isOver: false);
        file.IsRefused(0, "no");
        Assert.That((file.IsWholeAgain, file.Offset, file.IsDone), Is.EqualTo((true, 0L, false)));

        file.IsSent(Lost(acknowledged: 6), default, isOver: false);
        file.IsRefused(0, "no");
        Assert.That((file.IsWholeAgain, file.IsDone, file.Report!.Outcome), Is.EqualTo((false, true, MsrpSendOutcome.Refused)));
    }

    private static MsrpSendResult Lost(long acknowledged) => new(MsrpSendOutcome.ConnectionLost, "m1", 0, new MsrpProgress(acknowledged, acknowledged, 0, 10));
}
