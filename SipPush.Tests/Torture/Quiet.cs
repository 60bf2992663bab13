namespace SipPush.Tests.Torture;

/// <summary>
/// Waits until the process has nothing to do, so that virtual time is moved only when all that the last moment led to has happened:
/// no work is queued to the thread pool and no thread of it is busy but the caller's and those that always are.
/// </summary>
internal static class Quiet
{
    private static readonly TimeSpan AtMost = TimeSpan.FromMilliseconds(500);

    private static readonly Lazy<int> AlwaysBusy = new(() => Enumerable.Range(0, 200).Min(_ =>
    {
        Thread.Yield();
        return OthersBusy();
    }));

    public static async Task AwaitAsync()
    {
        var always = AlwaysBusy.Value;

        // What was queued before has its turn first.
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ThreadPool.UnsafeQueueUserWorkItem(_ => turn.TrySetResult(), null);
        await turn.Task;

        var start = TimeProvider.System.GetTimestamp();
        var spin = default(SpinWait);
        for (var calm = 0; calm < 2 && TimeProvider.System.GetElapsedTime(start) < AtMost;)
        {
            calm = ThreadPool.PendingWorkItemCount == 0 && OthersBusy() <= always ? calm + 1 : 0;
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private static int OthersBusy()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var free, out _);
        return most - free - (Thread.CurrentThread.IsThreadPoolThread ? 1 : 0);
    }
}
