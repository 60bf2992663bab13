using SipPush.Sdp;

namespace SipPush.Tests.Sdp;

/// <summary>Whatever arrives, nothing throws: a parse error or a refusal is all that comes of it.</summary>
[Parallelizable]
public sealed class SdpMutationTests
{
    private static readonly byte[] Nasty = [0, 9, 10, 13, 32, (byte)'"', (byte)'%', (byte)':', (byte)'=', (byte)'/', (byte)';', (byte)'*', (byte)'-', (byte)'[', (byte)'0', (byte)'9', 0x7F, 0x80, 0xC3, 0xFF];

    private static readonly string[] Samples =
    [
        SdpSamples.GoldenOffer,
        SdpSamples.FileOffer,
        "v=0\r\no=a 1 1 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\nt=1 2\r\nr=7d 1h 0 25h\r\nz=0 -1h\r\na=fingerprint:sha-256 AB:CD\r\nm=message 9 TCP/TLS/MSRP *\r\na=setup:active\r\na=msrp-cema\r\na=accept-types:text/plain;a=\"b c\" *\r\na=path:msrps://u@[::1]:9/a;tcp msrps://b:1/c;tcp;x=y\r\na=max-size:1\r\n",
    ];

    [Test]
    public void A_description_cut_anywhere_or_with_any_octet_spoilt_is_handled([Range(0, 2)] int sample)
    {
        var octets = System.Text.Encoding.UTF8.GetBytes(Samples[sample]);

        for (var length = 0; length <= octets.Length; length++)
        {
            var cut = length;
            Assert.DoesNotThrow(() => Handle(octets.AsSpan(0, cut)), $"cut at {cut}");
        }

        for (var position = 0; position < octets.Length; position++)
        {
            var octet = octets[position];
            foreach (var nasty in Nasty)
            {
                octets[position] = nasty;
                Assert.DoesNotThrow(() => Handle(octets), $"{nasty:X2} at {position}");
            }

            octets[position] = octet;
        }
    }

    [Test]
    public void Pieces_put_together_by_chance_are_handled()
    {
        var chance = new Random(8866);
        var lines = string.Concat(Samples).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        for (var run = 0; run < 3_000; run++)
        {
            var text = string.Join(run % 7 == 0 ? "\n" : "\r\n", Enumerable.Range(0, chance.Next(1, 30)).Select(_ => lines[chance.Next(lines.Length)]).Prepend(lines[1]).Prepend(lines[0])) + "\r\n";
            var octets = System.Text.Encoding.UTF8.GetBytes(text);
            for (var spoilt = chance.Next(4); spoilt > 0; spoilt--)
            {
                octets[chance.Next(octets.Length)] = (byte)chance.Next(256);
            }

            Assert.DoesNotThrow(() => Handle(octets), text);
        }
    }

    private static void Handle(ReadOnlySpan<byte> octets)
    {
        if (SessionDescription.TryParse(octets, out var strict, out _, SdpProfile.Strict))
        {
            // What follows the grammar is written as it came, but for what may be written in several ways.
            _ = strict.ToOctets();
        }

        if (!SessionDescription.TryParse(octets, out var offer, out var error))
        {
            Assert.That(error.Line, Is.GreaterThan(0));
            Assert.That(strict, Is.Null);
            return;
        }

        var written = offer.ToOctets();
        Assert.That(SessionDescription.TryParse(written, out var again, out _), Is.True);
        Assert.That(again!.ToOctets(), Is.EqualTo(written));

        var answer = SdpAnswerer.Answer(offer, SdpSamples.Receiver with { Decide = (_, media) => media.File is null ? MediaDecision.Accept : MediaDecision.Send(media.File) }, new FileTransfers());
        Assert.That(AnswerCheck.Check(offer, answer.Description).Where(fault => !fault.IsHarmless), Is.Empty);
        Assert.That(SessionDescription.TryParse(answer.Description.ToOctets(), out _, out _, SdpProfile.Strict), Is.True);
        foreach (var line in answer.Lines)
        {
            _ = (line.Remote?.File?.Selector.ContentType, line.Remote?.File?.Length, line.Route?.Host, line.Remote?.ToMedia());
        }

        _ = SdpOfferer.ReadAnswer(offer, offer);
    }
}
