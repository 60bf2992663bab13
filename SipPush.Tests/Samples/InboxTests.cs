using SipPush.Samples.PushReceiver;

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
            var sha256 = new string('a', 64);
            var first = await new Inbox(directory).WriteAsync("text/plain", sha256, "one"u8.ToArray(), CancellationToken.None);
            var second = await new Inbox(directory).WriteAsync("text/plain", sha256, "two"u8.ToArray(), CancellationToken.None);

            Assert.That(Path.GetFileName(first), Is.EqualTo("0001-aaaaaaaaaaaa.txt"));
            Assert.That(Path.GetFileName(second), Is.EqualTo("0002-aaaaaaaaaaaa.txt"));
            Assert.That(await File.ReadAllTextAsync(first), Is.EqualTo("one"));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
