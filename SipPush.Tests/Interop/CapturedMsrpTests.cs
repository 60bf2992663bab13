using System.Text;

namespace SipPush.Tests.Interop;

/// <summary>The reader of captures says what is wrong, so that its silence means something.</summary>
[TestFixture]
public sealed class CapturedMsrpTests
{
    [Test]
    public void Chunks_become_messages()
    {
        var frames = Read("""
            MSRP a786hjs2 SEND
            To-Path: msrp://b:2/b;tcp
            From-Path: msrp://a:1/a;tcp
            Message-ID: 87652491
            Byte-Range: 1-3/6
            Content-Type: text/plain

            abc
            -------a786hjs2+
            MSRP a786hjs3 200 OK
            To-Path: msrp://a:1/a;tcp
            From-Path: msrp://b:2/b;tcp
            -------a786hjs3$
            MSRP a786hjs4 SEND
            To-Path: msrp://b:2/b;tcp
            From-Path: msrp://a:1/a;tcp
            Message-ID: 87652491
            Byte-Range: 4-*/6
            Content-Type: text/plain

            def
            -------a786hjs4$

            """);

        Assert.That(frames.SelectMany(frame => frame.Faults), Is.Empty);
        Assert.That(frames.Select(frame => (frame.IsSend, frame.Flag)), Is.EqualTo([(true, '+'), (false, '$'), (true, '$')]));
        Assert.That(CapturedMsrp.Messages(frames).Select(message => (message.Key, Encoding.ASCII.GetString(message.Value))), Is.EqualTo([("87652491", "abcdef")]));
    }

    [TestCase("From-Path: msrp://a:1/a;tcp\nMessage-ID: 87652491", "-------a786hjs2$", "missing To-Path in MSRP a786hjs2 SEND")]
    [TestCase("To-Path: msrp://b:2/b;tcp\nMessage-ID: 87652491", "-------a786hjs2$", "missing From-Path in MSRP a786hjs2 SEND")]
    [TestCase("To-Path: msrp://b:2/b;tcp\nFrom-Path: msrp://a:1/a;tcp", "-------a786hjs2!", "bad end-line of a786hjs2")]
    [TestCase("To-Path: msrp://b:2/b;tcp\nFrom-Path: msrp://a:1/a;tcp", "-------a786hjs3$", "bad end-line of a786hjs2")]
    [TestCase("To-Path: msrp://b:2/b;tcp\nFrom-Path: msrp://a:1/a;tcp\nByte-Range: 1-4/6", "\nabc\n-------a786hjs2+", "bad Byte-Range 1-4/6 in MSRP a786hjs2 SEND: the body has 3 octets")]
    [TestCase("To-Path: msrp://b:2/b;tcp\nFrom-Path: msrp://a:1/a;tcp\nByte-Range: 5-*/6", "\nabc\n-------a786hjs2+", "bad Byte-Range 5-*/6 in MSRP a786hjs2 SEND: the body goes beyond the total")]
    [TestCase("To-Path: msrp://b:2/b;tcp\nFrom-Path: msrp://a:1/a;tcp\nByte-Range: 0-3/3", "\nabc\n-------a786hjs2+", "bad Byte-Range 0-3/3 in MSRP a786hjs2 SEND: it can't be read")]
    public void A_fault_is_told(string headers, string rest, string fault)
    {
        var frames = Read($"MSRP a786hjs2 SEND\n{headers}\n{rest}\n");

        Assert.That(frames.SelectMany(frame => frame.Faults), Is.EqualTo([fault]));
    }

    private static IReadOnlyList<CapturedMsrp> Read(string text) => CapturedMsrp.Frames(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n")));
}
