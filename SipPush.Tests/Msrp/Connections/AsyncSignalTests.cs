using SipPush.Msrp.Connections;

namespace SipPush.Tests.Msrp.Connections;

public sealed class AsyncSignalTests
{
    [Test]
    public void A_signal_that_nobody_waits_for_is_kept_once()
    {
        var signal = new AsyncSignal();

        signal.Set();
        signal.Set(here: true);

        Assert.That(WaitAsync(signal), Has.Property("IsCompleted").True);
        Assert.That(WaitAsync(signal), Has.Property("IsCompleted").False);
    }

    [Test]
    public void A_waiter_that_is_woken_here_goes_on_before_the_call_returns()
    {
        var signal = new AsyncSignal();
        for (var i = 0; i < 3; i++)
        {
            var waiter = WaitAsync(signal);

            signal.Set(here: true);

            Assert.That(waiter.IsCompleted, Is.True);
            Assert.That(waiter.Result, Is.EqualTo((true, Environment.CurrentManagedThreadId)));
        }
    }

    [Test]
    public void A_waiter_that_is_woken_otherwise_goes_on_elsewhere()
    {
        var signal = new AsyncSignal();
        var waiter = WaitAsync(signal);

        signal.Set();

        Assert.That(waiter.Wait(MsrpWire.Patience), Is.True);
        Assert.That(waiter.Result.IsHere, Is.False);
        Assert.That(waiter.Result.Thread, Is.Not.EqualTo(Environment.CurrentManagedThreadId));
    }

    private static async Task<(bool IsHere, int Thread)> WaitAsync(AsyncSignal signal) =>
        (await signal.WaitAsync().ConfigureAwait(false), Environment.CurrentManagedThreadId);
}
