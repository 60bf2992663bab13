using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Sip;
using SipPush.Sip.Location;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Location;

/// <summary>The resolver against servers that do what servers, and those who would like to be one, do.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DnsResolverTests : IAsyncDisposable
{
    private static readonly byte[] Answer = DnsOctets.Record("a.example 60 A 192.0.2.1");

    private readonly ManualTimeProvider _clock = new();
    private readonly FakeDnsServer _server = new();
    private readonly FakeDnsServer _second = new();
    private readonly DnsResolver _resolver;

    public DnsResolverTests() => _resolver = Resolver(new DnsOptions { Servers = [_server.Address, _second.Address] });

    public async ValueTask DisposeAsync()
    {
        await _resolver.DisposeAsync();
        await _server.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Test]
    public async Task An_answer_is_asked_for_once_and_remembered_for_its_TTL()
    {
        _server.Udp = query => [DnsOctets.Response(query, 0, [Answer, DnsOctets.Record("a.example 90 A 192.0.2.2")])];

        var first = await QueryAsync("a.example");
        _clock.Advance(TimeSpan.FromSeconds(59.9));
        var again = await QueryAsync("A.Example.");

        Assert.That(Addresses(first), Is.EqualTo(["192.0.2.1", "192.0.2.2"]));
        Assert.That(again, Is.SameAs(first));
        Assert.That(_server.Questions, Is.EqualTo(["udp a.example 1"]));

        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await QueryAsync("a.example");
        Assert.That(_server.Questions, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task The_time_an_answer_is_kept_has_limits()
    {
        await using var resolver = Resolver(new DnsOptions
        {
            Servers = [_server.Address],
            MinimumTimeToLive = TimeSpan.FromSeconds(10),
            MaximumTimeToLive = TimeSpan.FromMinutes(1),
        });
        _server.Serve(new Dictionary<string, string[]>
        {
            ["a.example 1"] = ["a.example 0 A 192.0.2.1"],
            ["b.example 1"] = ["b.example 999999 A 192.0.2.1"],
        });

        Assert.That((await resolver.QueryAsync(Name("a.example"), DnsRecordType.A, default)).TimeToLive, Is.EqualTo(TimeSpan.FromSeconds(10)));
        Assert.That((await resolver.QueryAsync(Name("b.example"), DnsRecordType.A, default)).TimeToLive, Is.EqualTo(TimeSpan.FromMinutes(1)));
    }

    [TestCase(3, Description = "NXDOMAIN")]
    [TestCase(0, Description = "NODATA")]
    public async Task That_there_is_nothing_is_remembered_for_as_long_as_the_zone_says(int code)
    {
        _server.Udp = query => [DnsOctets.Response(query, code, [], DnsOctets.Record("example 300 SOA 30"))];

        var answer = await QueryAsync("a.example");
        _clock.Advance(TimeSpan.FromSeconds(29));
        await QueryAsync("a.example");

        Assert.That(answer.Outcome, Is.EqualTo(DnsOutcome.None));
        Assert.That(_server.Questions, Has.Count.EqualTo(1));

        _clock.Advance(TimeSpan.FromSeconds(1));
        await QueryAsync("a.example");
        Assert.That(_server.Questions, Has.Count.EqualTo(2));
    }

    [TestCase("example 300 SOA 999999", 300)]
    [TestCase("example 999999 SOA 999999", 3600)]
    [TestCase(null, 0)]
    public async Task That_there_is_nothing_is_remembered_for_an_hour_at_most_and_not_at_all_without_a_zone(string? zone, int seconds)
    {
        _server.Udp = query => [DnsOctets.Response(query, 3, [], zone is null ? null : DnsOctets.Record(zone))];

        Assert.That((await QueryAsync("a.example")).TimeToLive.TotalSeconds, Is.EqualTo(seconds));
    }

    [Test]
    public async Task Equal_questions_at_the_same_time_are_one_and_who_leaves_does_not_end_it()
    {
        using var release = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        _server.Udp = query =>
        {
            release.Wait(TimeSpan.FromSeconds(10));
            return [DnsOctets.Response(query, 0, [Answer])];
        };
        var leaving = _resolver.QueryAsync(Name("a.example"), DnsRecordType.A, cancel.Token).AsTask();
        var staying = QueryAsync("a.example");

        await cancel.CancelAsync();
        Assert.That(async () => await leaving, Throws.InstanceOf<OperationCanceledException>());
        release.Set();

        Assert.That(Addresses(await staying), Is.EqualTo(["192.0.2.1"]));
        Assert.That(_server.Questions, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task What_is_no_answer_to_the_question_is_passed_over()
    {
        var forged = DnsOctets.Record("a.example 60 A 203.0.113.66");
        _server.Udp = query =>
        {
            byte[] Forged(Action<byte[]> spoil)
            {
                var answer = DnsOctets.Response(query, 0, [forged]);
                spoil(answer);
                return answer;
            }

            return
            [
                [],
                [0],
                query,
                Forged(answer => answer[0] ^= 1),                            // another id
                Forged(answer => answer[13] = (byte)'b'),                    // another name
                Forged(answer => answer[12 + 11 + 1] = 28),                  // another type
                Forged(answer => answer[12 + 11 + 3] = 3),                   // another class
                Forged(answer => answer[5] = 0),                             // no question
                Forged(answer => answer[7] = 9),                             // cut
                Forged(answer => (answer[12], answer[13]) = (0xC0, 0x0C)),   // a name that goes round
                DnsOctets.Response(query, 0, [Answer]),
            ];
        };

        Assert.That(Addresses(await QueryAsync("a.example")), Is.EqualTo(["192.0.2.1"]));
        Assert.That(_server.Questions, Is.EqualTo(["udp a.example 1"]));
    }

    [Test]
    public async Task What_comes_from_elsewhere_is_not_seen()
    {
        using var forger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        forger.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        IPEndPoint? querier = null;
        _server.Heard = from => querier = from;
        _server.Udp = query =>
        {
            forger.SendTo(DnsOctets.Response(query, 0, [DnsOctets.Record("a.example 60 A 203.0.113.66")]), querier!);
            return [DnsOctets.Response(query, 0, [Answer])];
        };

        Assert.That(Addresses(await QueryAsync("a.example")), Is.EqualTo(["192.0.2.1"]));
    }

    [Test]
    public async Task Records_that_were_not_asked_for_are_not_believed()
    {
        _server.Udp = query => [DnsOctets.Response(query, 0, [DnsOctets.Record("b.example 60 A 203.0.113.66"), Answer, DnsOctets.Record("a.example 60 AAAA 2001:db8::1")])];

        Assert.That(Addresses(await QueryAsync("a.example")), Is.EqualTo(["192.0.2.1"]));
        await QueryAsync("b.example");

        Assert.That(_server.Questions, Is.EqualTo(["udp a.example 1", "udp b.example 1"]));
    }

    [Test]
    public async Task Numbers_and_ports_of_queries_differ()
    {
        var ids = new HashSet<int>();
        var ports = new HashSet<int>();
        await using var resolver = new DnsResolver(
            new DnsOptions { Servers = [_server.Address], MaximumCacheEntries = 0 }, _clock, SipIdentifiers.Random, NullLogger.Instance);
        _server.Heard = from => ports.Add(from.Port);
        _server.Udp = query =>
        {
            ids.Add((query[0] << 8) | query[1]);
            return [DnsOctets.Response(query, 0, [Answer])];
        };

        for (var i = 0; i < 50; i++)
        {
            await resolver.QueryAsync(Name("a.example"), DnsRecordType.A, default);
        }

        // Of fifty chosen at random a few may be equal.
        Assert.That(ids, Has.Count.GreaterThan(40));
        Assert.That(ports, Has.Count.GreaterThan(20));
    }

    [TestCase(31, "udp")]
    [TestCase(32, "udp tcp")]
    [TestCase(100, "udp tcp")]
    public async Task A_flood_of_wrong_answers_makes_it_ask_over_TCP(int wrong, string protocols)
    {
        _server.Udp = query => [.. Enumerable.Repeat<byte[]>([1, 2, 3], wrong), DnsOctets.Response(query, 0, [Answer])];
        _server.Tcp = query => FakeDnsServer.WithLength(DnsOctets.Response(query, 0, [Answer]));

        Assert.That(Addresses(await QueryAsync("a.example")), Is.EqualTo(["192.0.2.1"]));
        Assert.That(string.Join(' ', _server.Questions.Select(question => question[..3])), Is.EqualTo(protocols));
    }

    [Test]
    public async Task What_does_not_fit_a_datagram_comes_over_TCP()
    {
        _server.Udp = query => [DnsOctets.Response(query, 0, [Answer], truncated: true)];
        _server.Tcp = query => FakeDnsServer.WithLength(DnsOctets.Response(query, 0, [.. Enumerable.Range(1, 200).Select(i => DnsOctets.Record($"a.example 60 A 192.0.2.{i}"))]));

        Assert.That((await QueryAsync("a.example")).Records, Has.Count.EqualTo(200));
        Assert.That(_server.Questions, Is.EqualTo(["udp a.example 1", "tcp a.example 1"]));
    }

    [TestCase("00", Description = "cut in the length")]
    [TestCase("0040 1234", Description = "cut in the message")]
    [TestCase("FFFF 1234", Description = "more than is read")]
    [TestCase("0003 010203", Description = "no message")]
    public async Task What_is_wrong_over_TCP_is_the_next_servers_turn(string octets)
    {
        _server.Udp = query => [DnsOctets.Response(query, 0, [], truncated: true)];
        _server.Tcp = _ => DnsOctets.Of(octets);
        _second.Udp = query => [DnsOctets.Response(query, 0, [Answer])];

        Assert.That(Addresses(await QueryAsync("a.example")), Is.EqualTo(["192.0.2.1"]));
    }

    [TestCase(2, Description = "SERVFAIL")]
    [TestCase(5, Description = "REFUSED")]
    [TestCase(4, Description = "NOTIMP")]
    [TestCase(9)]
    public async Task A_server_that_can_t_say_is_the_next_ones_turn_which_is_kept(int code)
    {
        _server.Udp = query => [DnsOctets.Response(query, code, [])];
        _second.Udp = query => [DnsOctets.Response(query, 0, [Answer])];

        Assert.That(Addresses(await QueryAsync("a.example")), Is.EqualTo(["192.0.2.1"]));
        var asked = _server.Questions.Count;
        await QueryAsync("b.example");

        Assert.That(_second.Questions, Is.EqualTo(["udp a.example 1", "udp b.example 1"]));
        Assert.That(_server.Questions, Has.Count.EqualTo(asked));
    }

    [TestCase(1)]
    [TestCase(4)]
    public async Task A_server_without_EDNS_is_asked_without(int code)
    {
        _server.Udp = query => query[11] == 1
            ? [[query[0], query[1], 0x81, (byte)(0x80 | code), 0, 0, 0, 0, 0, 0, 0, 0]]
            : [DnsOctets.Response(query, 0, [Answer])];

        Assert.That(Addresses(await QueryAsync("a.example")), Is.EqualTo(["192.0.2.1"]));
        Assert.That(_second.Questions, Is.Empty);
    }

    [Test]
    public async Task A_server_that_is_not_there_is_the_next_ones_turn_at_once()
    {
        await using var resolver = Resolver(new DnsOptions { Servers = [new IPEndPoint(IPAddress.Loopback, Interop.FreePort.Next()), _second.Address] });
        _second.Udp = query => [DnsOctets.Response(query, 0, [Answer])];

        Assert.That(Addresses(await resolver.QueryAsync(Name("a.example"), DnsRecordType.A, default)), Is.EqualTo(["192.0.2.1"]));
    }

    [Test]
    public async Task Servers_that_stay_silent_are_each_asked_twice_for_5_s_and_not_again_for_30_s()
    {
        var asking = QueryAsync("a.example");

        foreach (var server in new[] { _server, _second, _server, _second })
        {
            await server.NextAsync();
            Assert.That(asking.IsCompleted, Is.False);
            _clock.Advance(TimeSpan.FromSeconds(5));
        }

        var answer = await asking;
        Assert.That(answer.Outcome, Is.EqualTo(DnsOutcome.Failed));
        Assert.That(answer.Failure, Is.EqualTo($"{_second.Address} does not answer"));

        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.That(await QueryAsync("a.example"), Is.SameAs(answer));
        _clock.Advance(TimeSpan.FromSeconds(1));
        _server.Udp = _second.Udp = query => [DnsOctets.Response(query, 0, [Answer])];
        Assert.That((await QueryAsync("a.example")).Outcome, Is.EqualTo(DnsOutcome.Found));
    }

    [Test]
    public async Task A_slow_server_is_waited_for_as_long_as_the_options_say()
    {
        await using var resolver = Resolver(new DnsOptions { Servers = [_server.Address], Timeout = TimeSpan.FromSeconds(1), Attempts = 1 });
        var asking = resolver.QueryAsync(Name("a.example"), DnsRecordType.A, default).AsTask();

        await _server.NextAsync();
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.That((await asking).Outcome, Is.EqualTo(DnsOutcome.Failed));
        Assert.That(_server.Questions, Has.Count.EqualTo(1));
        Assert.That(_clock.ActiveTimers, Is.Zero);
    }

    [Test]
    public async Task Aliases_are_followed_within_an_answer_and_by_further_queries()
    {
        _server.Serve(new Dictionary<string, string[]>
        {
            ["a.example 1"] = ["a.example 50 CNAME b.example", "b.example 40 CNAME c.example"],
            ["c.example 1"] = ["c.example 60 A 192.0.2.1"],
        });

        var answer = await QueryAsync("a.example");

        Assert.That(Addresses(answer), Is.EqualTo(["192.0.2.1"]));
        Assert.That(answer.TimeToLive.TotalSeconds, Is.EqualTo(40));
        Assert.That(_server.Questions, Is.EqualTo(["udp a.example 1", "udp c.example 1"]));
    }

    [Test]
    public async Task An_alias_of_nothing_is_nothing()
    {
        _server.Udp = query => [DnsOctets.Response(query, 3, [DnsOctets.Record("a.example 20 CNAME b.example")], DnsOctets.Record("example 300 SOA 300"))];

        var answer = await QueryAsync("a.example");

        Assert.That(answer.Outcome, Is.EqualTo(DnsOutcome.None));
        Assert.That(answer.TimeToLive.TotalSeconds, Is.EqualTo(20));
        Assert.That(_server.Questions, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Eight_aliases_are_followed_and_no_ninth()
    {
        _server.Udp = query =>
        {
            var number = query[13] - '0';
            return [DnsOctets.Response(query, 0, [DnsOctets.Record(number < 9 ? $"{number}.example 60 CNAME {number + 1}.example" : "9.example 60 A 192.0.2.1")])];
        };

        Assert.That(Addresses(await QueryAsync("1.example")), Is.EqualTo(["192.0.2.1"]));
        Assert.That((await QueryAsync("0.example")).Outcome, Is.EqualTo(DnsOutcome.Failed));
    }

    [Test]
    public async Task Aliases_that_go_round_end()
    {
        _server.Udp = query => [DnsOctets.Response(query, 0, [DnsOctets.Record("a.example 60 CNAME b.example"), DnsOctets.Record("b.example 60 CNAME a.example")])];

        var answer = await QueryAsync("a.example");

        Assert.That(answer.Outcome, Is.EqualTo(DnsOutcome.Failed));
        Assert.That(answer.Failure, Does.Contain("alias"));
    }

    [Test]
    public async Task Both_kinds_of_addresses_are_found_and_localhost_without_asking()
    {
        _server.Serve(new Dictionary<string, string[]>
        {
            ["a.example 1"] = ["a.example 60 A 192.0.2.1"],
            ["a.example 28"] = ["a.example 60 AAAA 2001:db8::1"],
        });

        Assert.That((await _resolver.FindAddressesAsync(Name("a.example"), default)).Addresses.Select(address => address.ToString()), Is.EqualTo(["2001:db8::1", "192.0.2.1"]));
        Assert.That((await _resolver.FindAddressesAsync(Name("some.LOCALHOST"), default)).Addresses, Is.EqualTo([IPAddress.IPv6Loopback, IPAddress.Loopback]));
        Assert.That(_server.Questions, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Without_servers_named_addresses_are_the_systems_matter()
    {
        await using var resolver = Resolver(new DnsOptions());

        Assert.That((await resolver.FindAddressesAsync(Name("localhost"), default)).Addresses, Has.Some.Matches<IPAddress>(IPAddress.IsLoopback));
        var (addresses, failure) = await resolver.FindAddressesAsync(Name("no host has.this name"), default);
        Assert.That(addresses, Is.Empty);
        Assert.That(failure, Is.Not.Empty);
    }

    [Test]
    public async Task Without_any_server_nothing_is_known()
    {
        await using var resolver = Resolver(new DnsOptions { Servers = [] });

        Assert.That((await resolver.QueryAsync(Name("a.example"), DnsRecordType.A, default)).Failure, Is.EqualTo("There is no server to ask"));
    }

    [Test]
    public async Task Only_512_queries_are_under_way_at_once()
    {
        // Nobody answers, so each stays until the resolver is closed.
        var asking = Enumerable.Range(0, 512).Select(i => QueryAsync($"n{i}.example")).ToArray();

        var refused = await QueryAsync("one.more");
        await _resolver.DisposeAsync();

        Assert.That(refused.Failure, Is.EqualTo("Over 512 queries are under way"));
        Assert.That((await Task.WhenAll(asking)).Select(answer => answer.Outcome), Is.All.EqualTo(DnsOutcome.Failed));
    }

    [Test]
    public async Task Closing_ends_what_is_under_way()
    {
        var asking = QueryAsync("a.example");
        await _server.NextAsync();

        await _resolver.DisposeAsync();

        Assert.That((await asking).Failure, Is.EqualTo("The resolver has been closed"));
        Assert.That((await QueryAsync("b.example")).Failure, Is.EqualTo("The resolver has been closed"));
        Assert.That(_clock.ActiveTimers, Is.Zero);
    }

    private Task<DnsAnswer> QueryAsync(string name) => _resolver.QueryAsync(Name(name), DnsRecordType.A, CancellationToken.None).AsTask();

    private DnsResolver Resolver(DnsOptions options) => new(options, _clock, new CountingIdentifiers(), NullLogger.Instance);

    private static IEnumerable<string> Addresses(DnsAnswer answer) => answer.Records.Cast<DnsAddressRecord>().Select(record => record.Address.ToString());

    private static DnsName Name(string text) => DnsName.TryParse(Encoding.ASCII.GetBytes(text), out var name) ? name : throw new FormatException(text);
}
