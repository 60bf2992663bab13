using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Tests.Sip.Parsing;

/// <summary>Whatever arrives, nothing throws (SIP-96): the parser names a fault, and a reading that finds none is empty.</summary>
[Parallelizable]
public sealed class MutationTests
{
    private static readonly SipLimits Limits = new();
    private static readonly byte[] Nasty = [0, 9, 10, 13, 32, (byte)'"', (byte)'<', (byte)'>', (byte)',', (byte)';', (byte)':', (byte)'=', (byte)'\\', (byte)'%', (byte)'[', (byte)']', (byte)'@', (byte)'/', (byte)'?', (byte)'9', 0x7F, 0x80, 0xFF];

    private readonly MessageIndex _index = new();

    [Test]
    public void A_message_cut_anywhere_is_read_without_an_exception([Values("message.sip", "message_fwd.sip", "invite.sip", "ok200.sip")] string name)
    {
        var message = Read(name);

        for (var length = 0; length < message.Length; length++)
        {
            var cut = length;
            Assert.DoesNotThrow(() => ReadAll(message.AsSpan(0, cut)), $"cut at {length}");
            Assert.That(SipParser.Parse(message.AsSpan(0, length), Limits, _index), Is.Not.EqualTo(SipParseError.None), $"cut at {length}");
        }
    }

    [Test]
    public void A_message_with_any_octet_spoilt_is_read_without_an_exception([Values("message.sip", "message_fwd.sip", "invite.sip", "ok200.sip")] string name)
    {
        var message = Read(name);

        for (var position = 0; position < message.Length; position++)
        {
            var octet = message[position];
            foreach (var nasty in Nasty)
            {
                message[position] = nasty;
                Assert.DoesNotThrow(() => ReadAll(message), $"{nasty:X2} at {position}");
            }
            message[position] = octet;
        }
    }

    private void ReadAll(ReadOnlySpan<byte> octets)
    {
        SipParser.Parse(octets, Limits, _index);
        if (!_index.IsRequest)
        {
            var response = SipResponse.Copy(octets, _index);
            ReadHeaders(response);
            _ = (response.ReasonPhrase, response.RetryAfter);
            _ = new SipResponseBuilder(response).Build();
            return;
        }

        var request = SipRequest.Copy(octets, _index);
        ReadHeaders(request);
        _ = request.MaxForwards;
        ReadUri(request.RequestUri);
        _ = new SipResponseBuilder(request, 200, "tag").Build();

        var builder = new SipRequestBuilder(request);
        _ = builder.RemoveFirstValue(SipHeaderNames.Via);
        _ = builder.Build();

        if (_index.Find(HeaderId.Via) >= 0)
        {
            ReadHeaders(SipRequest.Copy(octets, _index, "SIP/2.0/UDP a;received=192.0.2.1"u8));
        }
    }

    private static void ReadHeaders(SipMessage message)
    {
        ReadUri(message.From.Uri);
        ReadUri(message.To.Uri);
        var via = message.TopVia;
        _ = (via.Branch, via.ReadSentBy(), via.SentByAddress(), via.ToString());
        _ = (message.CallId, message.CSeq, message.ContentType.Is("application/sdp"), message.Expires, message.ToString());

        foreach (var (name, _) in message.Headers.ToArray())
        {
            var known = new SipHeaderName(name.ToString());
            _ = (message[known].Unquote().ToString(), message.Seconds(known), message.Lines(known).Count());
            foreach (var address in message.Addresses(known))
            {
                ReadUri(address.Uri);
                _ = (address.Tag, address.Parameters.Get("+g.oma.pusheventapp"), address.ToString());
            }
        }
    }

    private static void ReadUri(SipUri? uri)
    {
        if (uri is not null)
        {
            _ = (uri.GetHashCode(), uri.Transport, uri.IsGruu, uri.HostAddress(), uri.WithoutParameters(), uri.IsSameGruu(SipUri.Parse(uri.ToString())));
        }
    }

    private static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(TestContext.CurrentContext.TestDirectory, "Data", name));
}
