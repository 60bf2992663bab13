using SipPush.Sip;

namespace SipPush.Tests.Samples;

public sealed class SipCoreProxyTests
{
    private static readonly string Gruu = $"sip:bob@example.com;gr={CoreScene.Instance}";

    [Test]
    public async Task A_MESSAGE_to_a_GRUU_arrives_at_the_contact_and_says_who_was_called()
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.RegisterBobAsync();

        await scene.Server.SendAsync(CoreScene.Trusted, scene.Message(Gruu, "P-Asserted-Identity: <sip:psa@example.com>\nP-Asserted-Service: urn:urn-7:3gpp-service.ims.icsi.omapush\n"));
        var arrived = await scene.Bob.NextRequestAsync(header: "P-Asserted-Identity: <sip:mallory@example.com>");
        var answer = await scene.Server.NextResponseAsync();

        var vias = arrived.Values(SipHeaderNames.Via).Select(value => value.ToString()).ToArray();
        Assert.That(arrived.RequestUriText.ToString(), Is.EqualTo("sip:bob@192.0.2.4:5060"));
        Assert.That(arrived[SipHeaderNames.PCalledPartyId].ToString(), Is.EqualTo($"<{Gruu}>"));
        Assert.That(arrived[SipHeaderNames.PAssertedIdentity].ToString(), Is.EqualTo("<sip:psa@example.com>"));
        Assert.That(arrived.Contains(SipHeaderNames.PAssertedService), Is.False);
        Assert.That(arrived.MaxForwards, Is.EqualTo(69));
        Assert.That(vias, Has.Length.EqualTo(2));
        Assert.That(vias[0], Does.StartWith("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK"));
        Assert.That(vias[1], Does.Contain("received=192.0.2.10").And.Contain("rport=5080"));
        Assert.That(answer.StatusCode, Is.EqualTo(200));
        Assert.That(answer.Values(SipHeaderNames.Via).Count(), Is.EqualTo(1));
        Assert.That(answer.Lines(SipHeaderNames.PAssertedIdentity).Select(value => value.ToString()), Is.EqualTo(["<sip:bob@example.com>"]));
    }

    [Test]
    public async Task A_temporary_GRUU_arrives_until_the_Call_ID_changes()
    {
        await using var scene = await CoreScene.StartAsync();
        var temporary = (await scene.RegisterBobAsync()).Addresses(SipHeaderNames.Contact).Single().Parameters.Get("temp-gruu")!;

        await scene.Server.SendAsync(CoreScene.Trusted, scene.Message(temporary));
        var arrived = await scene.Bob.NextRequestAsync();
        await scene.Server.NextResponseAsync();
        await scene.Bob.AskAsync(CoreScene.Open, scene.Register(callId: "bob-2"));
        var refused = await scene.Server.AskAsync(CoreScene.Trusted, scene.Message(temporary));

        Assert.That(arrived[SipHeaderNames.PCalledPartyId].ToString(), Is.EqualTo($"<{temporary}>"));
        Assert.That(refused.StatusCode, Is.EqualTo(404));
    }

    [TestCase("sip:bob@example.com;gr=urn:uuid:00000000-0000-0000-0000-000000000000", "", 480)]
    [TestCase("sip:bob@example.com", "Accept-Contact: *;+g.oma.pusheventapp=\"ulp.ua\";require;explicit\n", 480)]
    [TestCase("sip:nobody@example.com", "", 404)]
    [TestCase("sip:tgruu.AAAA@example.com;gr", "", 404)]
    [TestCase("tel:+123456", "", 416)]
    public async Task What_leads_to_no_contact_is_answered_at_the_core(string to, string more, int status)
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.RegisterBobAsync();

        var answer = await scene.Server.AskAsync(CoreScene.Trusted, scene.Message(to, more));

        Assert.That(answer.StatusCode, Is.EqualTo(status));
    }

    [Test]
    public async Task Accept_Contact_chooses_the_contact_that_has_the_application()
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.Bob.AskAsync(CoreScene.Open, scene.Register(
            contact: "<sip:bob@192.0.2.4:5060>;q=0.1;+g.oma.pusheventapp=\"mms.ua\", <sip:bob@192.0.2.5:5060>;q=0.9;+g.oma.pusheventapp=\"wml.ua\""));

        await scene.Server.SendAsync(CoreScene.Trusted, scene.Message(more: "Accept-Contact: *;+g.oma.pusheventapp=\"mms.ua\";require;explicit\n"));
        var arrived = await scene.Bob.NextRequestAsync();

        Assert.That(arrived.RequestUriText.ToString(), Is.EqualTo("sip:bob@192.0.2.4:5060"));
        Assert.That((await scene.Server.NextResponseAsync()).StatusCode, Is.EqualTo(200));
    }

    [Test]
    public async Task Several_contacts_are_tried_by_q_until_one_takes_it()
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.Bob.AskAsync(CoreScene.Open, scene.Register(contact: "<sip:bob@192.0.2.4:5060>;q=0.1, <sip:bob@192.0.2.5:5060>;q=0.9"));

        await scene.Server.SendAsync(CoreScene.Trusted, scene.Message());
        await scene.Alice.NextRequestAsync(answer: 486);
        await scene.Bob.NextRequestAsync(answer: 202);

        Assert.That((await scene.Server.NextResponseAsync()).StatusCode, Is.EqualTo(202));
    }

    [Test]
    public async Task A_contact_that_stays_silent_gives_way_to_the_next()
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.Bob.AskAsync(CoreScene.Open, scene.Register(contact: "<sip:bob@192.0.2.4:5060>;q=0.1, <sip:bob@192.0.2.5:5060>;q=0.9"));

        await scene.Server.SendAsync(CoreScene.Trusted, scene.Message());
        await scene.Alice.NextRequestAsync(answer: 0);
        scene.Clock.Advance(TimeSpan.FromSeconds(10));
        await scene.Bob.NextRequestAsync();

        Assert.That((await scene.Server.NextResponseAsync()).StatusCode, Is.EqualTo(200));
    }

    [TestCase(404, 404)]
    [TestCase(503, 500)]
    [TestCase(603, 603)]
    public async Task The_contacts_refusal_comes_back(int refusal, int status)
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.RegisterBobAsync();

        await scene.Server.SendAsync(CoreScene.Trusted, scene.Message());
        await scene.Bob.NextRequestAsync(answer: refusal);

        Assert.That((await scene.Server.NextResponseAsync()).StatusCode, Is.EqualTo(status));
    }

    [Test]
    public async Task Without_a_hop_left_nothing_is_forwarded()
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.RegisterBobAsync();

        var answer = await scene.Server.AskAsync(CoreScene.Trusted, scene.Message(maxForwards: 0));

        Assert.That(answer.StatusCode, Is.EqualTo(483));
    }

    [Test]
    public async Task What_strangers_assert_is_taken_out()
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.RegisterBobAsync();

        await scene.Alice.SendAsync(CoreScene.Open, scene.Message(
            more: "P-Asserted-Identity: <sip:psa@example.com>\nP-Preferred-Identity: <sip:psa@example.com>\nP-Asserted-Service: urn:x\n", host: "192.0.2.5:5060"));
        var arrived = await scene.Bob.NextRequestAsync();

        Assert.That(arrived.Headers.Select(header => header.Name.ToString()), Has.None.StartsWith("P-Asserted").And.None.StartsWith("P-Preferred"));
    }

    [Test]
    public async Task A_registered_sender_is_asserted_to_the_application_server()
    {
        await using var scene = await CoreScene.StartAsync(CoreScene.WithServer);
        await scene.RegisterBobAsync();
        await scene.Server.NextRequestAsync();

        await scene.Bob.SendAsync(CoreScene.Open, scene.Message("sip:psa@example.com", "Route: <sip:192.0.2.1:5060;lr>\n", host: "192.0.2.4:5060")
            .Replace("From: <sip:psa@", "From: <sip:bob@", StringComparison.Ordinal));
        var arrived = await scene.Server.NextRequestAsync();

        Assert.That(arrived.TopVia.SentBy.ToString(), Is.EqualTo("192.0.2.1:5062"));
        Assert.That(arrived.RequestUriText.ToString(), Is.EqualTo("sip:psa@example.com"));
        Assert.That(arrived[SipHeaderNames.PAssertedIdentity].ToString(), Is.EqualTo("<sip:bob@example.com>"));
        Assert.That(arrived.Contains(SipHeaderNames.Route), Is.False);
    }

    [Test]
    public async Task Privacy_keeps_the_senders_identity_from_the_user_agent()
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.RegisterBobAsync();

        await scene.Server.SendAsync(CoreScene.Trusted, scene.Message(more: "P-Asserted-Identity: <sip:psa@example.com>\nPrivacy: header;id\n"));
        var arrived = await scene.Bob.NextRequestAsync();

        Assert.That(arrived.Contains(SipHeaderNames.PAssertedIdentity), Is.False);
    }

    [Test]
    public async Task The_Path_of_a_registration_is_the_route_to_its_contact()
    {
        await using var scene = await CoreScene.StartAsync();
        var answer = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(more: "Path: <sip:192.0.2.5:5060;lr>, <sip:edge2.example.com;lr>\n"));

        await scene.Server.SendAsync(CoreScene.Trusted, scene.Message());
        var arrived = await scene.Alice.NextRequestAsync();

        Assert.That(answer.Contains(SipHeaderNames.Path), Is.True);
        Assert.That(arrived.Values(SipHeaderNames.Route).Select(value => value.ToString()), Is.EqualTo(["<sip:192.0.2.5:5060;lr>", "<sip:edge2.example.com;lr>"]));
        Assert.That(arrived.RequestUriText.ToString(), Is.EqualTo("sip:bob@192.0.2.4:5060"));
    }

    [Test]
    public async Task Strangers_are_not_relayed_to_other_domains()
    {
        await using var scene = await CoreScene.StartAsync();

        var answer = await scene.Alice.AskAsync(CoreScene.Open, scene.Message("sip:carol@192.0.2.10:5080", host: "192.0.2.5:5060"));

        Assert.That(answer.StatusCode, Is.EqualTo(403));
    }

    [Test]
    public async Task A_request_that_forms_a_dialog_is_record_routed_on_both_sides()
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.RegisterBobAsync();

        await scene.Server.SendAsync(CoreScene.Trusted, scene.Message().Replace("MESSAGE", "SUBSCRIBE", StringComparison.Ordinal));
        var arrived = await scene.Bob.NextRequestAsync();

        Assert.That(arrived.Values(SipHeaderNames.RecordRoute).Select(value => value.ToString()), Is.EqualTo(["<sip:192.0.2.1:5060;lr>", "<sip:192.0.2.1:5062;lr>"]));
    }

    [Test]
    public async Task OPTIONS_to_the_core_is_answered_by_the_core()
    {
        await using var scene = await CoreScene.StartAsync();

        var answer = await scene.Alice.AskAsync(CoreScene.Open, scene.Message("sip:example.com", host: "192.0.2.5:5060").Replace("MESSAGE", "OPTIONS", StringComparison.Ordinal));

        Assert.That(answer.StatusCode, Is.EqualTo(200));
        Assert.That(answer[SipHeaderNames.Allow].ToString(), Is.EqualTo("OPTIONS, REGISTER"));
    }
}
