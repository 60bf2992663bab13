using System.Net.Sockets;
using SipPush.Sip;
using SipPush.Sip.Location;
using SipPush.Tests.Support;

namespace SipPush.Tests.Sip.Location;

/// <summary>RFC 3263 §4.1 and §4.2, rule by rule. A stack with every transport over IPv4, unless a case says otherwise.</summary>
public sealed class ServerLocatorTests
{
    private static readonly SipProtocol[] All = [SipProtocol.Udp, SipProtocol.Tcp, SipProtocol.Tls];

    // The example of §4.1, and a domain without NAPTR, and one without SRV.
    private static readonly string[] Zone =
    [
        "example.com 60 NAPTR 50 50 s SIPS+D2T - _sips._tcp.example.com",
        "example.com 60 NAPTR 90 50 s SIP+D2T - _sip._tcp.example.com",
        "example.com 60 NAPTR 100 50 s SIP+D2U - _sip._udp.example.com",
        "example.com 60 A 192.0.2.80",
        "_sips._tcp.example.com 60 SRV 0 1 5061 server1.example.com",
        "_sip._tcp.example.com 60 SRV 0 1 5070 server1.example.com",
        "_sip._tcp.example.com 60 SRV 1 1 5071 server2.example.com",
        "_sip._udp.example.com 60 SRV 0 1 5072 server2.example.com",
        "server1.example.com 60 A 192.0.2.1",
        "server2.example.com 60 A 192.0.2.2",
        "server2.example.com 60 A 192.0.2.3",

        "srv.example 60 A 192.0.2.81",
        "_sip._udp.srv.example 60 SRV 0 1 5070 server1.example.com",
        "_sip._tcp.srv.example 60 SRV 0 1 5071 server1.example.com",
        "_sips._tcp.srv.example 60 SRV 0 1 5072 server1.example.com",
        "tcp.example 60 A 192.0.2.82",
        "_sip._tcp.tcp.example 60 SRV 0 1 5071 server1.example.com",

        "a.example 60 A 192.0.2.90",
        "a.example 60 A 192.0.2.91",
        "a.example 60 AAAA 2001:db8::90",
        "host 60 A 192.0.2.92",
    ];

    // Numeric (§4.1, §4.2): no question is asked; the transport named, else UDP, for sips TLS; the port named, else the transport's.
    [TestCase("sip:192.0.2.9", "udp:192.0.2.9:5060")]
    [TestCase("sip:alice@192.0.2.9:5070", "udp:192.0.2.9:5070")]
    [TestCase("sip:192.0.2.9;transport=tcp", "tcp:192.0.2.9:5060")]
    [TestCase("sip:192.0.2.9;transport=tls", "tls:192.0.2.9:5061")]
    [TestCase("sip:[2001:db8::9]:5070;transport=TCP", "tcp:[2001:db8::9]:5070")]
    [TestCase("sip:example.com;maddr=192.0.2.9", "udp:192.0.2.9:5060")]
    [TestCase("sips:192.0.2.9", "tls:192.0.2.9:5061", Description = "SIP-51")]
    [TestCase("sips:192.0.2.9;transport=tcp", "tls:192.0.2.9:5061", Description = "SIP-51")]
    [TestCase("sips:192.0.2.9:5070;transport=tls", "tls:192.0.2.9:5070", Description = "SIP-51")]
    public async Task A_numeric_host_takes_no_question(string uri, string endPoint)
    {
        var zone = new ZoneLookup(Zone);

        Assert.That(ServerLocator.TryLocate(SipUri.Parse(uri), out var located));
        Assert.That(located.ToString(), Is.EqualTo(endPoint));
        Assert.That(await LocateAsync(zone, uri), Is.EqualTo([endPoint]));
        Assert.That(zone.Questions, Is.Empty);
    }

    // With a port (§4.1, §4.2): the addresses only, by the transport named, else UDP, for sips TLS.
    [TestCase("sip:example.com:5060", "udp:192.0.2.80:5060")]
    [TestCase("sip:example.com:5070;transport=tcp", "tcp:192.0.2.80:5070")]
    [TestCase("sip:example.com:5070;transport=tls", "tls:192.0.2.80:5070")]
    [TestCase("sips:example.com:5070", "tls:192.0.2.80:5070", Description = "SIP-51")]
    [TestCase("sip:a.example:5060", "udp:192.0.2.90:5060 udp:192.0.2.91:5060")]
    [TestCase("sip:nobody.example;maddr=EXAMPLE.com.:5070", null, Description = "maddr has no port of its own")]
    [TestCase("sip:127.1:5060", null, Description = "no four numbers")]
    [TestCase("sip:2130706433:5060", null)]
    [TestCase("sip:0x7f.0.0.1:5060", null)]
    [TestCase("sip:010.0.0.1:5060", null, Description = "8 to some and 10 to others")]
    [TestCase("sip:nobody.example:5070;maddr=EXAMPLE.com.", "udp:192.0.2.80:5070")]
    [Description("SIP-49")]
    public async Task With_a_port_only_addresses_are_looked_up(string uri, string? endPoints)
    {
        var zone = new ZoneLookup(Zone);

        if (endPoints is null)
        {
            Assert.That(async () => await LocateAsync(zone, uri), Throws.InstanceOf<IOException>());
            return;
        }

        Assert.That(await LocateAsync(zone, uri), Is.EqualTo(endPoints.Split(' ')));
        Assert.That(zone.Questions.Select(question => question.Split(' ')[1]), Is.EqualTo(["A", "Aaaa"]));
    }

    // With a transport and no port (§4.2): that transport's SRV, else the addresses at its port.
    [TestCase("sip:example.com;transport=udp", "udp:192.0.2.2:5072 udp:192.0.2.3:5072")]
    [TestCase("sip:example.com;transport=tcp", "tcp:192.0.2.1:5070 tcp:192.0.2.2:5071 tcp:192.0.2.3:5071")]
    [TestCase("sip:example.com;transport=tls", "tls:192.0.2.1:5061")]
    [TestCase("sips:example.com;transport=tcp", "tls:192.0.2.1:5061", Description = "SIP-51")]
    [TestCase("sip:tcp.example;transport=udp", "udp:192.0.2.82:5060")]
    [TestCase("sip:tcp.example;transport=tls", "tls:192.0.2.82:5061")]
    [TestCase("sips:tcp.example;transport=tls", "tls:192.0.2.82:5061", Description = "SIP-51")]
    [Description("SIP-49")]
    public async Task With_a_transport_its_SRV_records_are_looked_up(string uri, string endPoints)
    {
        var zone = new ZoneLookup(Zone);

        Assert.That(await LocateAsync(zone, uri), Is.EqualTo(endPoints.Split(' ')));
        Assert.That(zone.Questions, Has.None.Contains("Naptr"));
    }

    // With neither (§4.1): NAPTR, what the stack has no transport for being left out; else SRV; else the addresses.
    [TestCase("sip:example.com", "UTS", "tls:192.0.2.1:5061", Description = "the lowest order of all")]
    [TestCase("sip:example.com", "UT", "tcp:192.0.2.1:5070 tcp:192.0.2.2:5071 tcp:192.0.2.3:5071", Description = "the example of the RFC: no TLS here")]
    [TestCase("sip:example.com", "U", "udp:192.0.2.2:5072 udp:192.0.2.3:5072")]
    [TestCase("sips:example.com", "UTS", "tls:192.0.2.1:5061", Description = "SIP-51")]
    [TestCase("sips:srv.example", "UTS", "tls:192.0.2.1:5072", Description = "SIP-51")]
    [TestCase("sips:a.example", "UTS", "tls:192.0.2.90:5061 tls:192.0.2.91:5061", Description = "SIP-51")]
    [TestCase("sip:srv.example", "UTS", "udp:192.0.2.1:5070", Description = "without NAPTR this side chooses: UDP first")]
    [TestCase("sip:srv.example", "T", "tcp:192.0.2.1:5071")]
    [TestCase("sip:tcp.example", "UT", "tcp:192.0.2.1:5071", Description = "TCP is all that has SRV")]
    [TestCase("sip:tcp.example", "U", "udp:192.0.2.82:5060")]
    [TestCase("sip:a.example", "UTS", "udp:192.0.2.90:5060 udp:192.0.2.91:5060")]
    [TestCase("sip:a.example", "TS", "tcp:192.0.2.90:5060 tcp:192.0.2.91:5060", Description = "a stack without UDP")]
    [TestCase("sip:a.example", "S", "tls:192.0.2.90:5061 tls:192.0.2.91:5061")]
    [TestCase("sip:a.example.", "U", "udp:192.0.2.90:5060 udp:192.0.2.91:5060", Description = "the dot of the root")]
    [Description("SIP-49")]
    public async Task With_neither_the_domain_says_which_transport_it_prefers(string uri, string transports, string endPoints)
    {
        SipProtocol[] protocols = [.. All.Where(protocol => transports.Contains("UTS"[(int)protocol], StringComparison.Ordinal))];

        Assert.That(await LocateAsync(new ZoneLookup(Zone), uri, protocols), Is.EqualTo(endPoints.Split(' ')));
    }

    [TestCase("host")]
    [TestCase("HOST")]
    public async Task A_name_of_one_label_is_a_hosts(string host)
    {
        var zone = new ZoneLookup(Zone);

        Assert.That(await LocateAsync(zone, $"sip:{host}"), Is.EqualTo(["udp:192.0.2.92:5060"]));
        Assert.That(zone.Questions, Is.EqualTo(["host A", "host Aaaa"]));
    }

    // Records that are none of SIP's are passed over (§4.1).
    [TestCase("x.example 60 NAPTR 10 10 u SIP+D2U - _sip._udp.example.com", Description = "another flag")]
    [TestCase("x.example 60 NAPTR 10 10 - SIP+D2U - _sip._udp.example.com", Description = "no flag")]
    [TestCase("x.example 60 NAPTR 10 10 s SIP+D2U !.*!x! _sip._udp.example.com", Description = "a regular expression")]
    [TestCase("x.example 60 NAPTR 10 10 s SIP+D2S - _sip._udp.example.com", Description = "SCTP")]
    [TestCase("x.example 60 NAPTR 10 10 s SIPS+D2U - _sip._udp.example.com", Description = "TLS over UDP")]
    [TestCase("x.example 60 NAPTR 10 10 s E2U+sip - _sip._udp.example.com", Description = "ENUM")]
    [TestCase("x.example 60 NAPTR 10 10 s SIP+D2U - .", Description = "no replacement")]
    [Description("SIP-49")]
    public async Task NAPTR_records_that_do_not_apply_are_as_if_not_there(string record)
    {
        var zone = new ZoneLookup([.. Zone, record, "_sip._tcp.x.example 60 SRV 0 0 5099 server1.example.com"]);

        Assert.That(await LocateAsync(zone, "sip:x.example"), Is.EqualTo(["tcp:192.0.2.1:5099"]));
    }

    [Test]
    public async Task NAPTR_records_of_one_order_are_all_used_by_preference_and_those_of_a_higher_one_only_when_they_lead_nowhere()
    {
        var zone = new ZoneLookup(
        [
            .. Zone,
            "x.example 60 NAPTR 20 1 s SIP+D2U - _sip._udp.srv.example",
            "x.example 60 NAPTR 10 9 S sip+d2t - _sip._tcp.srv.example",
            "x.example 60 NAPTR 10 5 s SIPS+D2T - _sips._tcp.srv.example",
            "y.example 60 NAPTR 10 1 s SIPS+D2T - nothing.example",
            "y.example 60 NAPTR 20 1 s SIP+D2U - _sip._udp.srv.example",
        ]);

        Assert.That(await LocateAsync(zone, "sip:x.example"), Is.EqualTo(["tls:192.0.2.1:5072", "tcp:192.0.2.1:5071"]));
        Assert.That(await LocateAsync(zone, "sip:y.example"), Is.EqualTo(["udp:192.0.2.1:5070"]));
    }

    [Test]
    public async Task A_NAPTR_record_without_SRV_records_leads_to_the_addresses_by_its_transport()
    {
        var zone = new ZoneLookup([.. Zone, "x.example 60 NAPTR 10 1 s SIP+D2T - nothing.example", "x.example 60 A 192.0.2.7"]);

        Assert.That(await LocateAsync(zone, "sip:x.example"), Is.EqualTo(["tcp:192.0.2.7:5060"]));
    }

    [TestCase("_sip._udp.x.example 60 SRV 0 0 0 .", Description = "there decidedly is no such service (RFC 2782)")]
    [TestCase("_sip._udp.x.example 60 SRV 0 0 5060 nobody.example", Description = "a server without address")]
    [TestCase("_sip._udp.x.example 60 SRV 0 0 0 server1.example.com", Description = "no port")]
    [TestCase("_sip._udp.x.example 60 SRV 0 0 5060 six.example", Description = "not by the addresses this stack has")]
    public void SRV_records_that_lead_nowhere_do_not_make_the_domain_a_server(string record)
    {
        var zone = new ZoneLookup([.. Zone, record, "x.example 60 A 192.0.2.7", "six.example 60 AAAA 2001:db8::6"]);

        Assert.That(async () => await LocateAsync(zone, "sip:x.example"), Throws.InstanceOf<IOException>());
        Assert.That(async () => await LocateAsync(zone, "sip:x.example;transport=udp"), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task Both_kinds_of_addresses_are_targets_where_the_stack_has_both()
    {
        var locator = Locator(new ZoneLookup(Zone), (_, _) => true);

        var targets = await locator.LocateAsync(SipUri.Parse("sip:a.example"), default);

        Assert.That(targets.Select(target => target.EndPoint.ToString()), Is.EqualTo(["udp:[2001:db8::90]:5060", "udp:192.0.2.90:5060", "udp:192.0.2.91:5060"]));
    }

    [Test]
    public async Task A_DNS_that_says_nothing_of_services_leaves_the_addresses()
    {
        var zone = new ZoneLookup(Zone);
        zone.Silent.UnionWith([DnsRecordType.Naptr, DnsRecordType.Srv]);

        Assert.That(await LocateAsync(zone, "sip:example.com"), Is.EqualTo(["udp:192.0.2.80:5060"]));
        Assert.That(await LocateAsync(zone, "sips:example.com"), Is.EqualTo(["tls:192.0.2.80:5061"]));

        zone.Silent.UnionWith([DnsRecordType.A, DnsRecordType.Aaaa]);
        Assert.That(async () => await LocateAsync(zone, "sip:example.com"), Throws.InstanceOf<IOException>().With.Message.Contains("nobody answers"));
    }

    [TestCase("sips:192.0.2.9;transport=udp", Description = "SIP-51")]
    [TestCase("sips:example.com;transport=udp", Description = "SIP-51")]
    [TestCase("sip:example.com;transport=sctp")]
    [TestCase("sip:192.0.2.9;transport=ws")]
    [TestCase("sip:nobody.example")]
    [TestCase("sip:..")]
    [TestCase("tel:+15551234")]
    public void What_can_t_be_reached_is_said_so(string uri)
    {
        Assert.That(ServerLocator.TryLocate(SipUri.Parse(uri), out _), Is.False);
        Assert.That(async () => await LocateAsync(new ZoneLookup(Zone), uri), Throws.InstanceOf<IOException>());
    }

    [TestCase("sips:example.com")]
    [TestCase("sips:example.com:5070")]
    [TestCase("sip:example.com;transport=tls")]
    [Description("SIP-51")]
    public void Without_a_TLS_transport_nothing_is_looked_up_for_what_needs_one(string uri)
    {
        var zone = new ZoneLookup(Zone);

        Assert.That(async () => await LocateAsync(zone, uri, SipProtocol.Udp, SipProtocol.Tcp), Throws.InstanceOf<IOException>());
        Assert.That(zone.Questions, Is.Empty);
    }

    [Test]
    public async Task At_most_8_servers_and_16_targets_are_named()
    {
        var zone = new ZoneLookup(
        [
            .. Enumerable.Range(1, 40).Select(i => $"_sip._udp.x.example 60 SRV {i} 0 {5000 + i} many.example"),
            .. Enumerable.Range(1, 3).Select(i => $"many.example 60 A 192.0.2.{i}"),
        ]);

        var targets = await LocateAsync(zone, "sip:x.example");

        Assert.That(targets, Has.Length.EqualTo(16));
        Assert.That(targets[^1], Is.EqualTo("udp:192.0.2.1:5006"));
        Assert.That(zone.Questions.Count(question => question == "many.example A"), Is.EqualTo(8));
    }

    [TestCase("sip:Example.com.", "Example.com", Description = "whatever names the DNS led through (RFC 5922 §4)")]
    [TestCase("sips:example.com;maddr=server1.example.com", "example.com")]
    [TestCase("sips:[2001:db8::9]", "2001:db8::9")]
    public async Task A_certificate_has_to_be_for_the_host_of_the_URI(string uri, string domain) =>
        Assert.That((await Locator(new ZoneLookup(Zone), Supports(All)).LocateAsync(SipUri.Parse(uri), default)).Select(target => target.Domain), Is.All.EqualTo(domain));

    [Test]
    public async Task Dead_targets_come_last()
    {
        var locator = Locator(new ZoneLookup(Zone), Supports(All));
        var uri = SipUri.Parse("sip:a.example");
        var first = await locator.LocateAsync(uri, default);

        locator.ReportDead(first[0]);
        var second = await locator.LocateAsync(uri, default);
        locator.ReportAlive(first[0]);
        var third = await locator.LocateAsync(uri, default);

        Assert.That(second, Is.EqualTo(first.Reverse()));
        Assert.That(third, Is.EqualTo(first));
    }

    [Test]
    public async Task An_application_may_answer_in_place_of_the_DNS()
    {
        var zone = new ZoneLookup(Zone);
        var asked = new List<string>();
        var locator = new ServerLocator(zone, Supports(All), new CountingIdentifiers(), new ManualTimeProvider(), (uri, _) =>
        {
            asked.Add(uri.ToString());
            return ValueTask.FromResult<IReadOnlyList<SipTarget>>(
            [
                new SipTarget(SipEndPoint.Parse("tcp:192.0.2.5:5060"), "inside"),
                new SipTarget(SipEndPoint.Parse("tls:192.0.2.5:5061"), "inside"),
            ]);
        });

        Assert.That((await locator.LocateAsync(SipUri.Parse("sip:example.com"), default)).Select(target => $"{target.EndPoint} {target.Domain}"), Is.EqualTo(["tcp:192.0.2.5:5060 inside", "tls:192.0.2.5:5061 inside"]));
        Assert.That((await locator.LocateAsync(SipUri.Parse("sips:example.com"), default)).Select(target => target.EndPoint.ToString()), Is.EqualTo(["tls:192.0.2.5:5061"]));
        Assert.That((await locator.LocateAsync(SipUri.Parse("sip:192.0.2.9"), default)).Select(target => target.EndPoint.ToString()), Is.EqualTo(["udp:192.0.2.9:5060"]));
        Assert.That(asked, Is.EqualTo(["sip:example.com", "sips:example.com"]));
        Assert.That(zone.Questions, Is.Empty);
    }

    private static async Task<string[]> LocateAsync(ZoneLookup zone, string uri, params SipProtocol[] protocols)
    {
        var targets = await Locator(zone, Supports(protocols.Length == 0 ? All : protocols)).LocateAsync(SipUri.Parse(uri), CancellationToken.None);
        return [.. targets.Select(target => target.EndPoint.ToString())];
    }

    private static ServerLocator Locator(ZoneLookup zone, Func<SipProtocol, AddressFamily?, bool> supports) =>
        new(zone, supports, new CountingIdentifiers(), new ManualTimeProvider());

    private static Func<SipProtocol, AddressFamily?, bool> Supports(SipProtocol[] protocols) =>
        (protocol, family) => protocols.Contains(protocol) && family is null or AddressFamily.InterNetwork;
}
