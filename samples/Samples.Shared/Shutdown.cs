using System.Runtime.InteropServices;

namespace SipPush.Samples;

/// <summary>Ctrl+C and SIGTERM as a token, so that a program can say goodbye before it ends.</summary>
public static class Shutdown
{
    private static readonly CancellationTokenSource Source = new();
    private static readonly List<PosixSignalRegistration> Registrations = [];
    private static readonly Lock Gate = new();

    /// <summary>Cancelled by the first Ctrl+C or SIGTERM. A second one ends the process at once.</summary>
    public static CancellationToken Token()
    {
        lock (Gate)
        {
            if (Registrations.Count == 0)
            {
                Registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal));
                Registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal));
            }
        }

        return Source.Token;
    }

    private static void OnSignal(PosixSignalContext context)
    {
        if (!Source.IsCancellationRequested)
        {
            context.Cancel = true;
            Source.Cancel();
        }
    }
}
