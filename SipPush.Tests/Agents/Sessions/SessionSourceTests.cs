using System.Security.Cryptography;

namespace SipPush.Tests.Agents;

/// <summary>Contents that are sent in a session from where they are, behind their envelope.</summary>
public sealed class SessionSourceTests
{
    private SessionPair _pair = null!;

    [TearDown]
    public async Task Stop() => await _pair.DisposeAsync();

    [TestCase(64 * 1024, TestName = "What_is_in_memory_comes_whole_when_it_is_put_behind_its_envelope")]
    [TestCase((64 * 1024) + 1, TestName = "What_is_in_memory_comes_whole_when_it_is_sent_from_where_it_is")]
    public async Task What_is_in_memory_comes_whole(int length)
    {
        _pair = await SessionPair.StartAsync();
        var octets = RandomNumberGenerator.GetBytes(length);

        Assert.That(await SendAsync(PushContent.FromBytes(octets, "application/octet-stream")), Is.EqualTo(octets));
    }

    [Test]
    public async Task A_file_is_closed_when_it_has_been_sent()
    {
        _pair = await SessionPair.StartAsync();
        var octets = RandomNumberGenerator.GetBytes(1_000);
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, octets);

            Assert.That(await SendAsync(PushContent.FromFile(path, "application/octet-stream")), Is.EqualTo(octets));
            Assert.That(() => File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose(), Throws.Nothing);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private async Task<byte[]> SendAsync(PushContent content)
    {
        await using var session = await _pair.OpenAsync();
        var sending = session.SendAsync(content).AsTask();
        await using var push = await _pair.TakeAsync();
        using var received = new MemoryStream();
        await push.Content.CopyToAsync(received).WaitAsync(SessionPair.Patience);

        Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        Assert.That(push.Length, Is.EqualTo(received.Length));
        await session.EndAsync();
        return received.ToArray();
    }
}
