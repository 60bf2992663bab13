using Microsoft.Extensions.Logging;
using SipPush.Sip;
using static SipPush.Tests.Sip.Authentication.DigestWire;

namespace SipPush.Tests.Sip.Authentication;

public sealed class RequestCredentialsTests
{
    private int _cnonces;
    private readonly List<string> _logged = [];

    private DigestClient Client(params SipCredential[] credentials) => new(
        credentials.Length == 0 ? [new SipCredential("bob", "zanzibar")] : credentials,
        () => Interlocked.Increment(ref _cnonces) == 1 ? "0a4f113b" : $"c{_cnonces}",
        new ListLogger(_logged));

    private static string Challenge(string nonce, string realm = "domain.com", string more = "") => $"realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\"{more}";

    private static SipRequest Send(RequestCredentials credentials, SipRequestBuilder? request = null)
    {
        request ??= Request();
        credentials.Apply(request);
        return request.Received();
    }

    [Test, Description("SIP-73")]
    public void A_challenge_is_answered()
    {
        var credentials = Client().Begin();
        Assert.That(Send(credentials).Contains(SipHeaderNames.Authorization), Is.False);

        Assert.That(credentials.TryAnswer(Unauthorized(Challenge("84a4cc6f3082121f32b42a2187831a9e"))), Is.True);

        Assert.That(Send(credentials)[SipHeaderNames.Authorization].ToString(), Is.EqualTo(
            "Digest username=\"bob\", realm=\"domain.com\", nonce=\"84a4cc6f3082121f32b42a2187831a9e\", uri=\"sip:registrar.domain.com\", " +
            "response=\"bf444003280518e2b5310a66b588573c\", cnonce=\"0a4f113b\", qop=auth, nc=00000001"));
    }

    [Test, Description("SIP-73")]
    public void The_body_is_covered_where_only_that_is_offered()
    {
        var credentials = Client().Begin();
        credentials.TryAnswer(Unauthorized("realm=\"domain.com\", nonce=\"84a4cc6f3082121f32b42a2187831a9e\", qop=\"auth-int\", algorithm=SHA-256, opaque=\"o\""));

        var sent = Sent(Send(credentials, Request(body: "Hello, world")))[0];

        Assert.That((sent.Response, sent.Qop, sent.Opaque), Is.EqualTo(("c99d232db8a4ec206a27b7cf546fbb9329e8bf49d27a6db5ca11be7244253d20", "auth-int", "o")));
    }

    [Test]
    public void Of_both_the_one_that_proxies_can_not_break_is_taken()
    {
        var credentials = Client().Begin();
        credentials.TryAnswer(Unauthorized("realm=\"domain.com\", nonce=\"n\", qop=\"auth-int, new,auth\""));

        Assert.That(Sent(Send(credentials))[0].Qop, Is.EqualTo("auth"));
    }

    [Test]
    public void A_session_key_keeps_its_cnonce()
    {
        var client = Client();
        var credentials = client.Begin();
        credentials.TryAnswer(Unauthorized(Challenge("84a4cc6f3082121f32b42a2187831a9e", more: ", algorithm=MD5-sess")));

        var first = Sent(Send(credentials))[0];
        var second = Sent(Send(client.Begin()))[0];

        Assert.That(first.Response, Is.EqualTo("1d93e6c1efcd69cdf3585b3dba689c5a"));
        Assert.That((second.Cnonce, second.NonceCount), Is.EqualTo((first.Cnonce, (uint?)2)));
    }

    // RFC 7616 §3.4.4
    [Test]
    public void A_hash_is_sent_in_place_of_the_name_where_it_is_asked_for()
    {
        var credentials = Client(new SipCredential("J\u00E4s\u00F8n Doe", "Secret, or not?")).Begin();
        credentials.TryAnswer(Unauthorized("realm=\"api@example.org\", nonce=\"n\", qop=\"auth\", algorithm=SHA-512-256, charset=UTF-8, userhash=true"));

        var sent = Sent(Send(credentials))[0];

        Assert.That((sent.UserName, sent.UserHash), Is.EqualTo(("793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b", true)));
    }

    [Test, Description("SIP-74")]
    public void Of_one_realm_the_first_supported_challenge_is_answered()
    {
        var credentials = Client().Begin();

        credentials.TryAnswer(Unauthorized(
            Challenge("a", more: ", algorithm=SHA-999"),
            "realm=\"domain.com\", nonce=\"b\", qop=\"new\"",
            "realm=\"domain.com\", nonce=\"c\", algorithm=MD5-sess",
            Challenge("d", more: ", algorithm=SHA-256"),
            Challenge("e")));

        Assert.That(Sent(Send(credentials)).Select(sent => (sent.Nonce, sent.AlgorithmName)), Is.EqualTo(new[] { ("d", "SHA-256") }));
    }

    [Test, Description("SIP-74")]
    public void Realms_are_answered_each_with_its_own_credential()
    {
        var credentials = Client(new("any", "1"), new("two", "2", "second")).Begin();

        credentials.TryAnswer(Unauthorized(Challenge("a", "first"), Challenge("b", "second")));

        Assert.That(Sent(Send(credentials)).Select(sent => (sent.Realm, sent.UserName)), Is.EqualTo(new[] { ("first", "any"), ("second", "two") }));
    }

    [Test]
    public void A_proxy_that_asks_is_answered_beside_the_registrar()
    {
        var credentials = Client().Begin();
        credentials.TryAnswer(Response(407, $"Proxy-Authenticate: Digest {Challenge("p")}"));

        Assert.That(credentials.TryAnswer(Unauthorized(Challenge("w"))), Is.True);

        var request = Send(credentials);
        Assert.That(Sent(request).Select(sent => sent.Nonce), Is.EqualTo(["w"]));
        Assert.That(Sent(request, proxy: true).Select(sent => sent.Nonce), Is.EqualTo(["p"]));
    }

    // RFC 8760 §2.5
    [Test]
    public void The_challenges_that_a_forking_proxy_gathered_are_answered_together()
    {
        var credentials = Client().Begin();

        credentials.TryAnswer(Response(401, $"Proxy-Authenticate: Digest {Challenge("p")}", $"WWW-Authenticate: Digest {Challenge("w", "other")}"));

        var request = Send(credentials);
        Assert.That((Sent(request).Length, Sent(request, proxy: true).Length), Is.EqualTo((1, 1)));
    }

    [Test]
    public void What_cannot_be_answered_ends_the_attempt()
    {
        var client = Client(new SipCredential("bob", "zanzibar", "elsewhere"));

        foreach (var response in new[]
        {
            Unauthorized(Challenge("a")),
            Unauthorized(Challenge("a", "elsewhere", ", algorithm=SHA-999")),
            Response(401, "WWW-Authenticate: Basic realm=\"elsewhere\""),
            Unauthorized(),
            Response(403, $"WWW-Authenticate: Digest {Challenge("a", "elsewhere")}"),
        })
        {
            Assert.That(client.Begin().TryAnswer(response), Is.False, response.ToString());
        }
    }

    [TestCase("a")]
    [TestCase("b")]
    [Description("SIP-75")]
    public void A_challenge_repeated_without_stale_ends_the_attempt(string nonce)
    {
        var client = Client();
        var credentials = client.Begin();
        credentials.TryAnswer(Unauthorized(Challenge("a")));

        Assert.That(credentials.TryAnswer(Unauthorized(Challenge(nonce))), Is.False);
        Assert.That(credentials.TryAnswer(Unauthorized(Challenge("c", "another"))), Is.False, "it stays ended");
        Assert.That(Sent(Send(client.Begin())), Is.Empty, "nothing refused is sent again unasked");
    }

    [Test, Description("SIP-75")]
    public void A_stale_nonce_is_replaced_by_the_new_one()
    {
        var credentials = Client().Begin();
        credentials.TryAnswer(Unauthorized(Challenge("a")));
        Send(credentials);

        Assert.That(credentials.TryAnswer(Unauthorized(Challenge("b", more: ", stale=true"))), Is.True);

        Assert.That(Sent(Send(credentials)).Select(sent => (sent.Nonce, sent.NonceCount)), Is.EqualTo(new[] { ("b", (uint?)1) }));
    }

    [Test, Description("SIP-75")]
    public void A_server_that_calls_every_nonce_stale_is_given_up()
    {
        var client = Client();
        var credentials = client.Begin();

        var answers = Enumerable.Range(0, 10).TakeWhile(n => credentials.TryAnswer(Unauthorized(Challenge($"{n}", more: ", stale=true")))).Count();

        Assert.That(answers, Is.EqualTo(4));
        Assert.That(Sent(Send(client.Begin())), Is.Empty);
    }

    [Test, Description("SIP-75")]
    public void A_server_that_finds_ever_new_realms_is_given_up()
    {
        var credentials = Client().Begin();

        var answers = Enumerable.Range(0, 10).TakeWhile(n => credentials.TryAnswer(Unauthorized(Challenge("n", $"{n}")))).Count();

        Assert.That(answers, Is.EqualTo(4));
    }

    [Test]
    public void A_hundred_realms_get_eight_answers_and_push_out_no_more_than_that()
    {
        var client = Client();
        var credentials = client.Begin();

        Assert.That(credentials.TryAnswer(Unauthorized([.. Enumerable.Range(0, 100).Select(n => Challenge("n", $"{n}"))])), Is.True);

        Assert.That(Sent(Send(credentials)), Has.Length.EqualTo(8));
        Assert.That(Sent(Send(client.Begin())), Has.Length.EqualTo(8));
    }

    [Test]
    public void Past_eight_realms_the_oldest_is_forgotten()
    {
        var client = Client();
        for (var n = 0; n < 9; n++)
        {
            client.Begin().TryAnswer(Unauthorized(Challenge("n", $"{n}")));
        }

        Assert.That(Sent(Send(client.Begin())).Select(sent => sent.Realm), Is.EqualTo(["1", "2", "3", "4", "5", "6", "7", "8"]));
    }

    [Test, Description("SIP-77")]
    public void The_nonce_count_rises_with_each_sending()
    {
        var client = Client();
        var credentials = client.Begin();
        credentials.TryAnswer(Unauthorized(Challenge("a")));

        var counts = new[] { credentials, credentials, client.Begin(), client.Begin() }.Select(each => Sent(Send(each))[0].NonceCount).ToArray();

        Assert.That(counts, Is.EqualTo(new uint?[] { 1, 2, 3, 4 }));
    }

    [Test, Description("SIP-77")]
    public void Threads_share_a_count_and_none_is_used_twice()
    {
        var client = Client();
        client.Begin().TryAnswer(Unauthorized(Challenge("a")));
        var counts = new uint[200];

        Parallel.For(0, counts.Length, i => counts[i] = Sent(Send(client.Begin()))[0].NonceCount!.Value);

        Assert.That(counts.Order(), Is.EqualTo(Enumerable.Range(1, 200)));
    }

    [Test, Description("SIP-77")]
    public void Requests_challenged_at_once_do_not_end_each_other_and_share_a_count()
    {
        var client = Client();
        var (one, two) = (client.Begin(), client.Begin());

        Assert.That(one.TryAnswer(Unauthorized(Challenge("a"))), Is.True);
        Assert.That(two.TryAnswer(Unauthorized(Challenge("a"))), Is.True);

        Assert.That((Sent(Send(one))[0].NonceCount, Sent(Send(two))[0].NonceCount), Is.EqualTo(((uint?)1, (uint?)2)));
    }

    [Test]
    public void An_answer_given_unasked_may_be_asked_for_once_more()
    {
        var client = Client();
        client.Begin().TryAnswer(Unauthorized(Challenge("a")));
        var next = client.Begin();

        Assert.That(next.TryAnswer(Unauthorized(Challenge("b"))), Is.True);
        Assert.That(next.TryAnswer(Unauthorized(Challenge("c"))), Is.False);
    }

    [Test]
    public void Without_qop_there_is_no_count()
    {
        var credentials = Client().Begin();

        credentials.TryAnswer(Unauthorized("realm=\"domain.com\", nonce=\"84a4cc6f3082121f32b42a2187831a9e\""));

        var sent = Sent(Send(credentials))[0];
        Assert.That((sent.Qop, sent.Cnonce, sent.NonceCount, sent.Response), Is.EqualTo(((string?)null, (string?)null, (uint?)null, "54c6e116aff08bee87de6777ba6617bf")));
    }

    // RFC 3261 §22.1
    [Test]
    public void An_ACK_repeats_what_its_INVITE_had()
    {
        var credentials = Client().Begin();
        credentials.TryAnswer(Response(407, $"Proxy-Authenticate: Digest {Challenge("a")}"));
        var invite = Send(credentials, Request("INVITE", "sip:alice@domain.com", "v=0"));

        var ack = Request("ACK", "sip:alice@192.0.2.7");
        credentials.Repeat(ack);

        Assert.That(ack.Received()[SipHeaderNames.ProxyAuthorization], Is.EqualTo(invite[SipHeaderNames.ProxyAuthorization]));
    }

    [Test]
    public void Without_credentials_what_the_application_put_in_stays()
    {
        var credentials = new DigestClient([], () => "c", new ListLogger(_logged)).Begin();
        var request = Request();
        request.Add(SipHeaderNames.Authorization, "Own x=y");

        credentials.Apply(request);

        Assert.That(request.Received()[SipHeaderNames.Authorization].ToString(), Is.EqualTo("Own x=y"));
        Assert.That(credentials.TryAnswer(Unauthorized(Challenge("a"))), Is.False);
    }

    // RFC 7616 §3.5
    [Test]
    public void The_next_nonce_is_used_for_the_next_request()
    {
        var client = Client();
        var credentials = client.Begin();
        credentials.TryAnswer(Unauthorized(Challenge("a", more: ", opaque=\"o\"")));
        Send(credentials);

        credentials.TryAnswer(Response(200, "Authentication-Info: nextnonce=\"b\""));

        var sent = Sent(Send(client.Begin()))[0];
        Assert.That((sent.Nonce, sent.NonceCount, sent.Opaque), Is.EqualTo(("b", (uint?)1, "o")));
    }

    [Test]
    public void Of_several_realms_the_cnonce_tells_whose_next_nonce_it_is()
    {
        var client = Client();
        var credentials = client.Begin();
        credentials.TryAnswer(Response(407, $"Proxy-Authenticate: Digest {Challenge("a", "first")}", $"Proxy-Authenticate: Digest {Challenge("b", "second")}"));
        var cnonce = Sent(Send(credentials), proxy: true)[1].Cnonce;

        credentials.TryAnswer(Response(200, "Proxy-Authentication-Info: nextnonce=\"x\""));
        credentials.TryAnswer(Response(200, $"Proxy-Authentication-Info: nextnonce=\"y\", cnonce=\"{cnonce}\""));

        Assert.That(Sent(Send(client.Begin()), proxy: true).Select(sent => sent.Nonce), Is.EqualTo(["a", "y"]));
    }

    // Computed with Python's hashlib, method left out.
    [TestCase("rspauth=\"4209dddcb63aaac6fba8fb3d3c0cd3b9\", qop=auth, cnonce=\"0a4f113b\", nc=00000001", "b")]
    [TestCase("rspauth=\"bf444003280518e2b5310a66b588573c\", qop=auth, cnonce=\"0a4f113b\", nc=00000001", null)]
    [TestCase("rspauth=\"4209dddcb63aaac6fba8fb3d3c0cd3b9\", qop=auth, cnonce=\"another\", nc=00000001", null)]
    [TestCase("rspauth=\"4209dddcb63aaac6fba8fb3d3c0cd3b9\", qop=auth, cnonce=\"0a4f113b\", nc=00000002", null)]
    [TestCase("rspauth=\"\"", null)]
    public void A_server_that_does_not_know_the_password_is_forgotten(string info, string? nextNonce)
    {
        var client = Client();
        var credentials = client.Begin();
        credentials.TryAnswer(Unauthorized(Challenge("84a4cc6f3082121f32b42a2187831a9e")));
        Send(credentials);

        credentials.TryAnswer(Response(200, $"Authentication-Info: nextnonce=\"b\", {info}"));

        Assert.That(Sent(Send(client.Begin())).FirstOrDefault()?.Nonce, Is.EqualTo(nextNonce));
        Assert.That(_logged, nextNonce is null ? Has.Count.EqualTo(1).And.All.Contains("domain.com") : Is.Empty);
    }

    private sealed class ListLogger(List<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Add(formatter(state, exception));
    }
}
