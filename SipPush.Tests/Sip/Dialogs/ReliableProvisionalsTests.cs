using SipPush.Sip;
using static SipPush.Tests.Sip.Dialogs.DialogWire;

namespace SipPush.Tests.Sip.Dialogs;

[Description("RFC 3262")]
public sealed class ReliableProvisionalsTests
{
    private static readonly CSeq InviteCSeq = new(7, SipMethod.Invite);

    [TestCase("Supported: timer, 100REL", true, false)]
    [TestCase("Require: 100rel", true, true)]
    [TestCase("Supported: timer", false, false)]
    [TestCase("Require: 100rel2", false, false)]
    [Description("SIP-92; RFC 3262 §3")]
    public void The_caller_says_whether_it_takes_them(string header, bool supported, bool required) =>
        Assert.That((ReliableProvisionals.IsSupportedBy(Invite(header)), ReliableProvisionals.IsRequiredBy(Invite(header))), Is.EqualTo((supported, required)));

    [TestCase(0.0, 1u)]
    [TestCase(0.5, 1_073_741_824u)]
    [TestCase(0.9999999999, 2_147_483_647u)]
    [Description("RFC 3262 §3")]
    public void The_first_number_is_from_1_to_2_31_less_1(double fraction, uint number) =>
        Assert.That(ReliableProvisionals.FirstNumber(fraction), Is.EqualTo(number));

    [Test, Description("RFC 3262 §3")]
    public void The_next_waits_for_the_PRACK_of_the_last_and_has_the_next_number()
    {
        var sent = new ReliableProvisionals(InviteCSeq, 2_147_483_647);

        Assert.That(sent.Next(), Is.EqualTo(2_147_483_647));
        Assert.That(sent.MaySend, Is.False);
        Assert.That(sent.Next, Throws.InvalidOperationException);

        Assert.That(sent.OnPrack(new RAck(2_147_483_647, InviteCSeq)), Is.True);
        Assert.That(sent.MaySend, Is.True);
        Assert.That(sent.Next(), Is.EqualTo(2_147_483_648));
    }

    [TestCase("99 7 INVITE")]
    [TestCase("101 7 INVITE")]
    [TestCase("100 8 INVITE")]
    [TestCase("100 7 invite")]
    [TestCase("100 7 UPDATE")]
    [Description("RFC 3262 §3")]
    public void A_PRACK_matches_by_both_numbers_and_the_method(string rack)
    {
        var sent = new ReliableProvisionals(InviteCSeq, 100);
        sent.Next();

        Assert.That(sent.OnPrack(Read(rack)), Is.False);
        Assert.That(sent.MaySend, Is.False);
        Assert.That(sent.OnPrack(Read("100 7 INVITE")), Is.True);
    }

    [Test, Description("RFC 3262 §3")]
    public void A_second_PRACK_or_one_for_nothing_matches_nothing()
    {
        var sent = new ReliableProvisionals(InviteCSeq, 100);
        Assert.That(sent.OnPrack(Read("100 7 INVITE")), Is.False);

        sent.Next();
        Assert.That(sent.OnPrack(Read("100 7 INVITE")), Is.True);
        Assert.That(sent.OnPrack(Read("100 7 INVITE")), Is.False);
    }

    [Test, Description("RFC 3262 §3")]
    public void After_the_final_response_nothing_is_sent_but_a_PRACK_is_still_taken()
    {
        var sent = new ReliableProvisionals(InviteCSeq, 100);
        sent.Next();
        sent.OnFinal();

        Assert.That(sent.OnPrack(Read("100 7 INVITE")), Is.True);
        Assert.That(sent.MaySend, Is.False);
        Assert.That(sent.Next, Throws.InvalidOperationException);
    }

    [Test, Description("RFC 3262 §4")]
    public void Each_is_acknowledged_once_and_in_order()
    {
        var received = new ReceivedProvisionals();

        Assert.That(Receipts(received, 500, 500, 502, 499, 501, 500, 502, 502), Is.EqualTo(
            "PRACK 500 7 INVITE; Discard; Discard; Discard; PRACK 501 7 INVITE; Discard; PRACK 502 7 INVITE; Discard"));
    }

    [Test]
    public void After_the_highest_number_none_is_in_order()
    {
        var received = new ReceivedProvisionals();

        Assert.That(Receipts(received, uint.MaxValue, 0, 1), Is.EqualTo("PRACK 4294967295 7 INVITE; Unreliable; Discard"));
    }

    [TestCase(100, "Require: 100rel\nRSeq: 1", TestName = "A 100, which is hop by hop")]
    [TestCase(180, "RSeq: 1", TestName = "One that requires nothing")]
    [TestCase(180, "Supported: 100rel\nRSeq: 1", TestName = "One that only supports it")]
    [TestCase(180, "Require: 100rel", TestName = "One without a number")]
    [TestCase(180, "Require: 100rel\nRSeq: 0", TestName = "One with no number in RSeq")]
    [TestCase(180, "Require: 100rel\nRSeq: x", TestName = "One with a word in RSeq")]
    public void Nothing_acknowledges(int status, string headers)
    {
        Assert.That(new ReceivedProvisionals().OnProvisional(Response(status, headers), out var rack), Is.EqualTo(ProvisionalReceipt.Unreliable));
        Assert.That(rack, Is.EqualTo(default(RAck)));
    }

    private static string Receipts(ReceivedProvisionals received, params uint[] numbers) => string.Join("; ", numbers.Select(number =>
        received.OnProvisional(Response(183, $"Require: timer, 100rel\nRSeq: {number}"), out var rack) is var receipt and not ProvisionalReceipt.Acknowledge
            ? $"{receipt}"
            : $"PRACK {rack}"));

    private static RAck Read(string text) => RAck.TryParse(text, out var rack) ? rack : throw new FormatException(text);
}
