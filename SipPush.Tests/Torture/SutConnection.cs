using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>A connection to the system under test, as its peer has it.</summary>
internal sealed record SutConnection(ScriptedStream Stream, TcpConnection Flow)
{
    /// <summary>The messages that have come, by their framing; what is no whole message is left out.</summary>
    public IReadOnlyList<byte[]> Messages()
    {
        var messages = new List<byte[]>();
        var rest = Stream.Written().AsSpan();
        var framer = new StreamFramer(1 << 20, 1 << 24);
        while (!rest.IsEmpty && framer.Next(rest) is { Status: FramingStatus.Done or FramingStatus.KeepAlive } next)
        {
            if (next.Status == FramingStatus.Done)
            {
                messages.Add(rest.Slice(next.Leading, next.Length).ToArray());
            }

            rest = rest[next.Consumed..];
        }

        return messages;
    }

    /// <summary>Waits until all that was given has been read and what follows from it has been done.</summary>
    public async Task SettleAsync()
    {
        await Stream.WhenIdle();
        await SettlePoolAsync();
    }

    /// <summary>Waits until what was put into the thread pool's common queue before has had its turn.</summary>
    public static async Task SettlePoolAsync()
    {
        for (var turn = 0; turn < 3; turn++)
        {
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ThreadPool.UnsafeQueueUserWorkItem(_ => done.TrySetResult(), null);
            await done.Task;
        }
    }
}
