using SipPush.Sdp;

namespace SipPush.Tests.Agents;

/// <summary>Of a content that is read while it comes (<see cref="ReceivedFileStream"/>). The hash is that of "abc" (FIPS 180-4).</summary>
public sealed class FileStreamTests
{
    private const string Abc = "hash:sha-1:A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D";

    [TestCase("abc", "type:text/plain", null, null)]
    [TestCase("abc", "size:3 " + Abc, null, null)]
    [TestCase("", "size:0", null, null)]
    [TestCase("abd", "size:3 " + Abc, null, "The file does not have the hash that was announced")]
    [TestCase("abc", "size:3 " + Abc + " hash:sha-256:00", null, "The file does not have the hash that was announced")]
    [TestCase("abcd", "size:3 " + Abc, null, "The file has 4 octets at least, 3 were announced")]
    [TestCase("ab", "size:3 " + Abc, null, "The file has 2 octets, 3 were announced")]
    [TestCase("bc", "size:3 " + Abc, "2-3", null)]
    [TestCase("ab", "size:3 " + Abc, "1-2", null)]
    [TestCase("ab", "size:4", "1-3", "The file has 2 octets, 3 were announced")]
    [TestCase("xx", "size:3 " + Abc, "2-*", null)]
    [TestCase("b", "size:3 " + Abc, "2-*", "The file has 1 octets, 2 were announced")]
    [Description("SDP-37, D56")]
    public void What_comes_is_compared_with_what_was_said(string content, string selector, string? range, string? wrong)
    {
        var verdicts = new List<bool>();
        using var stream = new ReceivedFileStream(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(content)), Offer(selector, range), verdicts.Add);

        string? said = null;
        try
        {
            stream.CopyTo(Stream.Null);
        }
        catch (InvalidDataException failure)
        {
            said = failure.Message;
        }

        Assert.That(said, Is.EqualTo(wrong));
        Assert.That(verdicts, Is.EqualTo([wrong is null]));
    }

    private static PushFileOffer Offer(string selector, string? range)
    {
        Assert.That(FileSelector.TryParse(selector, out var read));
        return new PushFileOffer(0, new FileTransfer { Selector = read!, TransferId = "t1", Range = range is not null && FileRange.TryParse(range, out var part) ? part : null });
    }
}
