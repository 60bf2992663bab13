using SipPush.Sdp;

namespace SipPush.Tests.Sdp;

public sealed class AnswerCheckTests
{
    [Test]
    [Description("SDP-05, SDP-07, SDP-30")]
    public void Nothing_is_wrong_with_the_golden_answer() =>
        Assert.That(AnswerCheck.Check(SessionDescription.Parse(SdpSamples.GoldenOffer), SessionDescription.Parse(SdpSamples.GoldenAnswer)), Is.Empty);

    [TestCase("a=recvonly\r\n", "a=sendonly\r\n", AnswerFaultKind.WrongDirection, Description = "SDP-07")]
    [TestCase("a=recvonly\r\n", "a=sendrecv\r\n", AnswerFaultKind.WrongDirection, Description = "SDP-07")]
    [TestCase("m=message 8888 TCP/MSRP *", "m=message 8888 TCP/TLS/MSRP *", AnswerFaultKind.OtherProtocol, Description = "SDP-09")]
    [TestCase("m=message", "m=text", AnswerFaultKind.OtherMedia)]
    [TestCase("TCP/MSRP *", "TCP/MSRP x", AnswerFaultKind.NoCommonFormat)]
    [TestCase("t=0 0", "t=3724394400 0", AnswerFaultKind.OtherTime)]
    [TestCase("a=path", "a=way", AnswerFaultKind.UnusableMedia, Description = "SDP-11")]
    [TestCase("a=setup:passive\r\n", "a=setup:actpass\r\n", AnswerFaultKind.WrongSetup)]
    [TestCase("a=setup:passive\r\n", "a=setup:passive\r\na=msrp-cema\r\n", AnswerFaultKind.CemaWithoutOffer, Description = "SDP-22")]
    [TestCase("a=file-transfer-id:vBnG", "a=file-transfer-id:XXXX", AnswerFaultKind.OtherTransferId, Description = "SDP-30")]
    [TestCase("size:4385", "size:4386", AnswerFaultKind.OtherFile, Description = "SDP-30")]
    [TestCase("a=file-transfer-id", "a=file-range:1-5\r\na=file-transfer-id", AnswerFaultKind.OtherRange, Description = "SDP-35")]
    [TestCase("a=file-transfer-id", "a=file-disposition:render\r\na=file-transfer-id", AnswerFaultKind.SenderAttribute, Description = "SDP-30")]
    public void What_is_wrong_with_an_answer_is_told(string right, string wrong, AnswerFaultKind kind)
    {
        var answer = SdpSamples.GoldenAnswer.Replace(right, wrong, StringComparison.Ordinal);

        var faults = AnswerCheck.Check(SessionDescription.Parse(SdpSamples.GoldenOffer), SessionDescription.Parse(answer));

        Assert.That(faults.Select(fault => fault.Kind), Does.Contain(kind));
    }

    [Description("SDP-18")]
    [TestCase("active", "active", false)]
    [TestCase("active", "passive", true)]
    [TestCase("passive", "active", true)]
    [TestCase("passive", "passive", false)]
    [TestCase("actpass", "active", true)]
    [TestCase("active", "holdconn", true)]
    public void Roles_fit_or_do_not(string offered, string answered, bool isRight)
    {
        var offer = SdpSamples.Offer($"a=setup:{offered}\r\n");
        var answer = SdpSamples.Offer($"a=setup:{answered}\r\n");

        Assert.That(AnswerCheck.Check(offer, answer), isRight ? Is.Empty : Is.EqualTo([new AnswerFault(AnswerFaultKind.WrongSetup, 0)]));
    }

    [Test]
    [Description("SDP-05, SDP-06")]
    public void Lines_are_counted_and_a_refused_one_stays_refused()
    {
        var offer = SdpSamples.Offer("") with { Media = [.. SdpSamples.Offer("").Media, SdpSamples.Offer("", "message 0 TCP/MSRP *").Media[0]] };
        var answer = SdpSamples.Offer("");

        Assert.That(AnswerCheck.Check(offer, answer), Is.EqualTo([new AnswerFault(AnswerFaultKind.OtherCount, -1)]));
        Assert.That(AnswerCheck.Check(offer, answer with { Media = [answer.Media[0], answer.Media[0]] }), Is.EqualTo([new AnswerFault(AnswerFaultKind.PortWithoutOffer, 1)]));
        Assert.That(AnswerCheck.Check(offer, answer with { Media = [answer.Media[0].Rejected(), answer.Media[0].Rejected()] }), Is.Empty);
    }

    [Test]
    public void Little_faults_do_no_harm()
    {
        var kinds = Enum.GetValues<AnswerFaultKind>().Where(kind => new AnswerFault(kind, 0).IsHarmless);

        Assert.That(kinds, Is.EqualTo([AnswerFaultKind.OtherTime, AnswerFaultKind.CemaWithoutOffer, AnswerFaultKind.SenderAttribute]));
    }

    [Test]
    [Description("SDP-06")]
    public void An_answer_with_port_0_makes_no_session()
    {
        var offer = SessionDescription.Parse(SdpSamples.GoldenOffer);
        var lines = SdpOfferer.ReadAnswer(offer, SessionDescription.Parse(SdpSamples.GoldenAnswer.Replace("message 8888", "message 0", StringComparison.Ordinal)));

        Assert.That(lines.Single().Refusal, Is.EqualTo(LineRefusal.ByPeer));
        Assert.That(lines.Single().Route, Is.Null);
    }
}
