using System.Security.Cryptography;
using SipPush.Samples.PushReceiver;
using SipPush.Tests.Support;

namespace SipPush.Tests.Samples;

public sealed class InboxTests
{
    [TestCase("text/plain;charset=utf-8", ".txt")]
    [TestCase("IMAGE/PNG", ".png")]
    [TestCase("text/../../etc/passwd", ".bin")]
    [TestCase("application/x-sh", ".bin")]
    [TestCase("", ".bin")]
    public void The_extension_comes_from_a_table(string contentType, string extension) =>
        Assert.That(Inbox.ExtensionOf(contentType), Is.EqualTo(extension));

    [Test]
    public async Task Files_that_are_there_are_left_alone()
    {
        var directory = Directory.CreateTempSubdirectory("sippush-");
        try
        {
            var first = await new Inbox(directory).WriteAsync("text/plain", Copy("one"u8), CancellationToken.None);
            await File.WriteAllTextAsync(first, "mine");
            var second = await new Inbox(directory).WriteAsync("text/plain", Copy("one"u8), CancellationToken.None);

            Assert.That(Path.GetFileName(first), Is.EqualTo("0001-7692c3ad3540.txt"));
            Assert.That(Path.GetFileName(second), Is.EqualTo("0002-7692c3ad3540.txt"));
            Assert.That(await File.ReadAllTextAsync(first), Is.EqualTo("mine"));
            Assert.That(await File.ReadAllTextAsync(second), Is.EqualTo("one"));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Test]
    public async Task Of_a_content_that_does_not_come_whole_nothing_is_left()
    {
        var directory = Directory.CreateTempSubdirectory("sippush-");
        try
        {
            var content = new ContentCopy(new LostStream(), null, TimeProvider.System);

            Assert.That(async () => await new Inbox(directory).WriteAsync("text/plain", content, CancellationToken.None), Throws.InstanceOf<IOException>());
            Assert.That(directory.GetFileSystemInfos(), Is.Empty);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Test]
    public async Task A_slow_reader_reads_no_more_than_its_rate()
    {
        var clock = new ManualTimeProvider();
        var octets = Enumerable.Range(0, 1000).Select(i => (byte)i).ToArray();
        var copied = new MemoryStream();
        var content = new ContentCopy(new MemoryStream(octets), rate: 100, clock);

        var copying = content.RunAsync(copied, CancellationToken.None);
        for (var seconds = 0; seconds < 10; seconds++)
        {
            Assert.That(copied.Length, Is.LessThanOrEqualTo((100 * seconds) + 10));
            for (var i = 0; i < 10; i++)
            {
                await Interop.Poll.UntilAsync(() => clock.ActiveTimers > 0 || copying.IsCompleted, TimeSpan.FromSeconds(10));
                clock.Advance(TimeSpan.FromMilliseconds(100));
            }
        }

        await copying;
        Assert.That(copied.ToArray(), Is.EqualTo(octets));
        Assert.That(content.Sha256, Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(octets))));
        Assert.That(content.Beginning.ToArray(), Is.EqualTo(octets[..200]));
    }

    private static ContentCopy Copy(ReadOnlySpan<byte> octets) => new(new MemoryStream(octets.ToArray()), null, TimeProvider.System);

    private sealed class LostStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromException<int>(new IOException("The connection was lost"));
    }
}
