namespace SipPush;

/// <summary>A session could not be opened, or ended before what was asked of it was done.</summary>
public sealed class PushException : Exception
{
    internal PushException(PushResult result, Exception? inner = null)
        : base(result.ToString(), inner ?? result.Error) =>
        Result = result;

    /// <summary>What became of the attempt, in the words of a push.</summary>
    public PushResult Result { get; }
}
