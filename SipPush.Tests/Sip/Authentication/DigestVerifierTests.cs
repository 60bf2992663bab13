using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Sip;
using SipPush.Tests.Support;
using static SipPush.Tests.Sip.Authentication.DigestWire;

namespace SipPush.Tests.Sip.Authentication;

public sealed class DigestVerifierTests
{
    private static readonly DigestVerifierOptions Basis = new() { Realm = "domain.com" };

    private readonly ManualTimeProvider _clock = new();

    private DigestVerifier Verifier(Func<DigestVerifierOptions, DigestVerifierOptions>? with = null) =>
        new((with?.Invoke(Basis) ?? Basis) with { TimeProvider = _clock });

    private static string? PasswordOf(string userName) => userName switch
    {
        "bob" => "zanzibar",
        "bob@domain.com" => "other",
        _ => null,
    };

    private static DigestVerdict Verify(DigestVerifier verifier, DigestCredentials credentials, string method = "REGISTER", string uri = Target, string body = "") =>
        VerifyLine(verifier, $"{credentials}", method, uri, body).Verdict;

    private static DigestResult VerifyLine(DigestVerifier verifier, string line, string method = "REGISTER", string uri = Target, string body = "", bool proxy = false)
    {
        var request = Request(method, uri, body);
        request.Add(proxy ? SipHeaderNames.ProxyAuthorization : SipHeaderNames.Authorization, line);
        return verifier.Verify(request.Received(), PasswordOf);
    }

    private static DigestCredentials Answer(
        string nonce, uint count = 1, string user = "bob", string password = "zanzibar", DigestAlgorithm algorithm = DigestAlgorithm.Sha256,
        string? qop = "auth", string realm = "domain.com", string uri = Target, string body = "")
    {
        var credentials = new DigestCredentials
        {
            UserName = user,
            Realm = realm,
            Nonce = nonce,
            Uri = uri,
            Response = "",
            AlgorithmName = algorithm.Name(),
            Cnonce = qop is null ? null : "c",
            Qop = qop,
            NonceCount = qop is null ? null : count,
        };
        var secret = DigestCalculator.HashSecret(algorithm, user, realm, password);
        return credentials with { Response = DigestCalculator.ComputeResponse(algorithm, secret, "REGISTER", credentials, Wire.Raw(body)) };
    }

    private static string Nonce(DigestVerifier verifier) => verifier.CreateChallenges()[0].Nonce;

    [Test, Description("SIP-74")]
    public void One_challenge_an_algorithm_is_made_in_the_order_of_preference()
    {
        var challenges = Verifier().CreateChallenges(stale: true);

        Assert.That(challenges.Select(challenge => challenge.ToString().Replace(challenge.Nonce, "N", StringComparison.Ordinal)), Is.EqualTo(new[]
        {
            "Digest realm=\"domain.com\", nonce=\"N\", stale=true, algorithm=SHA-256, qop=\"auth\"",
            "Digest realm=\"domain.com\", nonce=\"N\", stale=true, algorithm=MD5, qop=\"auth\"",
        }));
    }

    [Test, Combinatorial, Description("SIP-73")]
    public void Client_and_verifier_understand_each_other(
        [Values] DigestAlgorithm algorithm, [Values] DigestQop qop, [Values] bool hashed, [Values("", "Hello, world")] string body)
    {
        var verifier = Verifier(options => options with
        {
            Algorithms = [algorithm],
            Qop = [qop],
            IsProxy = true,
            UserNameOfHash = hashed ? (hash, with) => hash == DigestCredentials.HashUserName(with, "bob", "domain.com") ? "bob" : null : null,
        });
        var client = new DigestClient([new SipCredential("bob", "zanzibar")], () => "c", NullLogger.Instance);
        client.Begin().TryAnswer(Response(407, [.. verifier.CreateChallenges().Select(challenge => $"Proxy-Authenticate: {challenge}")]));

        for (var count = 1u; count <= 2; count++)
        {
            var request = Request("MESSAGE", "sip:alice@domain.com", body);
            var credentials = client.Begin();
            credentials.Apply(request);
            var result = verifier.Verify(request.Received(), PasswordOf);

            Assert.That((result.Verdict, result.UserName, result.Credentials!.NonceCount), Is.EqualTo((DigestVerdict.Accepted, "bob", count)));
            Assert.That(result.Credentials.UserName == "bob", Is.Not.EqualTo(hashed));
            credentials.TryAnswer(Response(200, $"Proxy-Authentication-Info: {verifier.CreateInfo(result)}"));
        }
    }

    [Test, Description("SIP-73")]
    public void A_changed_body_is_seen_where_it_is_covered()
    {
        var verifier = Verifier(options => options with { Qop = [DigestQop.Auth, DigestQop.AuthInt] });
        var nonce = Nonce(verifier);

        Assert.That(Verify(verifier, Answer(nonce, 1, qop: "auth-int", body: "one"), body: "two"), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(nonce, 1, qop: "auth-int", body: "one"), body: "one"), Is.EqualTo(DigestVerdict.Accepted));
        Assert.That(Verify(verifier, Answer(nonce, 2, body: "one"), body: "two"), Is.EqualTo(DigestVerdict.Accepted));
    }

    [Test]
    public void Who_asks_for_the_body_to_be_covered_takes_nothing_less()
    {
        var verifier = Verifier(options => options with { Qop = [DigestQop.AuthInt] });

        Assert.That(Verify(verifier, Answer(Nonce(verifier))), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(Nonce(verifier), qop: null)), Is.EqualTo(DigestVerdict.Rejected));
    }

    // RFC 4475 §3.3.7: an unknown scheme is passed over.
    [TestCase("NoOneKnowsThisScheme opaque-data=here")]
    [TestCase("Basic Ym9iOnphbnppYmFy")]
    [TestCase("Digest username=\"bob\", realm=\"domain.com\"")]
    [TestCase("Digest username=\"bob\", realm=\"elsewhere\", nonce=\"n\", uri=\"sip:registrar.domain.com\", response=\"0\"")]
    public void What_are_no_credentials_for_this_realm_is_as_good_as_nothing(string line)
    {
        var verifier = Verifier();
        var request = Request();
        request.Add(SipHeaderNames.Authorization, line);
        Assert.That(verifier.Verify(request.Received(), PasswordOf).Verdict, Is.EqualTo(DigestVerdict.NoCredentials));

        request.Add(SipHeaderNames.Authorization, Answer(Nonce(verifier)).ToString());
        Assert.That(verifier.Verify(request.Received(), PasswordOf).Verdict, Is.EqualTo(DigestVerdict.Accepted), "good ones stand behind it");
    }

    [Test]
    public void The_field_of_the_other_role_is_not_looked_at()
    {
        var (registrar, proxy) = (Verifier(), Verifier(options => options with { IsProxy = true }));

        Assert.That(VerifyLine(registrar, $"{Answer(Nonce(registrar))}", proxy: true).Verdict, Is.EqualTo(DigestVerdict.NoCredentials));
        Assert.That(VerifyLine(proxy, $"{Answer(Nonce(proxy))}", proxy: true).Verdict, Is.EqualTo(DigestVerdict.Accepted));
    }

    [Test]
    public void Of_many_credentials_for_the_realm_four_are_judged()
    {
        var verifier = Verifier();
        var asked = 0;
        var request = Request();
        for (var i = 0; i < 100; i++)
        {
            request.Add(SipHeaderNames.Authorization, Answer(Nonce(verifier), password: i == 99 ? "zanzibar" : "wrong").ToString());
        }

        var result = verifier.Verify(request.Received(), user =>
        {
            asked++;
            return PasswordOf(user);
        });

        Assert.That((result.Verdict, asked), Is.EqualTo((DigestVerdict.Rejected, 4)));
    }

    [Test]
    public void What_is_wrong_is_rejected()
    {
        var verifier = Verifier(options => options with { Algorithms = [DigestAlgorithm.Sha256] });
        var nonce = Nonce(verifier);

        Assert.That(Verify(verifier, Answer(nonce, password: "wrong")), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(nonce, user: "eve", password: "")), Is.EqualTo(DigestVerdict.Rejected), "an unknown user has no empty password");
        Assert.That(Verify(verifier, Answer(nonce, algorithm: DigestAlgorithm.Md5)), Is.EqualTo(DigestVerdict.Rejected), "not offered");
        Assert.That(Verify(verifier, Answer(nonce), method: "MESSAGE"), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(nonce, qop: "auth-int")), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(nonce) with { UserHash = true }), Is.EqualTo(DigestVerdict.Rejected), "no hashes were asked for");
        Assert.That(Verify(verifier, Answer(nonce) with { Response = "" }), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(nonce) with { Response = new string('\u00E9', 64) }), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(nonce) with { Response = new string('0', 5000) }), Is.EqualTo(DigestVerdict.Rejected));
        Assert.That(Verify(verifier, Answer(nonce)), Is.EqualTo(DigestVerdict.Accepted), "nothing of that used the nonce up");
    }

    // RFC 7616 §3.4.6
    [TestCase("sip:registrar.domain.com", DigestVerdict.Accepted)]
    [TestCase("sip:REGISTRAR.domain.com", DigestVerdict.Accepted)]
    [TestCase("sip:registrar.domain.com:5060", DigestVerdict.WrongUri)]
    [TestCase("sip:other.domain.com", DigestVerdict.WrongUri)]
    [TestCase("", DigestVerdict.WrongUri)]
    [TestCase("not a URI", DigestVerdict.WrongUri)]
    public void The_uri_must_be_that_of_the_request(string uri, DigestVerdict expected)
    {
        var verifier = Verifier();

        Assert.That(Verify(verifier, Answer(Nonce(verifier), uri: uri)), Is.EqualTo(expected));
    }

    [Test, Description("SIP-75")]
    public void A_nonce_is_stale_after_its_lifetime()
    {
        var verifier = Verifier();
        _clock.Advance(TimeSpan.FromMinutes(3));
        var nonce = Nonce(verifier);

        // The key has been replaced meanwhile.
        _clock.Advance(TimeSpan.FromMinutes(5));
        Nonce(verifier);
        Assert.That(Verify(verifier, Answer(nonce)), Is.EqualTo(DigestVerdict.Accepted));

        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.That(Verify(verifier, Answer(nonce, 2)), Is.EqualTo(DigestVerdict.Stale));
        Assert.That(Verify(verifier, Answer(nonce, 2, password: "wrong")), Is.EqualTo(DigestVerdict.Rejected), "stale is for those who know the password");

        _clock.Advance(TimeSpan.FromMinutes(10));
        Nonce(verifier);
        Assert.That(Verify(verifier, Answer(nonce, 3)), Is.EqualTo(DigestVerdict.Stale), "its key is gone too");
    }

    [Test]
    public void A_nonce_of_another_instance_or_none_is_stale()
    {
        var verifier = Verifier();
        var foreign = Nonce(Verifier());
        var own = Nonce(verifier);
        var changed = (own[0] == 'A' ? 'B' : 'A') + own[1..];
        var negative = '_' + own[1..];

        foreach (var nonce in new[] { foreign, changed, negative, "", "x", own + "=", own[..^4] + "    ", own[..^1] + "*", new string('é', own.Length) })
        {
            Assert.That(Verify(verifier, Answer(nonce)), Is.EqualTo(DigestVerdict.Stale), nonce);
        }
    }

    [Test, Description("SIP-77")]
    public void A_nonce_count_is_good_once_in_whatever_order()
    {
        var verifier = Verifier();
        var nonce = Nonce(verifier);

        var verdicts = new uint[] { 1, 1, 2, 5, 4, 5, 4, 3, 6, 0, 100, 36, 37, 37, 1, uint.MaxValue, 101 }
            .Where(count => Verify(verifier, Answer(nonce, count)) == DigestVerdict.Accepted);

        Assert.That(verdicts, Is.EqualTo(new uint[] { 1, 2, 5, 4, 3, 6, 100, 37, uint.MaxValue }));
    }

    [Test, Description("SIP-77")]
    public void Of_two_requests_at_once_with_one_count_one_passes()
    {
        var verifier = Verifier();
        var nonce = Nonce(verifier);
        var accepted = 0;

        Parallel.For(0, 120, i =>
        {
            if (Verify(verifier, Answer(nonce, (uint)(1 + (i % 60)))) == DigestVerdict.Accepted)
            {
                Interlocked.Increment(ref accepted);
            }
        });

        Assert.That(accepted, Is.EqualTo(60));
    }

    [Test, Description("SIP-77")]
    public void Without_a_count_a_nonce_is_good_for_one_time()
    {
        var verifier = Verifier();
        var nonce = Nonce(verifier);

        Assert.That(Verify(verifier, Answer(nonce, qop: null)), Is.EqualTo(DigestVerdict.Accepted));
        Assert.That(Verify(verifier, Answer(nonce, qop: null)), Is.EqualTo(DigestVerdict.Replayed));
        Assert.That(Verify(verifier, Answer(nonce, 2)), Is.EqualTo(DigestVerdict.Replayed));

        nonce = Nonce(verifier);
        Assert.That(Verify(verifier, Answer(nonce, 1)), Is.EqualTo(DigestVerdict.Accepted));
        Assert.That(Verify(verifier, Answer(nonce, qop: null)), Is.EqualTo(DigestVerdict.Replayed));
        Assert.That(Verify(verifier, Answer(nonce, 2)), Is.EqualTo(DigestVerdict.Accepted));
    }

    [Test, Description("SIP-77")]
    public void When_the_table_is_full_the_oldest_nonces_become_stale_and_none_can_be_replayed()
    {
        var verifier = Verifier(options => options with { MaxNonces = 3 });
        var nonces = Enumerable.Range(0, 6).Select(_ => Nonce(verifier)).ToArray();

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
        var verifier = Verifier(options => options with { MaxNonces = 1 });
        var nonce = Nonce(verifier);
        Verify(verifier, Answer(nonce));

        for (var i = 0; i < 100; i++)
        {
            Verify(verifier, Answer(Nonce(verifier), password: "wrong"));
        }

        Assert.That(Verify(verifier, Answer(nonce, 2)), Is.EqualTo(DigestVerdict.Accepted));
    }

    // RFC 7616 §3.5
    [Test]
    public void A_nonce_past_half_its_life_gets_a_successor()
    {
        var verifier = Verifier();
        var nonce = Nonce(verifier);
        _clock.Advance(TimeSpan.FromMinutes(2.5));
        var early = verifier.CreateInfo(VerifyLine(verifier, $"{Answer(nonce)}"));
        _clock.Advance(TimeSpan.FromTicks(1));
        var late = verifier.CreateInfo(VerifyLine(verifier, $"{Answer(nonce, 2)}"));
        var legacy = verifier.CreateInfo(VerifyLine(verifier, $"{Answer(Nonce(verifier), qop: null)}"));

        Assert.That((early!.NextNonce, early.Qop, early.Cnonce, early.NonceCount), Is.EqualTo(((string?)null, "auth", "c", (uint?)1)));
        Assert.That(Verify(verifier, Answer(late!.NextNonce!)), Is.EqualTo(DigestVerdict.Accepted));
        Assert.That(Verify(verifier, Answer(legacy!.NextNonce!, qop: null)), Is.EqualTo(DigestVerdict.Accepted));
        Assert.That(legacy.ResponseAuth, Is.Null);
    }

    [Test]
    public void Who_was_not_accepted_is_told_nothing() =>
        Assert.That(() => Verifier().CreateInfo(VerifyLine(Verifier(), "Basic x")), Throws.ArgumentException.With.Property("ParamName").EqualTo("accepted"));

    [TestCase("bob", "zanzibar", "sip:bob@DOMAIN.com", true)]
    [TestCase("bob", "zanzibar", "sips:b%6fb@domain.com:5061;transport=tcp", true)]
    [TestCase("bob", "zanzibar", "sip:Bob@domain.com", false)]
    [TestCase("bob", "zanzibar", "sip:bob@elsewhere.com", false)]
    [TestCase("bob", "zanzibar", "sip:eve@domain.com", false)]
    [TestCase("bob", "zanzibar", "sip:domain.com", false)]
    [TestCase("bob", "zanzibar", "tel:bob", false)]
    [TestCase("bob@domain.com", "other", "sip:bob@domain.com", true)]
    [TestCase("bob@domain.com", "other", "sip:eve@domain.com", false)]
    public void A_user_owns_the_address_of_the_own_name(string user, string password, string address, bool own)
    {
        var verifier = Verifier();

        var result = VerifyLine(verifier, $"{Answer(Nonce(verifier), user: user, password: password)}");

        Assert.That(result.Verdict, Is.EqualTo(DigestVerdict.Accepted));
        Assert.That(result.Owns(SipUri.Parse(address)), Is.EqualTo(own));
    }

    [Test]
    public void Who_was_not_accepted_owns_nothing()
    {
        var verifier = Verifier();

        Assert.That(VerifyLine(verifier, $"{Answer(Nonce(verifier), password: "wrong")}").Owns(SipUri.Parse("sip:bob@domain.com")), Is.False);
        Assert.That(VerifyLine(verifier, $"{Answer(Nonce(verifier))}").Owns(null), Is.False);
    }

    [Test]
    public void Options_that_offer_nothing_are_refused()
    {
        Assert.That(() => new DigestVerifier(Basis with { Algorithms = [] }), Throws.ArgumentException);
        Assert.That(() => new DigestVerifier(Basis with { Qop = [] }), Throws.ArgumentException);
        Assert.That(() => new DigestVerifier(Basis with { Realm = "a\r\nb" }), Throws.ArgumentException);
        Assert.That(() => new DigestVerifier(Basis with { NonceLifetime = TimeSpan.Zero }), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    // Whatever a stranger makes of good credentials, nobody throws, and nothing but the very text that was computed gets in.
    [Test]
    public void Credentials_changed_at_random_are_refused_without_an_exception()
    {
        var verifier = Verifier();
        var random = new Random(7616);
        var line = Encoding.UTF8.GetBytes($"{Answer(Nonce(verifier))}");
        var accepted = 0;

        for (var i = 0; i < 3000; i++)
        {
            var octets = line.ToArray();
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                octets[random.Next(octets.Length)] = (byte)random.Next(256);
            }
            octets = octets[..(i % 3 == 0 ? random.Next(octets.Length) : octets.Length)];

            if (DigestCredentials.TryParse(octets, out var credentials) && Verify(verifier, credentials) == DigestVerdict.Accepted)
            {
                accepted++;
            }
            Assert.That(() => DigestChallenge.TryParse(octets, out _), Throws.Nothing);
            Assert.That(() => AuthenticationInfo.TryParse(octets, out _), Throws.Nothing);
        }

        Assert.That(accepted, Is.LessThanOrEqualTo(1), "at most the case of a letter was changed, and that only once");
    }
}
