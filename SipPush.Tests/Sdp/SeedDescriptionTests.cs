using System.Text;
using SipPush.Sdp;

namespace SipPush.Tests.Sdp;

/// <summary>The session descriptions of flow B.3 as they are printed, faults included: refused strictly, taken leniently for what they mean.</summary>
public sealed class SeedDescriptionTests
{
    [Test]
    [Description("D52, D53, D54, D55, D57, D58, D59, D60, SDP-03, SDP-04, SDP-18")]
    public void The_printed_offer_is_answered_active([Values("B.3 1 INVITE", "B.3 2 INVITE")] string step)
    {
        var octets = Description(step);
        var isStrict = SessionDescription.TryParse(octets, out _, out _, SdpProfile.Strict);
        var isLenient = SessionDescription.TryParse(octets, out var offer, out _);

        Assert.That((isStrict, isLenient), Is.EqualTo((false, true)));
        Assert.That(offer!.ToString(), Is.EqualTo(
            "v=0\r\no=psa 2890844526 2890844526 IN IP4 domain.com\r\ns=-\r\nc=IN IP4 psa.domain.com\r\nt=0 0\r\nm=message 7654 TCP/MSRP *\r\na=setup:passive\r\na=sendonly\r\n"
            + "a=accept-types:application/vnd.oma.push\r\na=path:msrp://psa.domain.com:7654/a3cd20b8ae7f;tcp\r\na=file-transfer-id:a3cd20b8ae7f\r\n"
            + "a=file-selector:name:\"pushid-a3cd20b8ae7f\" type:application/vnd.oma.push size:4092 hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E\r\n"));

        var line = SdpAnswerer.Answer(offer, SdpSamples.Receiver).Lines.Single();
        Assert.That(line.Local!.Setup, Is.EqualTo(SetupRole.Active));
        Assert.That(line.Local.Port, Is.EqualTo(9));
        Assert.That((line.Route!.IsActive, line.Route.Host, line.Route.Port), Is.EqualTo((true, "psa.domain.com", 7654)));
        Assert.That(line.Remote!.File!.Selector.Size, Is.EqualTo(4092));
    }

    [Test]
    [Description("D56, D66, D67, D68, D74, SDP-02, SDP-37")]
    public void The_printed_answer_makes_the_receiver_connect([Values("B.3 3 200", "B.3 4 200")] string step)
    {
        var octets = Description(step);
        var isStrict = SessionDescription.TryParse(octets, out _, out _, SdpProfile.Strict);
        var isLenient = SessionDescription.TryParse(octets, out var answer, out _);
        var offer = SdpOfferer.CreateOffer(SdpSamples.Sender, MessageOffer.Push(SdpSamples.Push with
        {
            TransferId = "a3cd20b8ae7f",
            Selector = SdpSamples.Push.Selector with { Size = 4092 },
        }));

        Assert.That((isStrict, isLenient), Is.EqualTo((false, true)));
        Assert.That(answer!.Name, Is.EqualTo("-"));
        Assert.That(AnswerCheck.Check(offer, answer), Is.Empty);

        // What the receiver is to verify when the file has come.
        var line = SdpOfferer.ReadAnswer(offer, answer).Single();
        Assert.That(line.Route!.IsActive, Is.False);
        Assert.That((line.Remote!.File!.Selector.Size, line.Remote.File.Selector.Type), Is.EqualTo((4092, "application/vnd.oma.push")));
        Assert.That(line.Remote.File.Selector.Hash("sha-1"), Is.EqualTo(SdpSamples.Hash));
    }

    private static byte[] Description(string step)
    {
        var flows = File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "Data", "oma-push-appendix-b.dat"));
        var message = flows[flows.IndexOf($"=== {step}", StringComparison.Ordinal)..];
        var start = message.IndexOf("\nv=0\n", StringComparison.Ordinal) + 1;
        var end = message.IndexOf("\n===", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(end < 0 ? message[start..] : message[start..(end + 1)]);
    }
}
