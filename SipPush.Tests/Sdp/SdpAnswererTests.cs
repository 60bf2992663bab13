using SipPush.Sdp;

namespace SipPush.Tests.Sdp;

public sealed class SdpAnswererTests
{
    private static readonly Fingerprint Certificate = Fingerprint.Of("certificate"u8);

    [Test]
    [Description("SDP-01, SDP-09, SDP-10, SDP-11, SDP-12, SDP-17, SDP-29")]
    public void The_sender_offers_a_push_as_the_golden_flow_has_it()
    {
        var offer = SdpOfferer.CreateOffer(SdpSamples.Sender, MessageOffer.Push(SdpSamples.Push));

        Assert.That(offer.ToString(), Is.EqualTo(SdpSamples.GoldenOffer));
    }

    [Test]
    [Description("SDP-05, SDP-07, SDP-10, SDP-20, SDP-30")]
    public void The_receiver_answers_it_as_the_golden_flow_has_it()
    {
        var answer = SdpAnswerer.Answer(SessionDescription.Parse(SdpSamples.GoldenOffer), SdpSamples.Receiver);

        Assert.That(answer.Description.ToString(), Is.EqualTo(SdpSamples.GoldenAnswer));
        Assert.That(answer.RefusalStatus, Is.Null);
    }

    [Test]
    [Description("SDP-13, SDP-20")]
    public void Then_the_sender_connects_to_the_receiver()
    {
        var offer = SessionDescription.Parse(SdpSamples.GoldenOffer);
        var answer = SessionDescription.Parse(SdpSamples.GoldenAnswer);

        var sender = SdpOfferer.ReadAnswer(offer, answer).Single().Route!;
        var receiver = SdpAnswerer.Answer(offer, SdpSamples.Receiver).Lines.Single().Route!;

        Assert.That((sender.IsActive, sender.Host, sender.Port), Is.EqualTo((true, "userpc.domain.com", 8888)));
        Assert.That(sender.ToPath.Single().Text, Is.EqualTo("msrp://userpc.domain.com:8888/9di4eae923wzdyGvN2;tcp"));
        Assert.That(sender.FromPath.Single().Text, Is.EqualTo("msrp://psa.domain.com:7654/a3cd20b8ae7fjshA7weyGvN1;tcp"));
        Assert.That((sender.MaySend, sender.MayReceive), Is.EqualTo((true, false)));
        Assert.That(receiver.IsActive, Is.False);
        Assert.That((receiver.Host, receiver.Port), Is.EqualTo(("psa.domain.com", 7654)), "where it may connect after all, when nobody comes");
        Assert.That((receiver.MaySend, receiver.MayReceive), Is.EqualTo((false, true)));
    }

    [Description("SDP-18, SDP-19, SDP-20, D53, D68, D74")]
    [TestCase("a=setup:actpass\r\n", true, "passive", false)]
    [TestCase("a=setup:actpass\r\n", false, "active", true)]
    [TestCase("a=setup:active\r\n", true, "passive", false)]
    [TestCase("a=setup:passive\r\n", true, "active", true)]
    [TestCase("a=setup:passive\r\n", false, "active", true)]
    [TestCase("a=setup:holdconn\r\n", true, "passive", false)]
    [TestCase("", true, "passive", false)]
    public void Who_connects_depends_on_both(string offered, bool isReachable, string answered, bool connects)
    {
        var answer = SdpAnswerer.Answer(SdpSamples.Offer(offered), SdpSamples.Receiver with { IsReachable = isReachable });

        var media = answer.Description.Media.Single();
        Assert.That(media.Attribute("setup"), Is.EqualTo(answered));
        Assert.That(answer.Lines.Single().Route!.IsActive, Is.EqualTo(connects));
        Assert.That(media.Port, Is.EqualTo(connects ? 9 : 8888));
        Assert.That(media.Attribute("path"), Does.Contain(connects ? ":9/" : ":8888/"));
        Assert.That((answer.Lines.Single().Route!.Host, answer.Lines.Single().Route!.Port), Is.EqualTo(("192.0.2.1", 7777)));
    }

    [Description("SDP-19")]
    [TestCase("a=setup:active\r\n")]
    [TestCase("")]
    public void Two_sides_that_nobody_can_connect_to_have_no_session(string offered)
    {
        var answer = SdpAnswerer.Answer(SdpSamples.Offer(offered), SdpSamples.Receiver with { IsReachable = false });

        Assert.That(answer.Lines.Single().Refusal, Is.EqualTo(LineRefusal.Unreachable));
        Assert.That(answer.RefusalStatus, Is.EqualTo(488));
    }

    [Test]
    [Description("SDP-17, SDP-10")]
    public void A_sender_that_nobody_can_connect_to_offers_active_with_port_9()
    {
        var offer = SdpOfferer.CreateOffer(SdpSamples.Sender with { IsReachable = false }, new MessageOffer());

        var media = offer.Media.Single();
        Assert.That(media.Port, Is.EqualTo(9));
        Assert.That(media.Attribute("setup"), Is.EqualTo("active"));
        Assert.That(media.Attribute("path"), Does.StartWith("msrp://psa.domain.com:9/"));
    }

    [Test]
    [Description("SDP-19")]
    public void Without_a_role_in_the_answer_the_offerer_connects()
    {
        var offer = SdpOfferer.CreateOffer(SdpSamples.Sender, new MessageOffer());
        var answer = SdpSamples.Offer("");

        Assert.That(SdpOfferer.ReadAnswer(offer, answer).Single().Route!.IsActive);
    }

    [Test]
    [Description("SDP-21")]
    public void A_connection_attribute_is_ignored_and_not_written()
    {
        var answer = SdpAnswerer.Answer(SdpSamples.Offer("a=connection:existing\r\na=setup:actpass\r\n"), SdpSamples.Receiver);

        Assert.That(answer.Description.ToString(), Does.Not.Contain("connection"));
        Assert.That(answer.Description.Media.Single().Attribute("setup"), Is.EqualTo("passive"));
    }

    [Description("SDP-07")]
    [TestCase("sendonly", MediaDirection.SendReceive, "recvonly")]
    [TestCase("recvonly", MediaDirection.SendReceive, "sendonly")]
    [TestCase("inactive", MediaDirection.SendReceive, "inactive")]
    [TestCase("sendrecv", MediaDirection.SendReceive, null)]
    [TestCase("sendrecv", MediaDirection.ReceiveOnly, "recvonly")]
    [TestCase("sendonly", MediaDirection.SendOnly, "inactive")]
    public void A_direction_is_answered_by_its_reverse_or_less(string offered, MediaDirection own, string? answered)
    {
        var answer = SdpAnswerer.Answer(SdpSamples.Offer($"a={offered}\r\n"), SdpSamples.Receiver with { Direction = own });

        string[] directions = ["sendonly", "recvonly", "inactive", "sendrecv"];
        Assert.That(answer.Description.Media.Single().Attributes.Select(attribute => attribute.Name).Intersect(directions), Is.EqualTo(answered is null ? [] : new[] { answered }));
    }

    [Description("SDP-14")]
    [TestCase(488)]
    [TestCase(606)]
    public void No_type_in_common_refuses_the_whole_when_there_is_nothing_else(int status)
    {
        var answer = SdpAnswerer.Answer(SdpSamples.Offer("", types: "text/plain message/cpim"), SdpSamples.Receiver with { RefusalStatus = status });

        Assert.That(answer.RefusalStatus, Is.EqualTo(status));
        Assert.That(answer.Lines.Single().Refusal, Is.EqualTo(LineRefusal.NoCommonType));
        Assert.That(answer.Description.Media.Single().ToString(), Is.EqualTo("m=message 0 TCP/MSRP *\r\n"));
    }

    [Test]
    [Description("SDP-05, SDP-06")]
    public void Each_line_is_answered_in_its_place_and_what_is_not_MSRP_has_port_0()
    {
        var offer = SessionDescription.Parse(
            "v=0\r\no=al 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=3724394400 0\r\n"
            + "m=audio 49170 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n"
            + "m=message 7777 TCP/MSRP *\r\na=accept-types:*\r\na=path:msrp://192.0.2.1:7777/a;tcp\r\n"
            + "m=message 0 TCP/MSRP *\r\na=accept-types:*\r\n"
            + "m=message 7778 TCP/MSRP *\r\na=accept-types:*\r\na=path:nonsense\r\n");

        var answer = SdpAnswerer.Answer(offer, SdpSamples.Receiver);

        Assert.That(answer.Description.ToString(), Is.EqualTo(
            "v=0\r\no=userpc 2890844700 2890844700 IN IP4 userpc.domain.com\r\ns=-\r\nc=IN IP4 userpc.domain.com\r\nt=3724394400 0\r\n"
            + "m=audio 0 RTP/AVP 0 8\r\n"
            + "m=message 8888 TCP/MSRP *\r\na=setup:passive\r\na=accept-types:application/vnd.oma.push\r\na=path:msrp://userpc.domain.com:8888/9di4eae923wzdyGvN3;tcp\r\n"
            + "m=message 0 TCP/MSRP *\r\n"
            + "m=message 0 TCP/MSRP *\r\n"));
        Assert.That(answer.RefusalStatus, Is.Null);
        Assert.That(answer.Lines.Select(line => line.Refusal), Is.EqualTo([LineRefusal.Unusable, LineRefusal.None, LineRefusal.NotOffered, LineRefusal.Unusable]));
        Assert.That(answer.Lines[3].Fault, Is.EqualTo(MessageMediaFault.BadPath));
        Assert.That(AnswerCheck.Check(offer, answer.Description), Is.Empty);
    }

    [Test]
    [Description("SDP-06")]
    public void An_offer_that_ends_a_stream_is_answered_and_not_refused()
    {
        var answer = SdpAnswerer.Answer(SdpSamples.Offer("", "message 0 TCP/MSRP *"), SdpSamples.Receiver);

        Assert.That(answer.RefusalStatus, Is.Null);
        Assert.That(answer.Description.Media.Single().Port, Is.Zero);
    }

    [Test]
    public void More_sessions_than_are_taken_have_port_0()
    {
        var one = SdpSamples.Offer("").Media[0];
        var offer = SdpSamples.Offer("") with { Media = [one, one, one] };

        var answer = SdpAnswerer.Answer(offer, SdpSamples.Receiver with { MaxSessions = 2 });

        Assert.That(answer.Lines.Select(line => line.Refusal), Is.EqualTo([LineRefusal.None, LineRefusal.None, LineRefusal.TooMany]));
    }

    [Test]
    [Description("SDP-16")]
    public void What_the_peer_takes_is_in_the_route()
    {
        var answer = SdpAnswerer.Answer(SdpSamples.Offer("a=max-size:2000\r\n"), SdpSamples.Receiver with { MaxSize = 5_000 });

        Assert.That(answer.Lines.Single().Route!.MaxSize, Is.EqualTo(2_000));
        Assert.That(answer.Description.Media.Single().Attribute("max-size"), Is.EqualTo("5000"));
    }

    [Description("SDP-25")]
    [TestCase(TlsUse.None, false, LineRefusal.None)]
    [TestCase(TlsUse.None, true, LineRefusal.TlsNotSpoken)]
    [TestCase(TlsUse.Allowed, false, LineRefusal.None)]
    [TestCase(TlsUse.Allowed, true, LineRefusal.None)]
    [TestCase(TlsUse.Required, false, LineRefusal.TlsRequired)]
    [TestCase(TlsUse.Required, true, LineRefusal.None)]
    public void TLS_is_spoken_where_both_want_it(TlsUse own, bool isOffered, LineRefusal refusal)
    {
        var offer = isOffered
            ? SdpSamples.Offer($"a=fingerprint:{Fingerprint.Of("peer"u8)}\r\n", "message 7777 TCP/TLS/MSRP *", "msrps://192.0.2.1:7777/P33r;tcp")
            : SdpSamples.Offer("");

        var answer = SdpAnswerer.Answer(offer, SdpSamples.Receiver with { Tls = own, Fingerprints = [Certificate] });

        Assert.That(answer.Lines.Single().Refusal, Is.EqualTo(refusal));
        if (refusal == LineRefusal.None && isOffered)
        {
            var media = answer.Description.Media.Single();
            Assert.That(media.Protocol, Is.EqualTo("TCP/TLS/MSRP"));
            Assert.That(media.Attribute("fingerprint"), Is.EqualTo(Certificate.ToString()));
            Assert.That(media.Attribute("path"), Does.StartWith("msrps://"));
            Assert.That(answer.Lines.Single().Route!.ExpectedFingerprints, Is.EqualTo([Fingerprint.Of("peer"u8)]));
            Assert.That(answer.Lines.Single().Route!.IsSecure);
        }
    }

    [Test]
    [Description("SDP-22")]
    public void With_CEMA_on_both_sides_the_connection_goes_to_the_lines_that_a_middlebox_has_changed()
    {
        var offer = SdpSamples.Offer("a=setup:actpass\r\na=msrp-cema\r\n", "message 4000 TCP/MSRP *");

        var answer = SdpAnswerer.Answer(offer, SdpSamples.Receiver with { SupportsCema = true, IsReachable = false });

        var route = answer.Lines.Single().Route!;
        Assert.That(answer.Description.Media.Single().Contains("msrp-cema"));
        Assert.That((route.IsActive, route.UsesConnectionLine, route.Host, route.Port), Is.EqualTo((true, true, "192.0.2.1", 4000)));
        Assert.That(route.ToPath.Single().Port, Is.EqualTo(7777));
    }

    [Test]
    [Description("SDP-22")]
    public void CEMA_is_offered_with_a_role_and_over_a_relay_with_its_address()
    {
        var sender = SdpSamples.Sender with
        {
            SupportsCema = true,
            NewPath = (_, _) => [PathUri.Parse("msrp://relay.example.com:9000/r;tcp"), PathUri.Parse("msrp://psa.domain.com:7654/s;tcp")],
        };

        var offer = SdpOfferer.CreateOffer(sender, new MessageOffer());

        Assert.That(offer.Connection!.Host, Is.EqualTo("relay.example.com"));
        Assert.That(offer.Media.Single().ToString(), Is.EqualTo(
            "m=message 9000 TCP/MSRP *\r\na=setup:actpass\r\na=accept-types:application/vnd.oma.push\r\na=path:msrp://relay.example.com:9000/r;tcp msrp://psa.domain.com:7654/s;tcp\r\na=msrp-cema\r\n"));
        Assert.That(SdpOfferer.CreateOffer(sender with { SupportsCema = false }, new MessageOffer()).Media.Single().Port, Is.EqualTo(7654));
    }

    [Description("SDP-23")]
    [TestCase("message 4000 TCP/MSRP *", "msrp://192.0.2.1:7777/a;tcp", "", LineRefusal.AddressMismatch)]
    [TestCase("message 7777 TCP/MSRP *", "msrp://192.0.2.9:7777/a;tcp", "", LineRefusal.AddressMismatch)]
    [TestCase("message 4000 TCP/MSRP *", "msrp://192.0.2.1:7777/a;tcp", "a=setup:actpass\r\na=msrp-cema\r\n", LineRefusal.None)]
    [TestCase("message 7777 TCP/MSRP *", "msrp://peer.example.com:7777/a;tcp", "", LineRefusal.None)]
    [TestCase("message 9 TCP/MSRP *", "msrp://192.0.2.1:7777/a;tcp", "a=setup:active\r\n", LineRefusal.None)]
    [TestCase("message 7777 TCP/MSRP *", "msrp://relay.example.com:9000/r;tcp msrp://192.0.2.1:7777/a;tcp", "", LineRefusal.None)]
    public void Lines_that_do_not_fit_the_path_are_refused_without_CEMA(string line, string path, string attributes, LineRefusal refusal)
    {
        var answer = SdpAnswerer.Answer(SdpSamples.Offer(attributes, line, path), SdpSamples.Receiver);

        Assert.That(answer.Lines.Single().Refusal, Is.EqualTo(refusal));
        Assert.That(answer.RefusalStatus, Is.EqualTo(refusal == LineRefusal.None ? null : 488));
    }

    [Test]
    [Description("SDP-23")]
    public void Whether_a_name_is_an_address_is_asked_where_somebody_can_say()
    {
        var offer = SdpSamples.Offer("", path: "msrp://peer.example.com:7777/a;tcp");

        var answer = SdpAnswerer.Answer(offer, SdpSamples.Receiver with { IsSameHost = (one, other) => (one, other) != ("192.0.2.1", "peer.example.com") });

        Assert.That(answer.Lines.Single().Refusal, Is.EqualTo(LineRefusal.AddressMismatch));
    }

    [Description("SDP-24")]
    [TestCase("a=setup:active\r\n", "msrp://192.0.2.9:7777/a;tcp", false, true, false)]
    [TestCase("a=setup:passive\r\n", "msrp://192.0.2.9:7777/a;tcp", false, false, true)]
    [TestCase("a=setup:passive\r\n", "msrp://192.0.2.9:7777/a;tcp", true, true, false)]
    [TestCase("a=setup:passive\r\n", "msrp://192.0.2.8:1/r;tcp msrp://192.0.2.9:7777/a;tcp", false, true, false)]
    [TestCase("a=setup:passive\r\n", "msrp://192.0.2.8:1/r;tcp msrp://192.0.2.1:7777/a;tcp", false, false, false)]
    [TestCase("a=setup:active\r\n", "msrp://192.0.2.1:7777/a;tcp", false, false, false)]
    public void An_answer_without_CEMA_leads_to_another_offer_where_a_middlebox_is_between(string role, string path, bool ownRelay, bool needsOffer, bool usesLine)
    {
        var sender = SdpSamples.Sender with { SupportsCema = true };
        if (ownRelay)
        {
            sender = sender with { NewPath = (_, _) => [PathUri.Parse("msrp://relay.example.com:9000/r;tcp"), PathUri.Parse("msrp://psa.domain.com:7654/s;tcp")] };
        }

        var route = SdpOfferer.ReadAnswer(SdpOfferer.CreateOffer(sender, new MessageOffer()), SdpSamples.Offer(role, path: path)).Single().Route!;

        Assert.That((route.NeedsOfferWithoutCema, route.UsesConnectionLine), Is.EqualTo((needsOffer, usesLine)));
    }

    [Test]
    [Description("SDP-22")]
    public void Two_relays_can_not_have_CEMA()
    {
        var offer = SdpSamples.Offer("a=setup:actpass\r\na=msrp-cema\r\n", path: "msrp://r.example.com:1/r;tcp msrp://192.0.2.1:7777/a;tcp");

        var answer = SdpAnswerer.Answer(offer, SdpSamples.Receiver with
        {
            SupportsCema = true,
            NewPath = (_, _) => [PathUri.Parse("msrp://relay.example.com:9000/r;tcp"), PathUri.Parse("msrp://userpc.domain.com:8888/s;tcp")],
        });

        Assert.That(answer.Description.Media.Single().Contains("msrp-cema"), Is.False);
        Assert.That(answer.Lines.Single().Route!.Host, Is.EqualTo("r.example.com"));
    }

    [Test]
    [Description("SDP-38")]
    public void What_can_be_done_is_told_with_port_0_and_an_empty_selector()
    {
        var description = SdpAnswerer.DescribeCapabilities(SdpSamples.Receiver with { MaxSize = 20_000, AcceptTypes = new AcceptTypes("message/cpim"), AcceptWrappedTypes = AcceptTypes.Any });

        // RFC 5547 §9.3
        Assert.That(description.ToString(), Is.EqualTo(
            "v=0\r\no=userpc 2890844700 2890844700 IN IP4 userpc.domain.com\r\ns=-\r\nc=IN IP4 userpc.domain.com\r\nt=0 0\r\n"
            + "m=message 0 TCP/MSRP *\r\na=accept-types:message/cpim\r\na=accept-wrapped-types:*\r\na=max-size:20000\r\na=file-selector\r\n"));
    }

    [Test]
    public void A_path_that_lacks_what_it_must_have_is_a_mistake_of_the_program()
    {
        Assert.That(() => SdpOfferer.CreateOffer(SdpSamples.Sender with { NewPath = (_, _) => [] }, new MessageOffer()), Throws.InvalidOperationException);
        Assert.That(() => SdpOfferer.CreateOffer(SdpSamples.Sender with { NewPath = (_, _) => [PathUri.Parse("msrp://a.example.com/b;tcp")] }, new MessageOffer()), Throws.InvalidOperationException);
        Assert.That(() => SdpOfferer.CreateOffer(SdpSamples.Sender with { NewPath = (_, _) => [PathUri.Parse("msrps://a.example.com:1/b;tcp")] }, new MessageOffer()), Throws.InvalidOperationException);
    }
}
