using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Samples.SipCore;
using SipPush.Sip;

namespace SipPush.Tests.Samples;

public sealed class SipCoreRegistrarTests
{
    [Test]
    public async Task A_registration_gets_its_GRUUs_its_features_and_a_service_route()
    {
        await using var scene = await CoreScene.StartAsync();

        var answer = await scene.RegisterBobAsync();

        var contact = answer.Addresses(SipHeaderNames.Contact).Single();
        Assert.That(contact.Address.ToString(), Is.EqualTo("sip:bob@192.0.2.4:5060"));
        Assert.That(contact.Parameters.Get("pub-gruu"), Is.EqualTo($"sip:bob@example.com;gr={CoreScene.Instance}"));
        Assert.That(contact.Parameters.Get("temp-gruu"), Does.StartWith("sip:tgruu.").And.EndWith("@example.com;gr"));
        Assert.That(contact.Parameters.Get("+sip.instance"), Is.EqualTo($"<{CoreScene.Instance}>"));
        Assert.That(contact.Parameters.Get("+g.oma.pusheventapp"), Is.EqualTo("mms.ua,wml.ua"));
        Assert.That(contact.Parameters.Get("expires"), Is.EqualTo("3600"));
        Assert.That(answer[SipHeaderNames.ServiceRoute].ToString(), Is.EqualTo("<sip:192.0.2.1:5060;lr>"));
        Assert.That(answer[SipHeaderNames.PAssociatedUri].ToString(), Is.EqualTo("<sip:bob@example.com>"));
        Assert.That(answer.Contains(SipHeaderNames.Date), Is.True);
    }

    [Test]
    public async Task A_refresh_gets_another_temporary_GRUU_and_a_fresh_interval()
    {
        await using var scene = await CoreScene.StartAsync();
        var first = await scene.RegisterBobAsync();
        scene.Clock.Advance(TimeSpan.FromSeconds(1000));

        var second = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 2));

        var contact = second.Addresses(SipHeaderNames.Contact).Single();
        Assert.That(contact.Parameters.Get("expires"), Is.EqualTo("3600"));
        Assert.That(contact.Parameters.Get("temp-gruu"), Is.Not.EqualTo(first.Addresses(SipHeaderNames.Contact).Single().Parameters.Get("temp-gruu")));
    }

    [Test]
    public async Task Too_short_an_interval_is_refused_with_the_shortest_there_is()
    {
        await using var scene = await CoreScene.StartAsync();

        var answer = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(expires: 59));

        Assert.That(answer.StatusCode, Is.EqualTo(423));
        Assert.That(answer[SipHeaderNames.MinExpires].ToString(), Is.EqualTo("60"));
    }

    [TestCase("<sip:bob@192.0.2.4:5060>;expires=100", 3600, "100")]
    [TestCase("<sip:bob@192.0.2.4:5060>", null, "3600")]
    [TestCase("<sip:bob@192.0.2.4:5060>", 100_000, "7200")]
    public async Task The_contacts_own_parameter_wins_over_the_header_and_both_over_the_default(string contact, int? header, string granted)
    {
        await using var scene = await CoreScene.StartAsync();

        var answer = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(contact: contact, expires: header));

        Assert.That(answer.Addresses(SipHeaderNames.Contact).Single().Parameters.Get("expires"), Is.EqualTo(granted));
    }

    [Test]
    public async Task An_old_CSeq_changes_nothing()
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 7));

        var late = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 6, contact: "<sip:new@192.0.2.4>, <sip:bob@192.0.2.4:5060>;expires=0"));
        var query = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 8).Replace($"Contact: ", "X-None: ", StringComparison.Ordinal));

        Assert.That(late.StatusCode, Is.EqualTo(400));
        Assert.That(query.Addresses(SipHeaderNames.Contact).Select(contact => contact.Address.ToString()), Is.EqualTo(["sip:bob@192.0.2.4:5060"]));
    }

    [TestCase("*", 3600, 400)]
    [TestCase("*, <sip:bob@192.0.2.4>", 0, 400)]
    [TestCase("*", 0, 200)]
    public async Task A_star_removes_all_and_stands_alone_with_Expires_0(string contact, int expires, int status)
    {
        await using var scene = await CoreScene.StartAsync();
        await scene.RegisterBobAsync();

        var answer = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 2, contact: contact, expires: expires));

        Assert.That(answer.StatusCode, Is.EqualTo(status));
        Assert.That(answer.Contains(SipHeaderNames.Contact), Is.False);
    }

    [TestCase("<sip:bob@example.com>")]
    [TestCase($"<sip:bob@EXAMPLE.com;gr={CoreScene.Instance}>")]
    [TestCase("<sip:bob@192.0.2.1:5062>")]
    public async Task A_contact_that_leads_back_to_the_core_is_refused(string contact)
    {
        await using var scene = await CoreScene.StartAsync();

        var answer = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(contact: contact));

        Assert.That(answer.StatusCode, Is.EqualTo(403));
    }

    [Test]
    public async Task An_eleventh_contact_is_refused_and_the_ten_stay()
    {
        await using var scene = await CoreScene.StartAsync();
        var ten = string.Join(", ", Enumerable.Range(1, 10).Select(i => $"<sip:bob@192.0.2.4:{5060 + i}>"));

        var taken = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(contact: ten));
        var refused = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 2, contact: "<sip:bob@192.0.2.4:6000>"));

        Assert.That(taken.Addresses(SipHeaderNames.Contact).Count(), Is.EqualTo(10));
        Assert.That(refused.StatusCode, Is.EqualTo(403));
    }

    [Test]
    public async Task With_users_the_password_is_asked_for_and_only_the_own_address_may_be_registered()
    {
        await using var scene = await CoreScene.StartAsync(options => options with { Users = new Dictionary<string, string> { ["bob"] = "secret", ["eve"] = "e" } });

        var challenged = await scene.Bob.AskAsync(CoreScene.Open, scene.Register());
        var bobs = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 2, more: Authorization(challenged, "bob", "secret")));
        var wrong = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 3, more: Authorization(bobs.StatusCode == 200 ? challenged : bobs, "bob", "guess")));
        challenged = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 4));
        var eves = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 5, more: Authorization(challenged, "eve", "e")));

        Assert.That(challenged.StatusCode, Is.EqualTo(401));
        Assert.That(bobs.StatusCode, Is.EqualTo(200));
        Assert.That(wrong.StatusCode, Is.EqualTo(401));
        Assert.That(eves.StatusCode, Is.EqualTo(403));
    }

    [Test]
    public async Task The_application_server_hears_of_registration_and_of_its_end()
    {
        await using var scene = await CoreScene.StartAsync(CoreScene.WithServer);

        await scene.RegisterBobAsync();
        var told = await scene.Server.NextRequestAsync();
        await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 2, expires: 0));
        var over = await scene.Server.NextRequestAsync();

        Assert.That(told.Method, Is.EqualTo(SipMethod.Register));
        Assert.That(told.RequestUriText.ToString(), Is.EqualTo("sip:192.0.2.10:5080"));
        Assert.That(told.TopVia.SentBy.ToString(), Is.EqualTo("192.0.2.1:5062"), "it comes from the trusted side");
        Assert.That(told.From.Address.ToString(), Is.EqualTo("sip:registrar.example.com"));
        Assert.That(told[SipHeaderNames.Contact].ToString(), Is.EqualTo("<sip:registrar.example.com>"));
        Assert.That(told[SipHeaderNames.To].ToString(), Is.EqualTo("<sip:bob@example.com>"));
        Assert.That(told.Expires, Is.EqualTo(TimeSpan.FromHours(1)));
        Assert.That(over.Expires, Is.EqualTo(TimeSpan.Zero));
        Assert.That(over.CallId, Is.EqualTo(told.CallId));
        Assert.That(over.CSeq.Number, Is.EqualTo(told.CSeq.Number + 1));
    }

    [Test]
    public async Task The_third_party_REGISTER_carries_both_messages_without_the_credentials()
    {
        await using var scene = await CoreScene.StartAsync(CoreScene.WithServer);

        await scene.Bob.AskAsync(CoreScene.Open, scene.Register(more: "Authorization: Digest username=\"bob\"\n"));
        var told = await scene.Server.NextRequestAsync();

        Assert.That(MultipartBody.TryParse(told, out var multipart), Is.True);
        var register = SipRequest.Parse(multipart!.Parts[0].Content.Span);
        var answer = SipResponse.Parse(multipart.Parts[1].Content.Span);
        Assert.That(multipart.Parts.Select(part => part.ContentType.ToString()), Is.EqualTo(["message/sip", "message/sip"]));
        Assert.That(register.Contains(SipHeaderNames.Authorization), Is.False);
        Assert.That(answer.Addresses(SipHeaderNames.Contact).Single().Parameters.Get("pub-gruu"), Is.Not.Null);
    }

    [Test]
    public async Task The_clock_ends_a_registration_and_the_application_server_hears_of_it()
    {
        await using var scene = await CoreScene.StartAsync(CoreScene.WithServer);
        await scene.RegisterBobAsync();
        await scene.Server.NextRequestAsync();

        scene.Clock.Advance(TimeSpan.FromSeconds(3600));
        var over = await scene.Server.NextRequestAsync();
        var answer = await scene.Server.AskAsync(CoreScene.Trusted, scene.Message());

        Assert.That(over.Expires, Is.EqualTo(TimeSpan.Zero));
        Assert.That(over.Body.IsEmpty, Is.True);
        Assert.That(answer.StatusCode, Is.EqualTo(480));
    }

    [TestCase(DefaultHandling.Continue, 1)]
    [TestCase(DefaultHandling.Terminate, 0)]
    public async Task What_becomes_of_a_registration_the_application_server_refuses_is_an_option(DefaultHandling handling, int contacts)
    {
        await using var scene = await CoreScene.StartAsync(options => CoreScene.WithServer(options) with { OnPsaFailure = handling });
        await scene.RegisterBobAsync();
        await scene.Server.NextRequestAsync(answer: 500);

        if (handling == DefaultHandling.Terminate)
        {
            Assert.That((await scene.Server.NextRequestAsync()).Expires, Is.EqualTo(TimeSpan.Zero));
        }

        var query = await scene.Bob.AskAsync(CoreScene.Open, scene.Register(cseq: 8).Replace("Contact: ", "X-None: ", StringComparison.Ordinal));

        Assert.That(query.Addresses(SipHeaderNames.Contact).Count(), Is.EqualTo(contacts));
    }

    private static string Authorization(SipResponse challenged, string user, string password)
    {
        using var request = new SipRequestBuilder(SipMethod.Register, SipUri.Parse("sip:example.com"));
        var credentials = new DigestClient([new SipCredential(user, password)], () => "c", NullLogger.Instance).Begin();
        Assert.That(credentials.TryAnswer(challenged), Is.True);
        credentials.Apply(request);
        return $"Authorization: {request.Build()[SipHeaderNames.Authorization]}\n";
    }
}
