using SipPush.Msrp;
using SipPush.Msrp.Chunking;
using SipPush.Msrp.Transactions;

namespace SipPush.Tests.Msrp.Transactions;

public sealed class SendTransactionsTests
{
    private const long Timeout = 30;

    private readonly List<OutgoingTransfer> _transfers = [];
    private MsrpWire _wire = null!;

    [SetUp]
    public void CreateWire() => _wire = new MsrpWire();

    [TearDown]
    public async Task DisposeWire()
    {
        await _wire.DisposeAsync();
        _transfers.Clear();
    }

    [Test, Description("MSRP-16")]
    public void The_window_has_room_for_what_fits_and_for_one_chunk_always()
    {
        var transactions = new SendTransactions(Timeout, window: 100, pipelining: true);
        Assert.That(transactions.HasRoom(1000), "nothing waits");

        Send(transactions, 1, 60);
        Assert.That(transactions.Unanswered, Is.EqualTo(60));
        Assert.That(transactions.HasRoom(40));
        Assert.That(transactions.HasRoom(41), Is.False);

        transactions.Answer(1, 200, 0, out var length);
        Assert.That(length, Is.EqualTo(60));
        Assert.That((transactions.Unanswered, transactions.Count), Is.EqualTo((0L, 0)));
        Assert.That(transactions.HasRoom(1000));
    }

    [Test, Description("MSRP-16")]
    public void Without_pipelining_one_chunk_is_unanswered()
    {
        var transactions = new SendTransactions(Timeout, window: 100, pipelining: false);
        Send(transactions, 1, 0);

        Assert.That(transactions.HasRoom(0), Is.False);
        transactions.Answer(1, 200, 0, out _);
        Assert.That(transactions.HasRoom(1000));
    }

    [Test, Description("MSRP-22")]
    public void A_chunk_that_wants_no_answer_takes_no_room_and_does_not_expire()
    {
        var transactions = new SendTransactions(Timeout, window: 100, pipelining: false);
        var transfer = Send(transactions, 1, 60, FailureReportMode.Partial);

        Assert.That(transactions.HasRoom(1000));
        Assert.That(transactions.Answer(1, 481, 29, out _), Is.SameAs(transfer));

        Send(transactions, 2, 60, FailureReportMode.Partial);
        Assert.That(transactions.Expire(59), Is.Null, "30 after the answer to the one before");
        Assert.That(transactions.Count, Is.Zero);
    }

    [Test]
    public void Of_chunks_that_want_no_answer_a_bounded_number_is_remembered()
    {
        var transactions = new SendTransactions(Timeout, window: 100, pipelining: true);

        for (var i = 0; i < 10_000; i++)
        {
            Send(transactions, (UInt128)i, 1, FailureReportMode.Partial);
        }

        Assert.That(transactions.Count, Is.EqualTo(4096));
        Assert.That(transactions.Answer(0, 200, 0, out _), Is.Null);
        Assert.That(transactions.Answer(9999, 200, 0, out _), Is.Not.Null);
    }

    [Test, Description("MSRP-23")]
    public void The_time_of_a_chunk_begins_when_it_was_handed_over()
    {
        var transactions = new SendTransactions(Timeout, window: 100, pipelining: true);
        var transaction = transactions.Begin(1, Transfer());
        Assert.That(transactions.NextDeadline, Is.EqualTo(long.MaxValue));
        transactions.End(transaction, 10);
        Assert.That(transactions.NextDeadline, Is.EqualTo(long.MaxValue));

        transactions.HandOver(7);

        Assert.That(transactions.NextDeadline, Is.EqualTo(37));
        Assert.That(transactions.Expire(36), Is.Null);
        Assert.That(transactions.Expire(37), Is.SameAs(_transfers[0]));
        Assert.That(transactions.Expire(37), Is.Null);
        Assert.That(transactions.HasRoom(1000));
    }

    [Test, Description("MSRP-23")]
    public void The_time_of_a_chunk_begins_anew_when_the_one_before_is_answered()
    {
        var transactions = new SendTransactions(Timeout, window: 100, pipelining: true);
        Send(transactions, 1, 1);
        Send(transactions, 2, 1);
        Send(transactions, 3, 1);

        transactions.Answer(2, 200, 10, out _);
        Assert.That(transactions.NextDeadline, Is.EqualTo(30), "the first still has no answer");
        transactions.Answer(1, 200, 20, out _);
        Assert.That(transactions.NextDeadline, Is.EqualTo(50));
        transactions.Answer(3, 200, 50, out _);
        Assert.That(transactions.NextDeadline, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void An_answer_before_the_end_of_a_chunk_closes_it_at_once()
    {
        var transactions = new SendTransactions(Timeout, window: 100, pipelining: false);
        var transaction = transactions.Begin(1, Transfer());

        Assert.That(transactions.Answer(1, 200, 0, out var length), Is.Not.Null);
        Assert.That(length, Is.Zero);
        transactions.End(transaction, 50);

        Assert.That(transaction.IsAcknowledged);
        Assert.That((transactions.Unanswered, transactions.HasRoom(1)), Is.EqualTo((0L, true)));
        transactions.HandOver(1);
        Assert.That(transactions.NextDeadline, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void A_second_answer_and_one_to_nothing_are_strays()
    {
        var transactions = new SendTransactions(Timeout, window: 100, pipelining: true);
        Send(transactions, 1, 1);

        Assert.That(transactions.Answer(2, 200, 0, out _), Is.Null);
        Assert.That(transactions.Answer(1, 200, 0, out _), Is.Not.Null);
        Assert.That(transactions.Answer(1, 200, 0, out _), Is.Null);
    }

    private OutgoingTransfer Send(SendTransactions transactions, UInt128 id, int length, FailureReportMode mode = FailureReportMode.Yes)
    {
        var transfer = Transfer(mode);
        transactions.End(transactions.Begin(id, transfer), length);
        transactions.HandOver(0);
        return transfer;
    }

    private OutgoingTransfer Transfer(FailureReportMode mode = FailureReportMode.Yes)
    {
        var session = _transfers.Count > 0 ? _transfers[0].Session : _wire.CreateSession();
        _transfers.Add(new OutgoingTransfer(session, OutgoingMsrpMessage.FromMemory("text/plain", default) with { FailureReport = mode }, "none"));
        return _transfers[^1];
    }
}
