using SipPush.Diagnostics;

namespace SipPush.Tests.Diagnostics;

public sealed class PcapngFileTests
{
    private const string Start = "0a0d0d0a" + "1c000000" + "4d3c2b1a" + "01000000" + "ffffffffffffffff" + "1c000000" + "01000000" + "14000000" + "65000000" + "00000000" + "14000000";

    private static readonly DateTimeOffset Time = DateTimeOffset.UnixEpoch + TimeSpan.FromMicroseconds(0x1_0000_0002);

    [Test]
    public void A_packet_and_its_comment_are_padded_to_32_bits()
    {
        var stream = new MemoryStream();
        var file = new PcapngFile(stream, maximumOctets: null);

        file.WritePacket(Time, [1, 2, 3, 4, 5], "clear");
        file.WritePacket(Time, [1, 2, 3, 4], null);
        file.Close();

        Assert.That(Convert.ToHexStringLower(stream.ToArray()), Is.EqualTo(
            Start
            + "06000000" + "38000000" + "00000000" + "01000000" + "02000000" + "05000000" + "05000000" + "0102030405000000"
            + "01000500" + "636c656172000000" + "00000000" + "38000000"
            + "06000000" + "24000000" + "00000000" + "01000000" + "02000000" + "04000000" + "04000000" + "01020304" + "24000000"));
        Assert.That(file.Length, Is.EqualTo(stream.ToArray().Length));
    }

    [Test]
    public void It_takes_a_packet_as_long_as_it_is_not_full()
    {
        var stream = new MemoryStream();
        var file = new PcapngFile(stream, maximumOctets: 49);

        file.WritePacket(Time, [1, 2, 3, 4], null);
        Assert.That(file.IsFull, Is.True);
        file.WritePacket(Time, [1, 2, 3, 4], null);

        Assert.That(stream.ToArray(), Has.Length.EqualTo(48 + 36));
    }

    [Test]
    public void A_file_that_cannot_be_ended_says_so()
    {
        var file = new PcapngFile(new BrokenAtItsEnd(), maximumOctets: null);

        file.Close();

        Assert.That(file.Error, Has.Message.EqualTo("Input/output error"));
        Assert.That(file.IsFull, Is.True);
    }

    private sealed class BrokenAtItsEnd : MemoryStream
    {
        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            throw new IOException("Input/output error");
        }
    }
}
