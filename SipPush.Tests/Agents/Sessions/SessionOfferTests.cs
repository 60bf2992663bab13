using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Tests.Agents;

/// <summary>Offers of either end in a session of a sender: taken, refused, and such that cross each other (RFC 3261 §14, RFC 3264 §8).</summary>
public sealed class SessionOfferTests
{
    private SessionPair _pair = null!;
    private SessionFarEnd _far = null!;

    [SetUp]
    public async Task Start()
    {
        _pair = await SessionPair.StartAsync();
        _far = await SessionFarEnd.StartAsync(_pair);
    }

    [TearDown]
    public async Task Stop()
    {
        await _pair.DisposeAsync();
        await _far.DisposeAsync();
    }

    [TestCase("INVITE")]
    [TestCase("UPDATE")]
    public async Task A_far_end_that_says_the_same_keeps_the_path(string method)
    {
        var (session, messages) = await _far.TakeAsync();
        var media = session.Media;

        var answer = await _far.AskAsync(method, 1, _far.Describe(messages, 2));

        Assert.That(answer, Does.StartWith("SIP/2.0 200 "));
        Assert.That(SessionText.PathOf(answer), Is.EqualTo(SessionText.PathOf(_far.Invite)));
        Assert.That(session.Media, Is.SameAs(media));
        await SendAsync(session, messages);
        await session.EndAsync();
    }

    [TestCase("INVITE")]
    [TestCase("UPDATE")]
    public async Task A_far_end_that_moves_is_followed(string method)
    {
        var (session, earlier) = await _far.TakeAsync();
        var messages = _far.Media.CreateSession();

        var answer = await _far.AskAsync(method, 1, _far.Describe(messages, 2));
        await SessionFarEnd.BindAsync(messages, answer, MsrpRole.Active);

        Assert.That(answer, Does.StartWith("SIP/2.0 200 "));
        Assert.That(SessionText.PathOf(answer), Is.Not.EqualTo(SessionText.PathOf(_far.Invite)));
        Assert.That(Version(answer), Is.EqualTo(Version(_far.Invite) + 1));
        await earlier.Completion.WaitAsync(SessionPair.Patience);
        await SendAsync(session, messages);
        await session.EndAsync();
    }

    [TestCase("v=0\r\nnonsense\r\n")]
    [TestCase("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n")]
    [TestCase("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n")]
    [TestCase("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=message 4321 TCP/MSRP *\r\na=accept-types:*\r\na=path:msrp://127.0.0.1:4321/p!;tcp\r\na=setup:actpass\r\n", TestName = "A_path_that_MSRP_does_not_have_is_refused_and_the_session_goes_on")]
    public async Task An_offer_that_can_not_be_taken_is_refused_and_the_session_goes_on(string offer)
    {
        var (session, messages) = await _far.TakeAsync();

        Assert.That(await _far.AskAsync("INVITE", 1, offer), Does.StartWith("SIP/2.0 488 "));

        await SendAsync(session, messages);
        await session.EndAsync();
    }

    [TestCase("488 Not Acceptable Here")]
    [TestCase("603 Decline")]
    public async Task A_move_that_is_refused_leaves_the_session_as_it_was(string status)
    {
        var (session, messages) = await _far.TakeAsync();
        var media = session.Media;

        var moving = session.MoveAsync().AsTask();
        await _far.ReplyAsync(await _far.HearAsync("INVITE", "2 "), status);

        var failure = Assert.ThrowsAsync<PushException>(() => moving.WaitAsync(SessionPair.Patience));
        Assert.That((failure!.Result.Outcome, $"{failure.Result.StatusCode} {failure.Result.Reason}"), Is.EqualTo((PushOutcome.Refused, status)));
        Assert.That(session.Media, Is.SameAs(media));
        await SendAsync(session, messages);
        await session.EndAsync();
    }

    [Test]
    public async Task A_move_that_always_meets_another_offer_is_given_up_and_the_session_goes_on()
    {
        var (session, messages) = await _far.TakeAsync();

        var moving = session.MoveAsync().AsTask();
        for (var number = 2; number < 7; number++)
        {
            await PassTimeUntilAsync(() => _far.Find("INVITE", $"{number} ") is not null);
            await _far.ReplyAsync(_far.Find("INVITE", $"{number} ")!, "491 Request Pending");
        }

        Assert.That(Assert.ThrowsAsync<PushException>(() => moving.WaitAsync(SessionPair.Patience))!.Result.StatusCode, Is.EqualTo(491));
        await SendAsync(session, messages);
        await session.EndAsync();
    }

    [Test]
    public async Task A_move_that_nobody_answers_ends_the_session()
    {
        var (session, _) = await _far.TakeAsync();

        var moving = session.MoveAsync().AsTask();

        var failure = Assert.ThrowsAsync<PushException>(() => _pair.PassTimeAsync(moving));
        Assert.That(failure!.Result.Outcome, Is.EqualTo(PushOutcome.NoAnswer));
        Assert.That(await session.Completion.WaitAsync(SessionPair.Patience), Is.EqualTo(PushSessionEnd.DialogLost));
    }

    [Test]
    public async Task A_session_that_ends_in_the_middle_of_a_move_leaves_neither_path()
    {
        var (session, _) = await _far.TakeAsync();
        var moving = session.MoveAsync().AsTask();
        await _far.HearAsync("INVITE", "2 ");

        await session.DisposeAsync().AsTask().WaitAsync(SessionPair.Patience);

        Assert.That(Assert.ThrowsAsync<PushException>(() => moving.WaitAsync(SessionPair.Patience))!.Result.Outcome, Is.EqualTo(PushOutcome.TransportFailed));
        Assert.That(await session.Completion, Is.EqualTo(PushSessionEnd.Ended));
        Assert.That(_pair.NearMedia.Counts.Sessions, Is.Zero);
    }

    [Test]
    public async Task A_move_that_is_given_up_but_was_taken_is_gone_along_with()
    {
        var (session, _) = await _far.TakeAsync();
        var messages = _far.Media.CreateSession();
        using var giveUp = new CancellationTokenSource();
        var moving = session.MoveAsync(giveUp.Token).AsTask();
        var offer = await _far.HearAsync("INVITE", "2 ");

        await giveUp.CancelAsync();
        Assert.That(async () => await moving.WaitAsync(SessionPair.Patience), Throws.InstanceOf<OperationCanceledException>());
        await _far.ReplyAsync(offer, "200 OK", _far.Describe(messages, 2, "passive"));
        await SessionFarEnd.BindAsync(messages, offer, MsrpRole.Passive);

        await SendAsync(session, messages);
        await session.EndAsync();
    }

    [TestCase("INVITE")]
    [TestCase("UPDATE")]
    [Description("RFC 3261 §14.1, §14.2")]
    public async Task Offers_that_cross_are_refused_with_491_and_made_again_one_after_the_other(string method)
    {
        var (session, _) = await _far.TakeAsync();
        var (theirs, ours) = (_far.Media.CreateSession(), _far.Media.CreateSession());

        var moving = session.MoveAsync().AsTask();
        var first = await _far.HearAsync("INVITE", "2 ");
        Assert.That(await _far.AskAsync(method, 1, _far.Describe(theirs, 2)), Does.StartWith("SIP/2.0 491 "));
        await _far.ReplyAsync(first, "491 Request Pending");

        // The far end did not choose the Call-ID, and comes again before this one; as often as it takes until the 491 has been looked at.
        var refused = _pair.Clock.Elapsed;
        var answer = "";
        for (var number = 2; number < 100 && !answer.StartsWith("SIP/2.0 200 ", StringComparison.Ordinal); number++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(number), TimeProvider.System);
            answer = await _far.AskAsync(method, number, _far.Describe(theirs, 2));
        }

        await SessionFarEnd.BindAsync(theirs, answer, MsrpRole.Active);

        await PassTimeUntilAsync(() => _far.Find("INVITE", "3 ") is not null);
        Assert.That((_pair.Clock.Elapsed - refused).TotalSeconds, Is.InRange(2.1, 4.2));
        var second = _far.Find("INVITE", "3 ")!;
        Assert.That(SessionText.PathOf(second), Is.Not.AnyOf(SessionText.PathOf(first), SessionText.PathOf(answer)));
        Assert.That((Version(answer), Version(second)), Is.EqualTo((Version(first) + 1, Version(first) + 2)));
        await _far.ReplyAsync(second, "200 OK", _far.Describe(ours, 3, "passive"));
        await SessionFarEnd.BindAsync(ours, second, MsrpRole.Passive);
        await moving.WaitAsync(SessionPair.Patience);

        await SendAsync(session, ours);
        await session.EndAsync();
    }

    private static int Version(string message) => int.Parse(SessionText.Attribute(message, "o=").Split(' ')[2], System.Globalization.CultureInfo.InvariantCulture);

    private async Task PassTimeUntilAsync(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.That(tries, Is.LessThan(2_000));
            _pair.Clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        }
    }

    // What is sent comes by that session.
    private static async Task SendAsync(PushSession session, MsrpSession messages)
    {
        var sending = session.SendAsync(PushContent.FromText("here"), new PushOptions { Envelope = false }).AsTask();
        using var limit = new CancellationTokenSource(SessionPair.Patience, TimeProvider.System);
        await using var arrivals = messages.ReceiveAllAsync(limit.Token).GetAsyncEnumerator();
        Assert.That(await arrivals.MoveNextAsync(), Is.True);
        using var reader = new StreamReader(arrivals.Current.AsStream());
        Assert.That(await reader.ReadToEndAsync(limit.Token), Is.EqualTo("here"));
        await arrivals.Current.DisposeAsync();
        Assert.That((await sending.WaitAsync(SessionPair.Patience)).IsSuccess, Is.True);
    }
}
