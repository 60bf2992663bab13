namespace SipPush.Samples;

/// <summary>Ends a sample with one sentence for its user, and no stack trace.</summary>
/// <param name="message">The sentence.</param>
/// <param name="exitCode">One of <see cref="SampleExit"/>.</param>
public sealed class SampleException(string message, int exitCode = SampleExit.NotDelivered) : Exception(message)
{
    /// <summary>What the process ends with.</summary>
    public int ExitCode { get; } = exitCode;
}
