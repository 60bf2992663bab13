using SipPush.Sdp;

namespace SipPush.Tests.Sdp;

public sealed class FileTransferTests
{
    private static readonly MessageCapabilities Receiver = SdpSamples.Receiver with { AcceptTypes = new AcceptTypes("message/cpim", "image/jpeg") };

    [Test]
    [Description("SDP-30, SDP-35")]
    public void The_answer_says_which_file_and_nothing_that_only_the_sender_can_say()
    {
        var answer = SdpAnswerer.Answer(SessionDescription.Parse(SdpSamples.FileOffer), Receiver);

        Assert.That(answer.Description.Media.Single().ToString(), Is.EqualTo(
            "m=message 8888 TCP/MSRP *\r\n"
            + "a=setup:passive\r\n"
            + "a=recvonly\r\n"
            + "a=accept-types:message/cpim image/jpeg\r\n"
            + "a=path:msrp://userpc.domain.com:8888/9di4eae923wzdyGvN2;tcp\r\n"
            + "a=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd\r\n"
            + "a=file-selector:name:\"My cool picture.jpg\" type:image/jpeg size:32349 hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E\r\n"
            + "a=file-range:1-32349\r\n"));
        Assert.That(AnswerCheck.Check(SessionDescription.Parse(SdpSamples.FileOffer), answer.Description), Is.Empty);
    }

    [Test]
    [Description("SDP-31")]
    public void A_refused_file_has_port_0_with_its_selector_and_its_id()
    {
        var answer = SdpAnswerer.Answer(SessionDescription.Parse(SdpSamples.FileOffer), Receiver with { Decide = (_, _) => MediaDecision.Refuse });

        Assert.That(answer.Lines.Single().Refusal, Is.EqualTo(LineRefusal.Declined));
        Assert.That(answer.RefusalStatus, Is.EqualTo(488));
        Assert.That(answer.Description.Media.Single().ToString(), Is.EqualTo(
            "m=message 0 TCP/MSRP *\r\n"
            + "a=file-selector:name:\"My cool picture.jpg\" type:image/jpeg size:32349 hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E\r\n"
            + "a=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd\r\n"));
        Assert.That(AnswerCheck.Check(SessionDescription.Parse(SdpSamples.FileOffer), answer.Description), Is.Empty);
    }

    [TestCase("type:text/plain size:5", "", LineRefusal.NoCommonType, Description = "SDP-14")]
    [TestCase("type:image/jpeg size:1000001", "", LineRefusal.TooLarge, Description = "SDP-16")]
    [TestCase("type:image/jpeg size:2000000", "a=file-range:1000001-2000000\r\n", LineRefusal.None, Description = "SDP-16: what is sent counts")]
    [TestCase("type:image/jpeg size:2000000", "a=file-range:500000-*\r\n", LineRefusal.TooLarge, Description = "SDP-16")]
    [TestCase("type:image/jpeg size:100", "a=file-range:101-*\r\n", LineRefusal.BadRange, Description = "SDP-35")]
    [TestCase("type:image/jpeg size:100", "a=file-range:1-101\r\n", LineRefusal.BadRange, Description = "SDP-35")]
    [TestCase("type:image/jpeg size:100", "a=file-range:5-1\r\n", LineRefusal.Unusable, Description = "SDP-35")]
    [TestCase("size:0", "", LineRefusal.None)]
    [TestCase("hash:sha-1:zz", "", LineRefusal.Unusable, Description = "SDP-27")]
    [TestCase("", "", LineRefusal.Unusable, Description = "SDP-38: no offer selects nothing")]
    public void A_file_is_taken_or_not_by_what_is_said_of_it(string selector, string attributes, LineRefusal refusal)
    {
        var answer = SdpAnswerer.Answer(FileOffer(selector, "id1", attributes), Receiver with { MaxSize = 1_000_000 });

        Assert.That(answer.Lines.Single().Refusal, Is.EqualTo(refusal));
    }

    [Test]
    public void A_wrapped_type_is_enough()
    {
        var answer = SdpAnswerer.Answer(FileOffer("type:image/png size:1", "id1"), Receiver with { AcceptWrappedTypes = new AcceptTypes("image/*") });

        Assert.That(answer.Lines.Single().IsAccepted);
    }

    [Test]
    public void A_file_without_an_id_is_refused()
    {
        var answer = SdpAnswerer.Answer(SdpSamples.Offer("a=sendonly\r\na=file-selector:size:5\r\n"), Receiver);

        Assert.That(answer.Lines.Single().Fault, Is.EqualTo(MessageMediaFault.BadFile));
    }

    [Test]
    [Description("SDP-33")]
    public void The_same_id_and_the_same_file_start_nothing_and_ask_nobody()
    {
        var asked = 0;
        var transfers = new FileTransfers();
        var receiver = Receiver with
        {
            Decide = (_, _) =>
            {
                asked++;
                return MediaDecision.Accept;
            },
        };

        var first = SdpAnswerer.Answer(FileOffer("size:5", "id1"), receiver, transfers);
        var second = SdpAnswerer.Answer(FileOffer("size:5 hash:sha-1:AA:BB", "id1"), receiver, transfers);

        Assert.That(first.Lines.Single().Novelty, Is.EqualTo(FileTransferNovelty.New));
        Assert.That(second.Lines.Single().Novelty, Is.EqualTo(FileTransferNovelty.Known));
        Assert.That(second.Lines.Single().IsAccepted);
        Assert.That(asked, Is.EqualTo(1));
    }

    [Test]
    [Description("SDP-32")]
    public void The_same_id_and_another_file_are_refused_with_port_0()
    {
        var transfers = new FileTransfers();

        SdpAnswerer.Answer(FileOffer("size:5", "id1"), Receiver, transfers);
        var second = SdpAnswerer.Answer(FileOffer("size:6", "id1"), Receiver, transfers);

        Assert.That(second.Lines.Single().Refusal, Is.EqualTo(LineRefusal.TransferIdReused));
        Assert.That(second.Description.Media.Single().Attribute("file-transfer-id"), Is.EqualTo("id1"));
        Assert.That(second.Description.Media.Single().Port, Is.Zero);
    }

    [Test]
    [Description("SDP-33")]
    public void Another_id_is_another_transfer_which_may_go_on_where_the_first_broke_off()
    {
        var transfers = new FileTransfers();

        SdpAnswerer.Answer(FileOffer("size:500", "id1"), Receiver, transfers);
        var resumed = SdpAnswerer.Answer(FileOffer("size:500", "id2", "a=file-range:301-500\r\n"), Receiver, transfers);

        Assert.That(resumed.Lines.Single().Novelty, Is.EqualTo(FileTransferNovelty.New));
        Assert.That(resumed.Description.Media.Single().Attribute("file-range"), Is.EqualTo("301-500"));
        Assert.That(resumed.Lines.Single().Remote!.File!.Length, Is.EqualTo(200));
    }

    [Test]
    public void What_was_refused_stays_refused_under_its_id()
    {
        var transfers = new FileTransfers();

        SdpAnswerer.Answer(FileOffer("size:5", "id1"), Receiver with { Decide = (_, _) => MediaDecision.Refuse }, transfers);
        var again = SdpAnswerer.Answer(FileOffer("size:5", "id1"), Receiver, transfers);

        Assert.That(again.Lines.Single().Refusal, Is.EqualTo(LineRefusal.Declined));
    }

    [Test]
    public void What_is_remembered_of_transfers_has_an_end_however_long_their_names_are()
    {
        var transfers = new FileTransfers();
        var selector = new FileSelector { Name = new string('a', 60_000) };
        var taken = Enumerable.Range(0, 100).Select(number => new FileTransfer { Selector = selector, TransferId = $"id{number}" }).TakeWhile(transfer =>
        {
            var isNew = transfers.Classify(transfer) == FileTransferNovelty.New;
            transfers.Add(transfer, isAccepted: true);
            return isNew;
        }).Count();

        Assert.That(taken, Is.EqualTo(70), "4 Mi characters");
        Assert.That(transfers.Classify(new FileTransfer { Selector = selector, TransferId = "id0" }), Is.EqualTo(FileTransferNovelty.Known));
    }

    [Test]
    [Description("SDP-34")]
    public void Several_files_have_several_lines_and_each_is_decided_for_itself()
    {
        var offer = SdpOfferer.CreateOffer(
            SdpSamples.Sender with { AcceptTypes = AcceptTypes.Any },
            [.. Enumerable.Range(1, 3).Select(number => MessageOffer.Push(new FileTransfer { Selector = new FileSelector { Size = number }, TransferId = $"id{number}" }))]);

        var answer = SdpAnswerer.Answer(offer, Receiver with { Decide = (_, media) => media.File!.Selector.Size == 2 ? MediaDecision.Refuse : MediaDecision.Accept });

        Assert.That(offer.Media, Has.Count.EqualTo(3));
        Assert.That(answer.Description.Media.Select(media => media.Port), Is.EqualTo([8888, 0, 8888]));
        Assert.That(answer.Description.Media.Select(media => media.Attribute("path")), Is.Unique);
    }

    [Test]
    public void A_file_that_is_asked_for_is_sent_under_the_id_of_the_offer()
    {
        // RFC 5547 §9.2: the hash selects, the answer tells the type.
        var offer = SdpOfferer.CreateOffer(
            SdpSamples.Sender with { AcceptTypes = AcceptTypes.Any },
            MessageOffer.Pull(new FileTransfer { Selector = new FileSelector { Hashes = [SdpSamples.Hash] }, TransferId = "aCQYuBRVoUPGVsFZkCK98vzcX2FXDIk2" }));
        var file = new FileTransfer { Selector = new FileSelector { Type = "image/jpeg", Hashes = [SdpSamples.Hash] }, Disposition = "render" };

        var sent = SdpAnswerer.Answer(offer, Receiver with { Decide = (_, _) => MediaDecision.Send(file) });
        var unknown = SdpAnswerer.Answer(offer, Receiver);

        Assert.That(sent.Description.Media.Single().ToString(), Does.EndWith(
            "a=file-transfer-id:aCQYuBRVoUPGVsFZkCK98vzcX2FXDIk2\r\n"
            + "a=file-selector:type:image/jpeg hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E\r\n"
            + "a=file-disposition:render\r\n"));
        Assert.That(sent.Description.Media.Single().Contains("sendonly"));
        Assert.That(AnswerCheck.Check(offer, sent.Description), Is.Empty);
        Assert.That(unknown.Lines.Single().Refusal, Is.EqualTo(LineRefusal.Declined));
    }

    [Test]
    [Description("SDP-29")]
    public void An_offer_of_a_file_has_what_it_must_have_or_is_not_made()
    {
        var named = new FileTransfer { Selector = new FileSelector { Name = "a.txt" }, TransferId = "id1" };

        Assert.That(() => SdpOfferer.CreateOffer(SdpSamples.Sender, MessageOffer.Push(named)), Throws.ArgumentException);
        Assert.That(() => SdpOfferer.CreateOffer(SdpSamples.Sender, MessageOffer.Push(SdpSamples.Push with { TransferId = null })), Throws.ArgumentException);
        Assert.That(() => SdpOfferer.CreateOffer(SdpSamples.Sender, new MessageOffer { File = SdpSamples.Push }), Throws.ArgumentException);
        Assert.That(SdpOfferer.CreateOffer(SdpSamples.Sender, MessageOffer.Pull(named)).Media.Single().Contains("recvonly"));
    }

    [Test]
    [Description("D57")]
    public void A_transfer_id_is_32_random_characters_of_a_token()
    {
        var ids = Enumerable.Range(0, 100).Select(_ => SdpIdentifiers.Random.NewFileTransferId()).ToList();

        Assert.That(ids, Is.Unique);
        Assert.That(ids, Has.All.Length.EqualTo(32));
        Assert.That(() => ids.Select(id => SdpSamples.Push with { TransferId = id }).Count(), Throws.Nothing);
        Assert.That(SdpIdentifiers.Random.NewSessionId(), Does.Match("^[0-9]{1,19}$"));
    }

    [Test]
    [Description("SDP-36")]
    public void A_resumed_push_with_everything_is_written_in_one_order()
    {
        var rest = SdpSamples.Push with
        {
            Disposition = "attachment",
            Date = new FileDate { Modification = new DateTimeOffset(2024, 2, 29, 1, 2, 3, TimeSpan.Zero) },
            Icon = "icon1@psa.domain.com",
            Range = new FileRange(2049, 4385),
        };
        var offer = SdpOfferer.CreateOffer(SdpSamples.Sender, MessageOffer.Push(rest) with { Information = "The rest" });

        Assert.That(offer.Media.Single().ToString(), Does.StartWith("m=message 7654 TCP/MSRP *\r\ni=The rest\r\na=setup:actpass\r\n").And.EndsWith(
            "a=file-disposition:attachment\r\na=file-date:modification:\"Thu, 29 Feb 2024 01:02:03 +0000\"\r\na=file-icon:cid:icon1@psa.domain.com\r\na=file-range:2049-4385\r\n"));
    }

    private static SessionDescription FileOffer(string selector, string id, string attributes = "") =>
        SdpSamples.Offer($"a=sendonly\r\na=file-transfer-id:{id}\r\na=file-selector{(selector.Length > 0 ? ":" : "")}{selector}\r\n{attributes}");
}
