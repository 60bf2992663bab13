namespace SipPush;

/// <summary>What an application makes of a <see cref="PushOffer"/>.</summary>
public sealed record PushDecision
{
    private PushDecision(int status, string? reason, TimeSpan? retryAfter)
    {
        Status = status;
        Reason = reason;
        RetryAfter = retryAfter;
    }

    /// <summary>Taken: the push goes into the queue and is answered 200.</summary>
    public static PushDecision Accept { get; } = new(200, null, null);

    /// <summary>The application has kept it safe itself: it is answered 202 and does not go into the queue (RFC 3428 §7).</summary>
    public static PushDecision Store { get; } = new(202, null, null);

    /// <summary>The status of the answer.</summary>
    public int Status { get; }

    /// <summary>The reason phrase; null for the standard's own.</summary>
    public string? Reason { get; }

    /// <summary>When the sender may try again; null when nothing is said of that.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>The files that are taken; null for all.</summary>
    internal IReadOnlyList<PushFileOffer>? Files { get; private init; }

    /// <summary>Some files are taken, the others are refused one by one (RFC 5547 §8.3).</summary>
    /// <param name="files">Those of <see cref="PushOffer.Files"/> that are taken, one at least.</param>
    /// <exception cref="ArgumentException">There are none: that is <see cref="Reject"/>.</exception>
    public static PushDecision AcceptFiles(params IEnumerable<PushFileOffer> files)
    {
        var taken = files.ToArray();
        return taken.Length > 0 ? new PushDecision(200, null, null) { Files = taken } : throw new ArgumentException("Who takes none of the files rejects them", nameof(files));
    }

    /// <summary>Refused.</summary>
    /// <param name="status">300 to 699 except 408, which answers no request but INVITE (RFC 4320 §4).</param>
    /// <param name="reason">The reason phrase; null for the standard's own.</param>
    /// <param name="retryAfter">When the sender may try again, in whole seconds.</param>
    /// <exception cref="ArgumentException">The status is out of range, or the reason has control characters in it.</exception>
    public static PushDecision Reject(int status, string? reason = null, TimeSpan? retryAfter = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, 300);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 699);
        ArgumentOutOfRangeException.ThrowIfEqual(status, 408);
        return new PushDecision(status, reason is null ? null : FieldText.Checked(reason, nameof(reason)), retryAfter);
    }
}
