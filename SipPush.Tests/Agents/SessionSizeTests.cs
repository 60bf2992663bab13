using SipPush.Msrp;

namespace SipPush.Tests.Agents;

/// <summary>How large a content of a session may be.</summary>
public sealed class SessionSizeTests
{
    private SessionPair _pair = null!;

    [SetUp]
    public async Task Start() => _pair = await SessionPair.StartAsync(new PushReceiverOptions { MaxSize = 1_000 });

    [TearDown]
    public async Task Stop() => await _pair.DisposeAsync();

    [TestCase(true)]
    [TestCase(false)]
    public async Task The_content_counts_and_not_its_envelope(bool envelope)
    {
        await using var session = await _pair.OpenAsync();

        var sending = session.SendAsync(PushContent.FromBytes(new byte[1_000], "text/plain"), new PushOptions { Envelope = envelope }).AsTask();
        await using var push = await _pair.TakeAsync();

        Assert.That(await SessionPair.ReadAsync(push), Has.Length.EqualTo(1_000));
        Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
        await session.EndAsync();
    }

    [TestCase(1_001, true)]
    [TestCase(1_001, false)]
    [TestCase(1_000_000, false)]
    public async Task One_octet_more_is_refused(int length, bool envelope)
    {
        await using var session = await _pair.OpenAsync();

        var report = await session.SendAsync(PushContent.FromBytes(new byte[length], "text/plain"), new PushOptions { Envelope = envelope, SuccessReport = true }).AsTask().WaitAsync(SessionPair.Patience);

        Assert.That((report.Outcome, report.StatusCode), Is.EqualTo((MsrpSendOutcome.Refused, 413)));
        await session.EndAsync();
    }
}
