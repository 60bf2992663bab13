using SipPush.Sip.Location;

namespace SipPush.Tests.Sip.Location;

public sealed class SystemDnsTests
{
    [Test]
    public void A_resolv_conf_names_servers_and_times()
    {
        var dns = SystemDns.Parse("""
            # made by hand
            search example.com
            nameserver 192.0.2.53
            nameserver	2001:db8::53  # the other
            nameserver nonsense
            options ndots:1 timeout:3 attempts:4
            """);

        Assert.That(dns.Servers.Select(server => server.ToString()), Is.EqualTo(["192.0.2.53:53", "[2001:db8::53]:53"]));
        Assert.That(dns.Timeout, Is.EqualTo(TimeSpan.FromSeconds(3)));
        Assert.That(dns.Attempts, Is.EqualTo(4));
    }

    [TestCase("", null, null)]
    [TestCase("options timeout:x attempts:-1 timeout:", null, null)]
    [TestCase("options timeout:99999 attempts:99999", 30, 5)]
    [TestCase("options timeout:99999999999999999999", null, null)]
    public void Without_a_server_the_host_itself_is_asked_and_times_have_limits(string text, int? timeout, int? attempts)
    {
        var dns = SystemDns.Parse(text);

        Assert.That(dns.Servers.Single().ToString(), Is.EqualTo("127.0.0.1:53"));
        Assert.That(dns.Timeout?.TotalSeconds, Is.EqualTo(timeout));
        Assert.That(dns.Attempts, Is.EqualTo(attempts));
    }

    [Test]
    public void The_system_always_names_a_server() => Assert.That(SystemDns.Read().Servers, Is.Not.Empty);
}
