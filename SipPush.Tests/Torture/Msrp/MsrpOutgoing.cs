using SipPush.Msrp;

namespace SipPush.Tests.Torture;

/// <summary>A message that the system under test was told to send.</summary>
/// <param name="Label">What the scenario calls it.</param>
/// <param name="MessageId">Its Message-ID: the label, unless that is too short to be one.</param>
/// <param name="Octet">Its octets by their offset.</param>
/// <param name="Length">How many there are.</param>
/// <param name="Began">When it was given to the session.</param>
internal sealed record MsrpOutgoing(string Label, string MessageId, Func<long, byte> Octet, long Length, TimeSpan Began) : IDisposable
{
    public CancellationTokenSource Cancelling { get; } = new();

    /// <summary>What the send ended with; null while it has not.</summary>
    public MsrpSendResult? Result { get; set; }

    /// <summary>What the send threw.</summary>
    public Exception? Thrown { get; set; }

    public TimeSpan? Ended { get; set; }

    /// <summary>Ends when the send has.</summary>
    public Task Sending { get; set; } = Task.CompletedTask;

    public bool IsDelivered => Result?.IsSuccess == true;

    public bool IsFailed => Thrown is not null || Result?.IsSuccess == false;

    public void Dispose() => Cancelling.Dispose();
}
