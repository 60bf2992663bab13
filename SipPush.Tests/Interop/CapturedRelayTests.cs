using System.Security.Cryptography;
using SipPush.Tests.Support;

namespace SipPush.Tests.Interop;

/// <summary>What the library and Kamailio's relay say to each other over TCP, as tshark recorded it.</summary>
[TestFixture, Category("Interop"), Parallelizable]
public sealed class CapturedRelayTests
{
    private const int Megabyte = 1 << 20;

    [Test]
    public async Task What_is_on_the_wire_is_MSRP_to_a_reader_that_is_not_ours()
    {
        var authority = TestAuthority.CreateRoot();
        await using var relay = await KamailioRelay.StartAsync();
        await using var capture = await Capture.StartAsync(relay.Port);
        await using var alice = await RelayParty.BehindAsync(relay, authority, "alice");
        await using var bob = RelayParty.Direct(relay, authority);
        await RelayParty.ConnectAsync(alice, bob);
        await alice.SendAsync(bob, Megabyte);
        await bob.SendAsync(alice, 10_000);

        // The relay's connection to bob has neither of its ends on the relay's port.
        var streams = (await capture.ReadStreamsAsync()).Select(stream => (stream.SourcePort, Frames: CapturedMsrp.Frames(stream.Octets))).ToList();
        Assert.That(streams.SelectMany(stream => stream.Frames).SelectMany(frame => frame.Faults), Is.Empty);
        var said = streams.Where(stream => stream.SourcePort != relay.Port).SelectMany(stream => stream.Frames).ToList();
        var heard = streams.Where(stream => stream.SourcePort == relay.Port).SelectMany(stream => stream.Frames).ToList();

        Assert.That(CapturedMsrp.Messages(said).Values.Select(Hash), Is.EqualTo([HashOf(Megabyte)]));
        Assert.That(CapturedMsrp.Messages(heard).Values.Select(Hash), Is.EqualTo([HashOf(10_000)]));
        Assert.That(said.Where(frame => frame.IsSend).Select(frame => frame["To-Path"]).Distinct(), Is.EqualTo([$"{alice.Lease!.UsePath} {bob.Session.LocalUri}"]));
        Assert.That(said.Where(frame => frame.IsReport).Select(frame => (frame["To-Path"], frame["Byte-Range"], frame["Status"])),
            Is.EqualTo([($"{alice.Lease.UsePath} {bob.Session.LocalUri}", "1-10000/10000", "000 200 OK")]));
        Assert.That(heard.Where(frame => frame.IsReport).Select(frame => (frame["To-Path"], frame["Byte-Range"])),
            Is.EqualTo([(alice.Session.LocalUri.ToString(), $"1-{Megabyte}/{Megabyte}")]));
    }

    private static string HashOf(int length)
    {
        var body = new byte[length];
        new Random(length).NextBytes(body);
        return Hash(body);
    }

    private static string Hash(byte[] body) => Convert.ToHexStringLower(SHA256.HashData(body));
}
