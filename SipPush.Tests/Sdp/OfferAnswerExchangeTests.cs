using SipPush.Sdp;

namespace SipPush.Tests.Sdp;

public sealed class OfferAnswerExchangeTests
{
    private static readonly SessionDescription Offer = SessionDescription.Parse(SdpSamples.GoldenOffer);
    private static readonly SessionDescription Answer = SessionDescription.Parse(SdpSamples.GoldenAnswer);

    [Test]
    public void An_offer_and_its_answer_count_from_then_on()
    {
        var exchange = new OfferAnswerExchange();

        Assert.That(exchange.Offer(Offer), Is.EqualTo(Offer));
        Assert.That(exchange.State, Is.EqualTo(OfferAnswerState.OfferSent));
        Assert.That(exchange.Local, Is.Null);
        Assert.That(exchange.ReceiveAnswer(Answer), Is.Empty);

        Assert.That(exchange.State, Is.EqualTo(OfferAnswerState.Stable));
        Assert.That((exchange.Local, exchange.Remote), Is.EqualTo((Offer, Answer)));
    }

    [Test]
    [Description("SDP-08")]
    public void A_change_raises_the_version_by_one_and_no_change_keeps_it()
    {
        var exchange = Agreed();

        Assert.That(Again(exchange, exchange.Local!).Origin.SessionVersion, Is.EqualTo("2890844526"));
        Assert.That(Again(exchange, exchange.WithDirection(0, MediaDirection.Inactive)).Origin.SessionVersion, Is.EqualTo("2890844527"));
        Assert.That(Again(exchange, exchange.Local!).Origin.SessionVersion, Is.EqualTo("2890844527"));
        Assert.That(Again(exchange, exchange.WithDirection(0, MediaDirection.SendOnly)).Origin.SessionVersion, Is.EqualTo("2890844528"));

        static SessionDescription Again(OfferAnswerExchange exchange, SessionDescription draft)
        {
            var offer = exchange.Offer(draft);
            Assert.That(exchange.ReceiveAnswer(SdpAnswerer.Answer(offer, SdpSamples.Receiver).Description), Is.Empty);
            return offer;
        }
    }

    [Test]
    [Description("SDP-08")]
    public void A_refused_offer_changes_nothing_but_has_used_its_version_up()
    {
        var exchange = Agreed();

        Assert.That(exchange.Offer(exchange.WithDirection(0, MediaDirection.Inactive)).Origin.SessionVersion, Is.EqualTo("2890844527"));
        exchange.Withdraw();
        Assert.That(exchange.Local, Is.EqualTo(Offer));
        Assert.That(exchange.Offer(exchange.Local!).Origin.SessionVersion, Is.EqualTo("2890844526"));
        exchange.Withdraw();
        Assert.That(exchange.Offer(exchange.WithoutMedia(0)).Origin.SessionVersion, Is.EqualTo("2890844528"));
    }

    [Test]
    [Description("SDP-08")]
    public void Answers_have_versions_of_the_same_session()
    {
        var exchange = new OfferAnswerExchange();
        exchange.ReceiveOffer(Offer);
        exchange.Answer(Answer);

        exchange.ReceiveOffer(Offer with { Origin = Offer.Origin.Next(), Media = [Offer.Media[0].WithDirection(MediaDirection.Inactive)] });
        var changed = exchange.Answer(Answer with { Media = [Answer.Media[0].WithDirection(MediaDirection.Inactive)] });

        Assert.That(changed.Origin, Is.EqualTo(Answer.Origin.Next()));
    }

    [Test]
    public void Only_one_offer_is_open_at_a_time()
    {
        var sent = new OfferAnswerExchange();
        sent.Offer(Offer);
        var received = new OfferAnswerExchange();
        received.ReceiveOffer(Offer);

        Assert.That(sent.ReceiveOffer(Offer), Is.EqualTo(OfferVerdict.Glare));
        Assert.That(received.ReceiveOffer(Offer), Is.EqualTo(OfferVerdict.AlreadyOpen));
        Assert.That(() => sent.Offer(Offer), Throws.InvalidOperationException);
        Assert.That(() => received.Offer(Offer), Throws.InvalidOperationException);
        Assert.That(() => sent.Answer(Answer), Throws.InvalidOperationException);
        Assert.That(() => received.ReceiveAnswer(Answer), Throws.InvalidOperationException);
        Assert.That((sent.State, received.State), Is.EqualTo((OfferAnswerState.OfferSent, OfferAnswerState.OfferReceived)));
    }

    [Test]
    public void What_is_word_for_word_the_same_changes_nothing()
    {
        var exchange = Agreed();

        Assert.That(exchange.ReceiveOffer(SessionDescription.Parse(SdpSamples.GoldenAnswer)), Is.EqualTo(OfferVerdict.Unchanged));
        exchange.Answer(exchange.Local!);
        Assert.That(exchange.ReceiveOffer(Answer with { Origin = Answer.Origin.Next() }), Is.EqualTo(OfferVerdict.Changed));
    }

    [Test]
    [Description("SDP-05")]
    public void Media_descriptions_never_become_fewer()
    {
        var exchange = Agreed();

        Assert.That(() => exchange.Offer(Offer with { Media = [] }), Throws.ArgumentException);
        Assert.That(exchange.ReceiveOffer(Answer with { Media = [] }), Is.EqualTo(OfferVerdict.MediaMissing));
        Assert.That(exchange.CanOffer);
    }

    [Test]
    [Description("SDP-05, SDP-06")]
    public void An_answer_of_this_side_has_the_lines_of_the_offer()
    {
        var exchange = new OfferAnswerExchange();
        exchange.ReceiveOffer(Offer with { Media = [Offer.Media[0] with { Port = 0 }] });

        Assert.That(() => exchange.Answer(Answer with { Media = [] }), Throws.ArgumentException);
        Assert.That(() => exchange.Answer(Answer), Throws.ArgumentException);
        Assert.That(() => exchange.Answer(Answer with { Media = [Answer.Media[0].Rejected()] }), Throws.Nothing);
    }

    [Test]
    public void An_answer_that_is_none_leaves_the_offer_open()
    {
        var exchange = new OfferAnswerExchange();
        exchange.Offer(Offer);

        Assert.That(exchange.ReceiveAnswer(Answer with { Media = [] }), Has.Count.EqualTo(1));
        Assert.That(exchange.State, Is.EqualTo(OfferAnswerState.OfferSent));
        exchange.Withdraw();
        Assert.That((exchange.State, exchange.Local), Is.EqualTo((OfferAnswerState.Stable, (SessionDescription?)null)));
    }

    [Test]
    [Description("SDP-06, SDP-34")]
    public void A_slot_that_is_over_on_either_side_is_used_again_and_else_lines_are_added_below()
    {
        var exchange = Agreed();
        var media = SdpOfferer.CreateMedia(SdpSamples.Sender, new MessageOffer(), exchange.FreeSlot()).ToMedia(exchange.Local!.Connection);

        var two = exchange.Offer(exchange.WithMedia(media, out var added));
        exchange.ReceiveAnswer(Answer with { Media = [Answer.Media[0], media.Rejected()] });
        var reused = exchange.WithMedia(media, out var slot);

        Assert.That((added, slot), Is.EqualTo((1, 1)));
        Assert.That(two.Media, Is.EqualTo([Offer.Media[0], media]));
        Assert.That(reused.Media, Has.Count.EqualTo(2));
    }

    [Test]
    [Description("SDP-06")]
    public void A_file_that_is_over_keeps_its_line_with_port_0_and_its_id()
    {
        var exchange = Agreed();

        var offer = exchange.Offer(exchange.WithoutMedia(0));

        Assert.That(offer.ToString(), Is.EqualTo(SdpSamples.GoldenOffer.Replace("m=message 7654 ", "m=message 0 ", StringComparison.Ordinal).Replace("2890844526 2890844526", "2890844526 2890844527", StringComparison.Ordinal)));
        Assert.That(exchange.ReceiveAnswer(SdpAnswerer.Answer(offer, SdpSamples.Receiver).Description), Is.Empty);
        Assert.That(exchange.FreeSlot(), Is.Zero);
    }

    [Test]
    [Description("SDP-17, SDP-33")]
    public void The_receiver_of_a_push_may_offer_again_and_is_not_passive_and_the_sender_starts_nothing()
    {
        var receiver = new OfferAnswerExchange();
        receiver.ReceiveOffer(Offer);
        receiver.Answer(Answer);
        var transfers = new FileTransfers();
        transfers.Add(SdpSamples.Push, isAccepted: true);

        var again = receiver.Offer(receiver.Local!);
        var answer = SdpAnswerer.Answer(again, SdpSamples.Sender, transfers);

        Assert.That(again.ToString(), Is.EqualTo(SdpSamples.GoldenAnswer
            .Replace("setup:passive", "setup:actpass", StringComparison.Ordinal).Replace("2890844700 2890844700", "2890844700 2890844701", StringComparison.Ordinal)));
        Assert.That(answer.Lines.Single().Novelty, Is.EqualTo(FileTransferNovelty.Known));
        Assert.That(answer.Description.Media.Single().Contains("sendonly"));
        Assert.That(receiver.ReceiveAnswer(answer.Description), Is.Empty);
        Assert.That(receiver.Offer(receiver.Local!).Origin, Is.EqualTo(again.Origin), "nothing has changed any more");
    }

    private static OfferAnswerExchange Agreed()
    {
        var exchange = new OfferAnswerExchange();
        exchange.Offer(Offer);
        exchange.ReceiveAnswer(Answer);
        return exchange;
    }
}
