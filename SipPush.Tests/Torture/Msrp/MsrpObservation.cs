namespace SipPush.Tests.Torture;

/// <summary>What an MSRP file has led to.</summary>
internal sealed record MsrpObservation
{
    /// <summary>The statuses that went out, in order.</summary>
    public IReadOnlyList<int> Statuses { get; init; } = [];

    /// <summary>REPORTs that went out.</summary>
    public int Reports { get; init; }

    /// <summary>Messages that came to the application whole.</summary>
    public int Delivered { get; init; }

    /// <summary>True when the connection was closed at once.</summary>
    public bool Closed { get; init; }

    /// <summary>True when it was closed after some time.</summary>
    public bool ClosedLater { get; init; }

    /// <summary>True when the message that was outstanding has failed.</summary>
    public bool HasFailed { get; init; }

    /// <summary>True when another connection was served afterwards.</summary>
    public bool IsAlive { get; init; }

    /// <summary>What must not be: exceptions, leftovers, hangs.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    public override string ToString()
    {
        var what = new List<string> { Statuses.Count > 0 ? string.Join(' ', Statuses) : "no response" };
        Add(Reports > 0, $"{Reports} reports");
        Add(Delivered > 0, $"{Delivered} delivered");
        Add(HasFailed, "the outstanding message failed");
        Add(Closed || ClosedLater, Closed ? "closed" : "closed after a time");
        what.AddRange(Faults);
        return string.Join(", ", what);

        void Add(bool holds, string words)
        {
            if (holds)
            {
                what.Add(words);
            }
        }
    }
}
