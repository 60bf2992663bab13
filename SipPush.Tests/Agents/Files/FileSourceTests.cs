using System.Security.Cryptography;
using SipPush.Msrp;

namespace SipPush.Tests.Agents;

/// <summary>Files of which the application has the octets, and opens them where it is told to.</summary>
public sealed class FileSourceTests
{
    private static readonly byte[] Octets = FilePair.Octets(100_000);

    private readonly List<long> _opened = [];

    [SetUp]
    public void Clear() => _opened.Clear();

    [Test, Description("SDP-37")]
    public async Task It_is_opened_for_its_hash_and_to_be_sent()
    {
        Assert.That(await SendAsync(File()), Is.EqualTo(Octets));
        Assert.That(_opened, Is.EqualTo([0L, 0L]));
    }

    [Test, Description("SDP-37")]
    public async Task One_whose_hash_is_known_is_read_once()
    {
        Assert.That(await SendAsync(File(Sha1())), Is.EqualTo(Octets));
        Assert.That(_opened, Is.EqualTo([0L]));
    }

    [Test, Description("SDP-35")]
    public async Task One_that_is_resumed_is_opened_where_it_goes_on()
    {
        Assert.That(await SendAsync(File(Sha1()) with { ResumeFrom = 60_000 }), Is.EqualTo(Octets[60_000..]));
        Assert.That(_opened, Is.EqualTo([60_000L]));
    }

    [TestCase(-1, "'a.bin' has 100000 octets, not 99999 as was said")]
    [TestCase(1, "'a.bin' has 100000 octets, not 100001 as was said")]
    public async Task One_of_another_size_than_was_said_is_not_offered(int more, string reason)
    {
        await using var pair = await FilePair.StartAsync();
        var file = PushFile.FromStream("a.bin", Octets.Length + more, "application/octet-stream", Open);

        var failure = Assert.ThrowsAsync<IOException>(() => pair.SendAsync(file));

        Assert.That(failure!.Message.Replace(" at least", "", StringComparison.Ordinal), Is.EqualTo(reason));
        Assert.That(pair.Sip, Is.Empty);
    }

    [Test]
    public async Task One_that_can_not_be_opened_again_is_given_up()
    {
        await using var pair = await FilePair.StartAsync();
        var file = PushFile.FromStream("a.bin", 3, "text/plain", (_, _) => ValueTask.FromException<Stream>(new IOException("It is gone")), new byte[20]);

        var report = (await pair.SendAsync(file)).Single();

        Assert.That((report.Outcome, report.Reason), Is.EqualTo((MsrpSendOutcome.SessionEnded, "It is gone")));
    }

    [Test]
    public void What_is_said_of_it_is_checked()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => PushFile.FromStream(null, -1, "text/plain", Open));
        Assert.Throws<ArgumentException>(() => PushFile.FromStream(null, 1, "text/plain", Open, new byte[19]));
        Assert.Throws<ArgumentException>(() => PushFile.FromStream("", 1, "text/plain", Open));
    }

    private PushFile File(ReadOnlyMemory<byte>? sha1 = null) => PushFile.FromStream("a.bin", Octets.Length, "application/octet-stream", Open, sha1);

    private ValueTask<Stream> Open(long offset, CancellationToken cancellationToken)
    {
        _opened.Add(offset);
        return ValueTask.FromResult<Stream>(new MemoryStream(Octets, (int)offset, Octets.Length - (int)offset, writable: false));
    }

    // What has arrived; reading it has checked size and hash.
    private static async Task<byte[]> SendAsync(PushFile file)
    {
        await using var pair = await FilePair.StartAsync();
        var sending = pair.SendAsync(new PushOptions { SuccessReport = true }, file);
        await using var push = (await pair.TakeAsync()).Single();
        using var content = new MemoryStream();
        await push.Content.CopyToAsync(content);
        await push.CompleteAsync();
        Assert.That((await sending).Single().Outcome, Is.EqualTo(MsrpSendOutcome.Reported));
        return content.ToArray();
    }

#pragma warning disable CA5350 // RFC 5547 has no other.
    private static byte[] Sha1() => SHA1.HashData(Octets);
#pragma warning restore CA5350
}
