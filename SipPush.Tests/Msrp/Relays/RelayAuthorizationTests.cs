using SipPush.Msrp;
using SipPush.Sip;
using SipPush.Tests.Support;
using static SipPush.Tests.Msrp.Relays.RelayWire;

namespace SipPush.Tests.Msrp.Relays;

/// <summary>AUTH: challenges and their answers, times out of bounds, several relays, what is refused.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class RelayAuthorizationTests
{
    private const string Challenge = """WWW-Authenticate: Digest realm="relay", nonce="nonce1", qop="auth" """;
    private const string Answer = """
        Authorization: Digest username="Alice", realm="relay", nonce="nonce1", uri="msrps://relay.example.com;tcp", response="a86738c4fd5ef5c47f65f76b51552a9d", cnonce="0000000000000001", qop=auth, nc=00000001
        """;

    [Test]
    public async Task Credentials_that_are_not_to_be_had_leave_no_connection()
    {
        await using var wire = new RelayWire(options => options with { Authenticate = _ => throw new InvalidOperationException("no credentials") });

        Assert.That(wire.LeaseAsync, Throws.InvalidOperationException);

        await MsrpWire.UntilAsync(() => wire.Wire.Endpoint.Counts.Connections == 0, "the connection is closed");
    }

    [Test]
    [Description("MSRP-48, MSRP-49, Edge 50, RFC 4976 §5.1: its example, with a password of the test and the Use-Path as the outer relay sent it")]
    public async Task The_outer_relay_is_asked_by_the_path_through_the_inner_one()
    {
        await using var scene = new RelayWire(options => options with
        {
            Relays = [MsrpUri.Parse("msrps://alice@intra.example.com;tcp"), MsrpUri.Parse("msrps://extra.example.com;tcp")],
        });

        await scene.Peer.ExpectAsync("""
            MSRP t000000000000001 AUTH
            To-Path: msrps://alice@intra.example.com;tcp
            From-Path: msrps://localhost:9/session1;tcp
            -------t000000000000001$
            """);
        await scene.Peer.SendAsync("""
            MSRP t000000000000001 401 Unauthorized
            To-Path: msrps://localhost:9/session1;tcp
            From-Path: msrps://alice@intra.example.com;tcp
            WWW-Authenticate: Digest realm="intra.example.com", qop="auth", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"
            -------t000000000000001$
            """);
        await scene.Peer.ExpectAsync("""
            MSRP t000000000000002 AUTH
            To-Path: msrps://alice@intra.example.com;tcp
            From-Path: msrps://localhost:9/session1;tcp
            Authorization: Digest username="Alice", realm="intra.example.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="msrps://alice@intra.example.com;tcp", response="f825870931c6af7c406477d9c6a5add4", cnonce="0000000000000001", qop=auth, nc=00000001
            -------t000000000000002$
            """);
        await scene.Peer.SendAsync("""
            MSRP t000000000000002 200 OK
            To-Path: msrps://localhost:9/session1;tcp
            From-Path: msrps://alice@intra.example.com;tcp
            Use-Path: msrps://intra.example.com:9000/jui787s2f;tcp
            Authentication-Info: nextnonce="40f2e879449675f288476d772627370a",rspauth="121bf2f253405765c7da0ee99526426d",cnonce="0000000000000001", nc=00000001, qop=auth
            Expires: 900
            -------t000000000000002$
            """);
        await scene.Peer.ExpectAsync("""
            MSRP t000000000000003 AUTH
            To-Path: msrps://intra.example.com:9000/jui787s2f;tcp msrps://extra.example.com;tcp
            From-Path: msrps://localhost:9/session1;tcp
            -------t000000000000003$
            """);
        await scene.Peer.SendAsync("""
            MSRP t000000000000003 401 Unauthorized
            To-Path: msrps://localhost:9/session1;tcp
            From-Path: msrps://intra.example.com:9000/jui787s2f;tcp msrps://extra.example.com;tcp
            WWW-Authenticate: Digest realm="extra.example.com", qop="auth", nonce="Uumu8cAV38FGsEF31VLevIbNXj9HWO"
            -------t000000000000003$
            """);
        await scene.Peer.ExpectAsync("""
            MSRP t000000000000004 AUTH
            To-Path: msrps://intra.example.com:9000/jui787s2f;tcp msrps://extra.example.com;tcp
            From-Path: msrps://localhost:9/session1;tcp
            Authorization: Digest username="Alice", realm="extra.example.com", nonce="Uumu8cAV38FGsEF31VLevIbNXj9HWO", uri="msrps://extra.example.com;tcp", response="4bf80db87071998060568fb5d7e7ff44", cnonce="0000000000000001", qop=auth, nc=00000001
            -------t000000000000004$
            """);
        await scene.Peer.SendAsync("""
            MSRP t000000000000004 200 OK
            To-Path: msrps://localhost:9/session1;tcp
            From-Path: msrps://intra.example.com:9000/jui787s2f;tcp msrps://extra.example.com;tcp
            Use-Path: msrps://intra.example.com:9000/jui787s2f;tcp msrps://extra.example.com:9000/mywdEe1233;tcp
            Authentication-Info: nextnonce="bz8V080GEA2sLyEDpITF2AZCq7gIkc", rspauth="d34ceddeb5e15819fa178de96cfb81d8", cnonce="0000000000000001", nc=00000001, qop=auth
            Expires: 1800
            -------t000000000000004$
            """);

        await using var lease = await scene.LeaseAsync();
        Assert.Multiple(() =>
        {
            Assert.That(lease.UsePath.ToString(), Is.EqualTo("msrps://intra.example.com:9000/jui787s2f;tcp msrps://extra.example.com:9000/mywdEe1233;tcp"));
            Assert.That(lease.LocalPath.ToString(), Is.EqualTo(
                "msrps://extra.example.com:9000/mywdEe1233;tcp msrps://intra.example.com:9000/jui787s2f;tcp msrps://localhost:9/session1;tcp"));
        });
    }

    [Test]
    [Description("Edge 50")]
    public async Task Of_several_challenges_the_first_that_can_be_answered_is()
    {
        await using var scene = new RelayWire();
        await scene.ExpectAuthAsync(1);
        await scene.AnswerAsync(
            1, "401 Unauthorized",
            """WWW-Authenticate: Basic realm="relay" """,
            """WWW-Authenticate: Digest realm="relay", nonce="nonce1", algorithm=MD5-sess, qop="auth" """,
            """WWW-Authenticate: Digest realm="relay", nonce="nonce1", qop="auth-int" """,
            """WWW-Authenticate: Digest realm="relay", nonce="nonce1" """,
            """WWW-Authenticate: Digest realm="relay", nonce="nonce1", algorithm=SHA-256, qop="auth,auth-int" """,
            Challenge);

        await scene.ExpectAuthAsync(2, """
            Authorization: Digest username="Alice", realm="relay", nonce="nonce1", uri="msrps://relay.example.com;tcp", response="2d481af70aba5d56032df12b3a1235cc82f3874e0dc0f06788801d8b9541791b", algorithm=SHA-256, cnonce="0000000000000001", qop=auth, nc=00000001
            """);
        await scene.AnswerAsync(2, "200 OK", $"Use-Path: {Granted}", "Expires: 900");

        await using var lease = await scene.LeaseAsync();
        Assert.That(lease.UsePath.ToString(), Is.EqualTo(Granted));
    }

    [TestCase("""WWW-Authenticate: Basic realm="relay" """)]
    [TestCase("""WWW-Authenticate: Digest realm="elsewhere", nonce="nonce1", qop="auth" """)]
    [TestCase("""WWW-Authenticate: Digest realm="relay", nonce="nonce1", qop="auth-int" """)]
    [TestCase("X-Nothing: here")]
    public async Task A_challenge_that_cannot_be_answered_ends_the_attempt(string challenge)
    {
        await using var scene = new RelayWire(options => options with { Authenticate = _ => new MsrpDigestAuthentication([new SipCredential("Alice", "secret", "relay")]) });
        await scene.ExpectAuthAsync(1);

        await scene.AnswerAsync(1, "401 Unauthorized", challenge);

        var failure = scene.Failure();
        Assert.That((failure.StatusCode, failure.Message), Is.EqualTo((401, "msrps://relay.example.com;tcp does not take the credentials")));
        await scene.Peer.ExpectEndAsync(isBroken: false);
    }

    [TestCase("nonce1")]
    [TestCase("nonce2")]
    [Description("MSRP-48")]
    public async Task A_wrong_password_is_refused_once(string nonce)
    {
        await using var scene = new RelayWire();
        await scene.ExpectAuthAsync(1);
        await scene.AnswerAsync(1, "401 Unauthorized", Challenge);
        await scene.ExpectAuthAsync(2, Answer);

        await scene.AnswerAsync(2, "401 Unauthorized", $"""WWW-Authenticate: Digest realm="relay", nonce="{nonce}", qop="auth" """);

        Assert.That(scene.Failure().StatusCode, Is.EqualTo(401));
        await scene.Peer.ExpectEndAsync(isBroken: false);
    }

    [Test]
    [Description("Edge 50")]
    public async Task A_nonce_that_is_stale_is_no_refusal()
    {
        await using var scene = new RelayWire();
        await scene.ExpectAuthAsync(1);
        await scene.AnswerAsync(1, "401 Unauthorized", Challenge);
        await scene.ExpectAuthAsync(2, Answer);

        await scene.AnswerAsync(2, "401 Unauthorized", """WWW-Authenticate: Digest realm="relay", nonce="nonce2", stale=true, qop="auth" """);

        await scene.ExpectAuthAsync(3, """
            Authorization: Digest username="Alice", realm="relay", nonce="nonce2", uri="msrps://relay.example.com;tcp", response="9812b5df355c9f69c64d5944858b30ba", cnonce="0000000000000002", qop=auth, nc=00000001
            """);
        await scene.AnswerAsync(3, "200 OK", $"Use-Path: {Granted}", "Expires: 900");
        await using var lease = await scene.LeaseAsync();
        Assert.That(lease.UsePath.ToString(), Is.EqualTo(Granted));
    }

    [Test]
    public async Task A_relay_that_calls_every_nonce_stale_is_asked_eight_times()
    {
        await using var scene = new RelayWire(options => options with { Authenticate = _ => new ObedientAuthentication() });
        for (var i = 1; i <= 8; i++)
        {
            await scene.ExpectAuthAsync(i);
            await scene.AnswerAsync(i, "401 Unauthorized", $"""WWW-Authenticate: Digest realm="relay", nonce="nonce{i}", stale=true, qop="auth" """);
        }

        Assert.That(scene.Failure().Message, Is.EqualTo("msrps://relay.example.com;tcp was asked 8 times and gives no path"));
        await scene.Peer.ExpectEndAsync(isBroken: false);
    }

    [TestCase("""rspauth="00000000000000000000000000000000", cnonce="0000000000000001", nc=00000001, qop=auth""")]
    [TestCase("""rspauth="121bf2f253405765c7da0ee99526426d", cnonce="0000000000000007", nc=00000001, qop=auth""")]
    public async Task A_relay_that_does_not_know_the_password_is_not_used(string info)
    {
        await using var scene = new RelayWire();
        await scene.ExpectAuthAsync(1);
        await scene.AnswerAsync(1, "401 Unauthorized", Challenge);
        await scene.ExpectAuthAsync(2, Answer);

        await scene.AnswerAsync(2, "200 OK", $"Use-Path: {Granted}", $"Authentication-Info: {info}", "Expires: 900");

        Assert.That(scene.Failure().Message, Is.EqualTo("msrps://relay.example.com;tcp did not prove that it knows the password"));
    }

    [TestCase(1, "Min-Expires: 60", 60)]
    [TestCase(9999, "Max-Expires: 3600", 3600)]
    [TestCase(null, "Min-Expires: 60", 60)]
    [TestCase(null, "Max-Expires: 3600", 3600)]
    [Description("MSRP-50, RFC 4976 §4.6")]
    public async Task A_time_out_of_bounds_is_asked_for_anew_within_them(int? seconds, string bound, int adapted)
    {
        await using var scene = new RelayWire(options => options with { Expires = seconds is { } time ? TimeSpan.FromSeconds(time) : null });
        await scene.ExpectAuthAsync(1, seconds is null ? [] : [$"Expires: {seconds}"]);
        await scene.AnswerAsync(1, "423 Interval Out-of-Bounds", bound);

        await scene.ExpectAuthAsync(2, $"Expires: {adapted}");
        await scene.AnswerAsync(2, "200 OK", $"Use-Path: {Granted}", $"Expires: {adapted}");

        await using var lease = await scene.LeaseAsync();
        Assert.That(lease.UsePath.ToString(), Is.EqualTo(Granted));
    }

    [TestCase("X-Nothing: here")]
    [TestCase("Min-Expires: 30")]
    [TestCase("Min-Expires: -1")]
    [TestCase("Max-Expires: 0")]
    [TestCase("Max-Expires: 99999999999999999999999999")]
    public async Task A_423_that_says_nothing_new_ends_the_attempt(string bound)
    {
        await using var scene = new RelayWire(options => options with { Expires = TimeSpan.FromSeconds(60) });
        await scene.ExpectAuthAsync(1, "Expires: 60");

        await scene.AnswerAsync(1, "423 Interval Out-of-Bounds", bound);

        Assert.That(scene.Failure().StatusCode, Is.EqualTo(423));
    }

    [Test]
    public async Task Bounds_that_exclude_each_other_end_the_attempt()
    {
        await using var scene = new RelayWire(options => options with { Expires = TimeSpan.FromSeconds(60) });
        for (var i = 1; i <= 8; i++)
        {
            await scene.ExpectAuthAsync(i, i % 2 == 1 ? "Expires: 60" : "Expires: 100");
            await scene.AnswerAsync(i, "423 Interval Out-of-Bounds", i % 2 == 1 ? "Min-Expires: 100" : "Max-Expires: 60");
        }

        Assert.That(scene.Failure().Message, Does.EndWith("was asked 8 times and gives no path"));
    }

    [TestCase("403 Forbidden", 403)]
    [TestCase("501 Unknown Method", 501)]
    [TestCase("299 Fine", 400, Description = "Without a path")]
    public async Task Another_answer_ends_the_attempt(string status, int code)
    {
        await using var scene = new RelayWire();
        await scene.ExpectAuthAsync(1);

        await scene.AnswerAsync(1, status);

        Assert.That(scene.Failure().StatusCode, Is.EqualTo(code));
        await scene.Peer.ExpectEndAsync(isBroken: false);
    }

    [TestCase("Use-Path: sip:relay.example.com")]
    [TestCase("Use-Path:")]
    [TestCase("Use-Path: msrps://relay.example.com:9000/jui787s2f;tcp,msrps://x:1/y;tcp")]
    public async Task A_path_that_is_none_ends_the_attempt(string header)
    {
        await using var scene = new RelayWire();
        await scene.ExpectAuthAsync(1);

        await scene.AnswerAsync(1, "200 OK", header, "Expires: 900");

        Assert.That(scene.Failure().Message, Does.EndWith("gives no path that can be read"));
    }

    [Test]
    public async Task A_relay_that_does_not_answer_is_given_up_after_30_s()
    {
        await using var scene = new RelayWire();
        await scene.ExpectAuthAsync(1);

        scene.Wire.Clock.Advance(TimeSpan.FromSeconds(30));

        Assert.That(scene.Failure().StatusCode, Is.EqualTo(408));
        await scene.Peer.ExpectEndAsync(isBroken: false);
    }

    [Test]
    public async Task A_connection_that_is_lost_ends_the_attempt()
    {
        await using var scene = new RelayWire();
        await scene.ExpectAuthAsync(1);

        scene.Peer.Break();

        Assert.That(scene.Failure().StatusCode, Is.Zero);
    }

    [Test]
    [Description("MSRP-48")]
    public async Task AUTH_goes_over_TLS_unless_that_was_given_up()
    {
        await using var wire = new MsrpWire();
        var options = new MsrpRelayOptions { Relays = [MsrpUri.Parse("msrp://127.0.0.1:2855;tcp")], Authenticate = _ => new ObedientAuthentication() };

        Assert.That(async () => await wire.Endpoint.AuthorizeAsync(options), Throws.ArgumentException.With.Message.Contains("is not msrps"));
    }

    /// <summary>Has no credentials and asks again whenever it may.</summary>
    private sealed class ObedientAuthentication : MsrpAuthentication
    {
        public override string? Authorize(string method, string uri) => null;

        public override bool TryAnswer(IReadOnlyList<string> challenges) => true;

        public override bool TryAccept(string? info) => true;
    }
}
