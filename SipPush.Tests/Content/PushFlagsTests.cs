using SipPush;

namespace SipPush.Tests.Content;

/// <summary>PUSH-21: Push-Flag bits are parsed, unknown bits are ignored, trust is for trusted senders.</summary>
public sealed class PushFlagsTests
{
    [TestCase("0", PushFlags.None)]
    [TestCase("1", PushFlags.InitiatorAuthenticated)]
    [TestCase("2", PushFlags.ContentTrusted)]
    [TestCase(" 4 ", PushFlags.LastPushMessage)]
    [TestCase("7", PushFlags.InitiatorAuthenticated | PushFlags.ContentTrusted | PushFlags.LastPushMessage)]
    [TestCase("248", PushFlags.None)]
    [TestCase("252", PushFlags.LastPushMessage)]
    [TestCase("18446744073709551620", PushFlags.LastPushMessage)]
    public void Known_bits_are_read_and_reserved_ones_dropped(string text, PushFlags expected)
    {
        Assert.That(PushFlagsExtensions.TryParse(text, out var flags), Is.True);
        Assert.That(flags, Is.EqualTo(expected));
    }

    [TestCase("")]
    [TestCase("-1")]
    [TestCase("0x1")]
    [TestCase("LastPushMessage")]
    public void What_is_no_number_claims_nothing(string text)
    {
        Assert.That(PushFlagsExtensions.TryParse(text, out var flags), Is.False);
        Assert.That(flags, Is.EqualTo(PushFlags.None));
    }

    [Test]
    public void Without_trust_only_the_last_message_bit_is_left() =>
        Assert.That(((PushFlags)7).WithoutTrust(), Is.EqualTo(PushFlags.LastPushMessage));
}
