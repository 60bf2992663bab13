namespace SipPush.Tests.Interop;

/// <summary>Bounded waits for what happens in other processes, whose time a test cannot move.</summary>
internal static class Poll
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Looks every 20 ms until <paramref name="condition"/> holds; false when it never did.</summary>
    public static async Task<bool> UntilAsync(Func<Task<bool>> condition, TimeSpan limit, CancellationToken cancellationToken = default)
    {
        var start = TimeProvider.System.GetTimestamp();

        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > limit)
            {
                return false;
            }
            await Task.Delay(Interval, TimeProvider.System, cancellationToken);
        }
        return true;
    }

    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, TimeSpan, CancellationToken)"/>
    public static Task<bool> UntilAsync(Func<bool> condition, TimeSpan limit, CancellationToken cancellationToken = default) =>
        UntilAsync(() => Task.FromResult(condition()), limit, cancellationToken);
}
