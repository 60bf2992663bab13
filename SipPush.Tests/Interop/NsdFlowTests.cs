using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using SipPush.Sip;
using SipPush.Sip.Location;

namespace SipPush.Tests.Interop;

/// <summary>Servers found in a DNS that somebody else wrote, and reached.</summary>
[TestFixture, Category("Interop"), Parallelizable]
public sealed class NsdFlowTests
{
    [Test]
    [Description("SIP-49")]
    public async Task From_NAPTR_over_SRV_to_addresses_by_order_priority_and_weight()
    {
        await using var dns = await NsdServer.StartAsync(
            """
            @          NAPTR 90 50 "s" "SIP+D2U"  "" _sip._udp
            @          NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp
            @          NAPTR 60 50 "s" "SIP+D2T"  "" _sip._tcp
            @          NAPTR 10 50 "u" "E2U+sip"  "!^.*$!sip:info@sip.example!" .
            _sip._tcp  SRV   20 0 5070 last
            _sip._tcp  SRV   10 25 5071 small
            _sip._tcp  SRV   10 75 5072 large
            _sips._tcp SRV   0 0 5061 last
            last       A     192.0.2.1
            last       A     192.0.2.2
            small      A     192.0.2.3
            large      A     192.0.2.4
            large      AAAA  2001:db8::4
            """);
        await using var resolver = Resolver(dns);
        var locator = new ServerLocator(
            resolver,
            (protocol, family) => protocol != SipProtocol.Tls && family != AddressFamily.InterNetworkV6,
            SipIdentifiers.Random,
            TimeProvider.System);

        var orders = new List<string>();
        for (var i = 0; i < 1000; i++)
        {
            var targets = await locator.LocateAsync(SipUri.Parse("sip:bob@SIP.example"), default);
            Assert.That(targets.Skip(2).Select(target => target.EndPoint.ToString()), Is.EquivalentTo(["tcp:192.0.2.1:5070", "tcp:192.0.2.2:5070"]));
            orders.Add(string.Join(' ', targets.Take(2).Select(target => target.EndPoint)));
        }

        // 75 of 101 times the large one comes first: that it were outside 650 to 850 of 1,000 is seven standard deviations away.
        const string LargeFirst = "tcp:192.0.2.4:5072 tcp:192.0.2.3:5071";
        Assert.That(orders.Distinct(), Is.EquivalentTo([LargeFirst, "tcp:192.0.2.3:5071 tcp:192.0.2.4:5072"]));
        Assert.That(orders.Count(order => order == LargeFirst), Is.InRange(650, 850));
    }

    [Test]
    public async Task What_does_not_fit_a_datagram_is_fetched_over_TCP()
    {
        await using var dns = await NsdServer.StartAsync(Enumerable.Range(1, 80).Select(i => $"_sip._udp SRV 0 {i} 5060 a-server-with-a-rather-long-name-{i}"));
        await using var resolver = Resolver(dns);
        var name = Name($"_sip._udp.{NsdServer.Zone}");

        using var socket = new UdpClient(AddressFamily.InterNetwork);
        var query = new byte[DnsMessage.MaximumQueryLength];
        await socket.SendAsync(query.AsMemory(0, DnsMessage.WriteQuery(query, 1, name, DnsRecordType.Srv, extended: true)), dns.Address);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), TimeProvider.System);
        Assert.That(DnsMessage.TryRead((await socket.ReceiveAsync(limit.Token)).Buffer, out var message), Is.EqualTo(DnsReadError.None));
        Assert.That(message!.IsTruncated);

        var answer = await resolver.QueryAsync(name, DnsRecordType.Srv, default);

        Assert.That(answer.Records.Cast<DnsServiceRecord>().Select(record => record.Weight), Is.EquivalentTo(Enumerable.Range(1, 80)));
    }

    [Test]
    public async Task Aliases_absence_and_refusal_are_what_they_are()
    {
        await using var dns = await NsdServer.StartAsync(
            """
            one   CNAME two
            two   CNAME three
            three A     192.0.2.1
            gone  CNAME nobody
            round CNAME and
            and   CNAME round
            """);
        await using var resolver = Resolver(dns);

        async Task<string> QueryAsync(string name, DnsRecordType type = DnsRecordType.A)
        {
            var answer = await resolver.QueryAsync(Name(name), type, default);
            return $"{answer.Outcome} {string.Join(' ', answer.Records.OfType<DnsAddressRecord>().Select(record => record.Address))} {answer.TimeToLive.TotalSeconds}";
        }

        Assert.That(await QueryAsync("one.sip.example"), Is.EqualTo("Found 192.0.2.1 60"));
        Assert.That(await QueryAsync("one.sip.example", DnsRecordType.Naptr), Is.EqualTo("None  30"));
        Assert.That(await QueryAsync("nobody.sip.example"), Is.EqualTo("None  30"));
        Assert.That(await QueryAsync("gone.sip.example"), Is.EqualTo("None  30"));
        Assert.That(await QueryAsync("round.sip.example"), Does.StartWith("Failed "));
        Assert.That(await QueryAsync("elsewhere.example"), Does.StartWith("Failed "));
    }

    [TestCase("udp", Description = "SIP-50: the first answers 503")]
    [TestCase("tcp", Description = "SIP-50: nobody listens where the first should be")]
    public async Task A_MESSAGE_to_a_domain_reaches_the_second_server_when_the_first_does_not_serve(string transport)
    {
        var received = new List<string>();
        await using var first = await ServerAsync("udp", 503, received);
        await using var second = await ServerAsync(transport, 200, received);
        var firstPort = transport == "udp" ? first.Local[0].Address.Port : FreePort.Next();
        await using var dns = await NsdServer.StartAsync(
            $"""
            @ NAPTR 10 10 "s" "SIP+D2{(transport == "udp" ? 'U' : 'T')}" "" servers
            servers SRV 1 0 {firstPort} first
            servers SRV 2 0 {second.Local[0].Address.Port} second
            first A 127.0.0.1
            second CNAME loopback
            loopback A 127.0.0.1
            """);
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Listen = [SipEndPoint.Parse("udp:127.0.0.1:0"), SipEndPoint.Parse("tcp:127.0.0.1:0")],
            Dns = new DnsOptions { Servers = [dns.Address] },
        });
        var userAgent = stack.CreateUserAgent(new SipUserAgentOptions { AddressOfRecord = SipUri.Parse("sip:alice@sip.example") });

        using var message = userAgent.CreateRequest(SipMethod.Message, SipUri.Parse("sip:bob@sip.example"));
        var result = await userAgent.SendAsync(message);
        using var another = userAgent.CreateRequest(SipMethod.Message, SipUri.Parse("sip:bob@sip.example"));
        var next = await userAgent.SendAsync(another);

        Assert.That(result.StatusCode, Is.EqualTo(200), () => result.Error?.ToString() ?? "");
        Assert.That(next.StatusCode, Is.EqualTo(200));

        // The second time the dead one is not asked first.
        Assert.That(string.Join(' ', received), Is.EqualTo(transport == "udp" ? "503 200 200" : "200 200"));
    }

    private static Task<SipStack> ServerAsync(string transport, int status, List<string> received) => SipStack.StartAsync(new SipStackOptions
    {
        Listen = [SipEndPoint.Parse($"{transport}:127.0.0.1:0")],
        OnRequest = async (transaction, token) =>
        {
            lock (received)
            {
                received.Add(status.ToString(System.Globalization.CultureInfo.InvariantCulture));
            }

            await transaction.RespondAsync(status, cancellationToken: token);
        },
    }).AsTask();

    private static DnsResolver Resolver(NsdServer dns) =>
        new(new DnsOptions { Servers = [dns.Address] }, TimeProvider.System, SipIdentifiers.Random, NullLogger.Instance);

    private static DnsName Name(string text) => DnsName.TryParse(Encoding.ASCII.GetBytes(text), out var name) ? name : throw new FormatException(text);
}
