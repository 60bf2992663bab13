using System.Net;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>What some of the messages of RFC 4475 are about beyond a status: what comes back, and what must not.</summary>
public sealed class TortureMeaningTests
{
    private static readonly IPEndPoint Peer = IPEndPoint.Parse("127.0.0.2:5060");

    [TestCase("escnull", "<sip:%00@host5.example.com>;expires=3600", "<sip:%00%00@host5.example.com>;expires=3600", Description = "§3.1.1.4: NUL ends nothing")]
    [TestCase("cparam01", "<sip:+19725552222@gw1.example.net>;unknownparam;expires=3600", Description = "§3.3.12: a parameter of the header")]
    [TestCase("cparam02", "<sip:+19725552222@gw1.example.net;unknownparam>;expires=3600", Description = "§3.3.13: a parameter of the URI")]
    [TestCase("regescrt", "<sip:user@example.com?Route=%3Csip:sip.example.com%3E>;expires=3600", Description = "§3.3.14: the header in the URI stays where it is")]
    [TestCase("dblreq", "<sip:j.user@host.example.com>;expires=3600", Description = "§3.1.1.8: what follows the message is none")]
    public async Task A_registrar_gives_the_contacts_back_as_they_came(string name, params string[] contacts)
    {
        await using var sut = await Sut.StartRegistrarAsync();

        sut.Datagrams.Receive(Peer, Read(name));
        await Quiet.AwaitAsync();

        var answer = SipResponse.Parse(sut.Datagram.Single().Octets);
        Assert.That(answer.StatusCode, Is.EqualTo(200));
        Assert.That(answer.Lines(SipHeaderNames.Contact).Select(contact => contact.ToString()), Is.EqualTo(contacts));
    }

    [TestCase("bext01", 420, "Unsupported", "nothingSupportsThis, nothingSupportsThisEither")]
    [TestCase("invut", 415, "Accept", "application/sdp, multipart/*")]
    public async Task A_refusal_says_what_would_be_taken(string name, int status, string header, string value)
    {
        await using var sut = await Sut.StartAgentAsync("user");

        sut.Datagrams.Receive(Peer, Read(name));
        await Quiet.AwaitAsync();

        var answer = SipResponse.Parse(sut.Datagram.Single(datagram => !datagram.Octets.AsSpan().StartsWith("SIP/2.0 100"u8)).Octets);
        Assert.That(answer.StatusCode, Is.EqualTo(status));
        Assert.That(answer[header].ToString(), Is.EqualTo(value));
    }

    [Test]
    public void Escapes_are_undone_once_and_only_to_compare()
    {
        // §3.1.1.3
        var request = SipRequest.Parse(Read("esc01"));

        Assert.That(request.To.Uri, Is.EqualTo(SipUri.Parse("sip:user@example.com")));
        Assert.That(request.RequestUri!.User.ToString(), Is.EqualTo("sips%3Auser%40example.com"));
        Assert.That(
            request.Addresses(SipHeaderNames.Contact).Single().Uri,
            Is.EqualTo(SipUri.Parse("sip:caller@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31")));
    }

    private static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(TortureSet.OwnFolder, "sip", "rfc4475", $"{name}.dat"));
}
