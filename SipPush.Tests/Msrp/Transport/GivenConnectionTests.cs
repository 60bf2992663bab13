using System.IO.Pipelines;
using System.Net;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Transport;

/// <summary>Endpoints whose connections the application makes.</summary>
public sealed class GivenConnectionTests
{
    [Test]
    public async Task A_message_goes_from_one_endpoint_to_the_other_without_a_socket()
    {
        await using var bob = MsrpEndpoint.Start(Named("bob.example.com", 8888));
        var asked = new List<string>();
        var served = Task.CompletedTask;
        await using var alice = MsrpEndpoint.Start(Named("alice.example.com", 7777) with
        {
            Connect = (uri, _) =>
            {
                asked.Add($"{uri.Host} {uri.Port}");
                Pipe there = new(), back = new();
                served = bob.ServeAsync(new Side(there.Reader, back.Writer));
                return new ValueTask<IDuplexPipe>(new Side(back.Reader, there.Writer));
            },
        });
        await using var hers = alice.CreateSession();
        await using var his = bob.CreateSession();
        Assert.That((hers.LocalUri.ToString(), his.LocalUri.ToString()), Is.EqualTo(("msrp://alice.example.com:7777/session1;tcp", "msrp://bob.example.com:8888/session1;tcp")));

        var waiting = his.StartAsync(new MsrpRemote { Path = hers.LocalPath, Role = MsrpRole.Passive }).AsTask();
        await hers.StartAsync(new MsrpRemote { Path = his.LocalPath, Role = MsrpRole.Active });
        await waiting;
        var sending = hers.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", "The kettle is on."u8.ToArray())).AsTask();

        Assert.That(await MsrpWire.ReadNextAsync(his), Is.EqualTo("The kettle is on."));
        Assert.That((await sending).Outcome, Is.EqualTo(MsrpSendOutcome.Acknowledged));
        Assert.That(asked, Is.EqualTo(["bob.example.com 8888"]));
        await alice.DisposeAsync();
        await served.WaitAsync(MsrpWire.Patience);
    }

    [Test]
    public async Task A_connection_that_can_not_be_made_is_an_MsrpException()
    {
        await using var alice = MsrpEndpoint.Start(new MsrpEndpointOptions { Connect = (uri, _) => throw new IOException($"{uri.Host} is away") });
        await using var session = alice.CreateSession();

        Assert.That(
            async () => await session.StartAsync(new MsrpRemote { Path = MsrpWire.PathOf(MsrpWire.Bob), Role = MsrpRole.Active }), Throws.InstanceOf<MsrpException>().With.Message.Contains("bob.example.com is away"));
    }

    [Test]
    public async Task A_URI_names_the_port_that_is_forwarded_and_not_the_one_listened_on()
    {
        await using var endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0), AdvertisedHost = "203.0.113.7", AdvertisedPort = 2855 });
        await using var session = endpoint.CreateSession();

        Assert.That((session.LocalUri.Host, session.LocalUri.Port), Is.EqualTo(("203.0.113.7", (int?)2855)));
        Assert.That(endpoint.LocalEndPoint!.Port, Is.Not.EqualTo(2855));
    }

    private static MsrpEndpointOptions Named(string host, int port) => new() { AdvertisedHost = host, AdvertisedPort = port, Identifiers = new CountingMsrpIdentifiers() };

    private sealed record Side(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
