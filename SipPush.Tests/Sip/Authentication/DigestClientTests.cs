using System.Text;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Authentication;

public sealed class DigestClientTests
{
    private const string Uri = "sip:registrar.domain.com";

    private static DigestClient Client(params SipCredential[] credentials) =>
        new(credentials.Length == 0 ? [new SipCredential("bob", "zanzibar")] : credentials, () => "0a4f113b");

    private static DigestChallenge Challenge(string nonce, string realm = "domain.com", string? algorithm = null, bool stale = false) =>
        new() { Realm = realm, Nonce = nonce, AlgorithmName = algorithm, Qop = ["auth"], Stale = stale };

    private static DigestCredentials[] Sent(DigestAttempt attempt) =>
        [.. attempt.Credentials.Select(text => DigestCredentials.TryParse(Encoding.UTF8.GetBytes(text), out var sent) ? sent : throw new FormatException(text))];

    // SIP-73
    [Test]
    public void A_challenge_is_answered()
    {
        var attempt = Client().Begin("REGISTER", Uri);
        Assert.That(attempt.Credentials, Is.Empty);

        Assert.That(attempt.TryAnswer([Challenge("84a4cc6f3082121f32b42a2187831a9e")]), Is.True);

        Assert.That(attempt.Credentials, Is.EqualTo(new[]
        {
            "Digest username=\"bob\", realm=\"domain.com\", nonce=\"84a4cc6f3082121f32b42a2187831a9e\", uri=\"sip:registrar.domain.com\", " +
            "response=\"bf444003280518e2b5310a66b588573c\", cnonce=\"0a4f113b\", qop=auth, nc=00000001",
        }));
    }

    // SIP-74
    [Test]
    public void Of_one_realm_the_first_supported_challenge_is_answered()
    {
        var attempt = Client().Begin("REGISTER", Uri);

        attempt.TryAnswer([Challenge("a", algorithm: "SHA-999"), Challenge("b", algorithm: "SHA-256"), Challenge("c", algorithm: "MD5")]);

        Assert.That(Sent(attempt).Select(sent => (sent.Nonce, sent.AlgorithmName)), Is.EqualTo(new[] { ("b", "SHA-256") }));
    }

    // SIP-74
    [Test]
    public void Realms_are_answered_each_with_its_own_credential()
    {
        var attempt = Client(new("any", "1"), new("two", "2", "second")).Begin("MESSAGE", Uri);

        attempt.TryAnswer([Challenge("a", "first"), Challenge("b", "second")]);

        Assert.That(Sent(attempt).Select(sent => (sent.Realm, sent.UserName)), Is.EquivalentTo(new[] { ("first", "any"), ("second", "two") }));
    }

    [Test]
    public void A_realm_that_asks_later_is_answered_beside_the_first()
    {
        var attempt = Client().Begin("MESSAGE", Uri);

        attempt.TryAnswer([Challenge("a", "first")]);
        Assert.That(attempt.TryAnswer([Challenge("b", "second")]), Is.True);

        Assert.That(Sent(attempt).Select(sent => (sent.Nonce, sent.NonceCount)), Is.EquivalentTo(new[] { ("a", (uint?)2), ("b", (uint?)1) }));
    }

    [Test]
    public void What_cannot_be_answered_ends_the_attempt()
    {
        var attempt = Client(new SipCredential("bob", "zanzibar", "elsewhere")).Begin("REGISTER", Uri);

        Assert.That(attempt.TryAnswer([Challenge("a")]), Is.False);
        Assert.That(attempt.TryAnswer([Challenge("a", "elsewhere", "SHA-999")]), Is.False);
        Assert.That(attempt.TryAnswer([]), Is.False);
    }

    // SIP-75
    [TestCase("a")]
    [TestCase("b")]
    public void A_challenge_repeated_without_stale_ends_the_attempt(string nonce)
    {
        var client = Client();
        var attempt = client.Begin("REGISTER", Uri);
        attempt.TryAnswer([Challenge("a")]);

        Assert.That(attempt.TryAnswer([Challenge(nonce)]), Is.False);
        Assert.That(client.Begin("REGISTER", Uri).Credentials, Is.Empty, "nothing refused is sent again unasked");
    }

    // SIP-75
    [Test]
    public void A_stale_nonce_is_replaced_by_the_new_one()
    {
        var attempt = Client().Begin("REGISTER", Uri);
        attempt.TryAnswer([Challenge("a")]);

        Assert.That(attempt.TryAnswer([Challenge("b", stale: true)]), Is.True);

        Assert.That(Sent(attempt).Select(sent => (sent.Nonce, sent.NonceCount)), Is.EqualTo(new[] { ("b", (uint?)1) }));
    }

    // SIP-75
    [Test]
    public void A_server_that_calls_every_nonce_stale_is_given_up()
    {
        var attempt = Client().Begin("REGISTER", Uri);

        var answers = Enumerable.Range(0, 10).TakeWhile(n => attempt.TryAnswer([Challenge($"{n}", stale: true)])).Count();

        Assert.That(answers, Is.EqualTo(3));
    }

    // SIP-77
    [Test]
    public void The_nonce_count_rises_from_request_to_request()
    {
        var client = Client();
        client.Begin("REGISTER", Uri).TryAnswer([Challenge("a")]);

        var counts = Enumerable.Range(0, 3).Select(_ => Sent(client.Begin("MESSAGE", "sip:alice@domain.com"))[0].NonceCount).ToArray();

        Assert.That(counts, Is.EqualTo(new uint?[] { 2, 3, 4 }));
    }

    [Test]
    public void An_answer_given_unasked_may_be_asked_for_once_more()
    {
        var client = Client();
        client.Begin("REGISTER", Uri).TryAnswer([Challenge("a")]);
        var next = client.Begin("REGISTER", Uri);

        Assert.That(next.TryAnswer([Challenge("b")]), Is.True);
        Assert.That(next.TryAnswer([Challenge("c")]), Is.False);
    }

    // SIP-77
    [Test]
    public void Requests_challenged_at_once_do_not_end_each_other_and_share_a_count()
    {
        var client = Client();
        var one = client.Begin("MESSAGE", Uri);
        var two = client.Begin("MESSAGE", Uri);

        Assert.That(one.TryAnswer([Challenge("a")]), Is.True);
        Assert.That(two.TryAnswer([Challenge("a")]), Is.True);

        Assert.That(Sent(two)[0].NonceCount, Is.EqualTo(2));
    }

    [Test]
    public void Without_qop_there_is_no_count()
    {
        var attempt = Client().Begin("REGISTER", Uri);

        attempt.TryAnswer([new DigestChallenge { Realm = "domain.com", Nonce = "n" }]);

        Assert.That((Sent(attempt)[0].Qop, Sent(attempt)[0].Cnonce, Sent(attempt)[0].NonceCount), Is.EqualTo(((string?)null, (string?)null, (uint?)null)));
    }

    [Test]
    public void A_uri_with_a_line_end_is_refused() =>
        Assert.That(() => Client().Begin("REGISTER", "sip:a\r\nb"), Throws.ArgumentException.With.Property("ParamName").EqualTo("uri"));
}
