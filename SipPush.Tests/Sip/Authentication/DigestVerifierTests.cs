using SipPush.Sip;

namespace SipPush.Tests.Sip.Authentication;

public sealed class DigestVerifierTests
{
    private const string Uri = "sip:registrar.domain.com";
    private readonly HandClock _clock = new();

    private DigestVerifier Verifier(int maxNonces = 100, params DigestAlgorithm[] algorithms) => new(new DigestVerifierOptions
    {
        Realm = "domain.com",
        Algorithms = algorithms.Length == 0 ? [DigestAlgorithm.Sha256, DigestAlgorithm.Md5] : algorithms,
        MaxNonces = maxNonces,
        TimeProvider = _clock,
    });

    private static string? PasswordOf(string userName) => userName == "bob" ? "zanzibar" : null;

    private static DigestVerdict Verify(DigestVerifier verifier, DigestCredentials? credentials, string method = "REGISTER", string uri = Uri) =>
        verifier.Verify(credentials, method, uri, PasswordOf);

    private static DigestCredentials Answer(
        string nonce, uint count = 1, string user = "bob", string password = "zanzibar", DigestAlgorithm algorithm = DigestAlgorithm.Sha256, string? qop = "auth", string realm = "domain.com")
    {
        var response = DigestCalculator.ComputeResponse(
            algorithm, user, realm, password, "REGISTER", Uri, nonce, "c", count, qop is null ? DigestQop.None : DigestQop.Auth);
        return new DigestCredentials
        {
            UserName = user,
            Realm = realm,
            Nonce = nonce,
            Uri = Uri,
            Response = response,
            AlgorithmName = algorithm.Name(),
            Cnonce = qop is null ? null : "c",
            Qop = qop,
            NonceCount = qop is null ? null : count,
        };
    }

    // SIP-74
    [Test]
    public void One_challenge_an_algorithm_is_made_in_the_order_of_preference()
    {
        var challenges = Verifier().CreateChallenges(stale: true);

        Assert.That(challenges.Select(c => (c.Algorithm, c.Realm, c.Stale, c.Qop[0])), Is.EqualTo(new[]
        {
            ((DigestAlgorithm?)DigestAlgorithm.Sha256, "domain.com", true, "auth"),
            (DigestAlgorithm.Md5, "domain.com", true, "auth"),
        }));
    }

    // SIP-73
    [TestCase(DigestAlgorithm.Sha256)]
    [TestCase(DigestAlgorithm.Md5)]
    public void The_right_answer_is_accepted(DigestAlgorithm algorithm)
    {
        var verifier = Verifier();

        Assert.That(Verify(verifier, Answer(verifier.CreateChallenges()[0].Nonce, algorithm: algorithm)), Is.EqualTo(DigestVerdict.Accepted));
    }

    [Test]
    public void Client_and_verifier_understand_each_other()
    {
        var verifier = Verifier();
        var client = new DigestClient([new SipCredential("bob", "zanzibar")], () => "c");
        var attempt = client.Begin("REGISTER", Uri);

        attempt.TryAnswer(verifier.CreateChallenges());
        var sent = System.Text.Encoding.UTF8.GetBytes(attempt.Credentials[0]);

        Assert.That(DigestCredentials.TryParse(sent, out var credentials), Is.True);
        Assert.That(Verify(verifier, credentials), Is.EqualTo(DigestVerdict.Accepted));
    }

    [Test]
    public void Credentials_for_nobody_or_another_realm_are_none()
    {
        var verifier = Verifier();
        var nonce = verifier.CreateChallenges()[0].Nonce;

        Assert.That(Verify(verifier, null), Is.EqualTo(DigestVerdict.NoCredentials));
        Assert.That(Verify(verifier, Answer(nonce, realm: "elsewhere")), Is.EqualTo(DigestVerdict.NoCredentials));
    }

    [Test]
    public void What_is_wrong_is_rejected()
    {
        var verifier = Verifier(100, DigestAlgorithm.Sha256);
        var nonce = verifier.CreateChallenges()[0].Nonce;

        Assert.That(Verify(verifier, Answer(nonce, password: "wrong")), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(nonce, user: "eve", password: "")), Is.EqualTo(DigestVerdict.Rejected), "an unknown user has no empty password");
        Assert.That(Verify(verifier, Answer(nonce, algorithm: DigestAlgorithm.Md5)), Is.EqualTo(DigestVerdict.Rejected), "not offered");
        Assert.That(Verify(verifier, Answer(nonce), method: "MESSAGE"), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(nonce), uri: "sip:other"), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(nonce, qop: "auth-int")), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(nonce)), Is.EqualTo(DigestVerdict.Accepted), "nothing of that used the nonce up");
    }

    // SIP-75
    [Test]
    public void A_nonce_is_stale_after_its_lifetime()
    {
        var verifier = Verifier();
        var nonce = verifier.CreateChallenges()[0].Nonce;

        _clock.Advance(TimeSpan.FromMinutes(5));
        Assert.That(Verify(verifier, Answer(nonce)), Is.EqualTo(DigestVerdict.Accepted));

        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.That(Verify(verifier, Answer(nonce, 2)), Is.EqualTo(DigestVerdict.Stale));
        Assert.That(Verify(verifier, Answer(nonce, 2, password: "wrong")), Is.EqualTo(DigestVerdict.Rejected), "stale is for those who know the password");
    }

    [Test]
    public void A_nonce_of_another_instance_or_none_is_stale()
    {
        var verifier = Verifier();
        var foreign = Verifier().CreateChallenges()[0].Nonce;
        var own = verifier.CreateChallenges()[0].Nonce;
        var changed = (own[0] == 'A' ? 'B' : 'A') + own[1..];

        foreach (var nonce in new[] { foreign, changed, "", "x", own + "=", own[..^4] + "    " })
        {
            Assert.That(Verify(verifier, Answer(nonce)), Is.EqualTo(DigestVerdict.Stale), nonce);
        }
    }

    // SIP-77
    [Test]
    public void A_nonce_count_used_once_is_replayed_the_second_time()
    {
        var verifier = Verifier();
        var nonce = verifier.CreateChallenges()[0].Nonce;

        var verdicts = new uint[] { 1, 1, 2, 5, 4, 5, 6, 0 }.Select(count => Verify(verifier, Answer(nonce, count)));

        Assert.That(verdicts, Is.EqualTo(new[]
        {
            DigestVerdict.Accepted, DigestVerdict.Replayed, DigestVerdict.Accepted, DigestVerdict.Accepted,
            DigestVerdict.Replayed, DigestVerdict.Replayed, DigestVerdict.Accepted, DigestVerdict.Replayed,
        }));
    }

    // SIP-77
    [Test]
    public void Without_a_count_a_nonce_is_good_for_one_time()
    {
        var verifier = Verifier();
        var nonce = verifier.CreateChallenges()[0].Nonce;

        Assert.That(Verify(verifier, Answer(nonce, qop: null)), Is.EqualTo(DigestVerdict.Accepted));
        Assert.That(Verify(verifier, Answer(nonce, qop: null)), Is.EqualTo(DigestVerdict.Replayed));
        Assert.That(Verify(verifier, Answer(nonce, 2)), Is.EqualTo(DigestVerdict.Replayed));
    }

    // SIP-77
    [Test]
    public void When_the_table_is_full_the_oldest_nonces_become_stale_and_none_can_be_replayed()
    {
        var verifier = Verifier(maxNonces: 3);
        var nonces = Enumerable.Range(0, 6).Select(_ => verifier.CreateChallenges()[0].Nonce).ToArray();

        foreach (var nonce in nonces[1..5])
        {
            Assert.That(Verify(verifier, Answer(nonce)), Is.EqualTo(DigestVerdict.Accepted));
        }

        Assert.That(nonces.Select(nonce => Verify(verifier, Answer(nonce))), Is.EqualTo(new[]
        {
            DigestVerdict.Stale, DigestVerdict.Stale, DigestVerdict.Replayed, DigestVerdict.Replayed, DigestVerdict.Replayed, DigestVerdict.Accepted,
        }));
        Assert.That(Verify(verifier, Answer(nonces[2], 2)), Is.EqualTo(DigestVerdict.Stale), "it went when the last came");
    }

    [Test]
    public void Challenges_nobody_answers_push_nothing_out()
    {
        var verifier = Verifier(maxNonces: 1);
        var nonce = verifier.CreateChallenges()[0].Nonce;
        Verify(verifier, Answer(nonce));

        for (var i = 0; i < 100; i++)
        {
            Verify(verifier, Answer(verifier.CreateChallenges()[0].Nonce, password: "wrong"));
        }

        Assert.That(Verify(verifier, Answer(nonce, 2)), Is.EqualTo(DigestVerdict.Accepted));
    }

    private sealed class HandClock : TimeProvider
    {
        private long _ticks = 1000;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}
