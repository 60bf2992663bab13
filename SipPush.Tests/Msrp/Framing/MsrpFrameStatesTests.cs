using System.Buffers;
using System.Text;
using SipPush.Msrp.Framing;

namespace SipPush.Tests.Msrp.Framing;

public sealed class MsrpFrameStatesTests
{
    private const string Frame = "MSRP abcd 200 OK\r\nTo-Path: msrp://a:1/a;tcp\r\nFrom-Path: msrp://b:1/b;tcp\r\n-------abcd$\r\n";

    [Test]
    public void A_state_that_was_given_back_begins_with_a_frame_again()
    {
        var states = new MsrpFrameStates(MsrpFrameLimits.Default);
        var state = states.Rent();
        Assert.That(Read(state, Frame), Is.EqualTo("abcd"));

        states.Return(state);

        Assert.That(states.Rent(), Is.SameAs(state));
        Assert.That(Read(state, Frame), Is.EqualTo("abcd"));
    }

    [Test]
    public void Two_connections_never_have_the_same_state()
    {
        var states = new MsrpFrameStates(MsrpFrameLimits.Default);
        states.Return(states.Rent());

        var first = states.Rent();
        var second = states.Rent();
        Assert.That(second, Is.Not.SameAs(first));
    }

    [TestCase("", true)]
    [TestCase("\r\n", true)]
    [TestCase(Frame, true)]
    [TestCase(Frame + "\r\n", true)]
    [TestCase("\r", false)]
    [TestCase(Frame + "\r", false)]
    [TestCase("M", false)]
    [TestCase(Frame + "MSRP ab", false)]
    public void A_state_in_which_anything_has_begun_is_not_given_back(string octets, bool holdsNothing)
    {
        using var state = new MsrpFrameState(MsrpFrameLimits.Default);

        Read(state, octets);

        Assert.That(state.HoldsNothing, Is.EqualTo(holdsNothing));
    }

    // The id of the last frame.
    private static string Read(MsrpFrameState state, string octets)
    {
        var id = "";
        var reader = new MsrpFrameReader(new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(octets)), state);
        while (reader.Read())
        {
            id = Encoding.Latin1.GetString(reader.Head.TransactionId);
        }

        return id;
    }
}
