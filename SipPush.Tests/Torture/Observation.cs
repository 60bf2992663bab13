using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>What a message has led to.</summary>
internal sealed record Observation
{
    /// <summary>The responses that went out, in order.</summary>
    public IReadOnlyList<int> Statuses { get; init; } = [];

    /// <summary>True when the system under test closed the connection at once.</summary>
    public bool Closed { get; init; }

    /// <summary>True when it closed the connection, or gave the message up, after some time.</summary>
    public bool ClosedLater { get; init; }

    /// <summary>True when the message was logged as malformed.</summary>
    public bool Malformed { get; init; }

    /// <summary>True when a response was logged as one that nobody waits for.</summary>
    public bool Stray { get; init; }

    /// <summary>True when there is no Via by which an answer could find its way.</summary>
    public bool Unroutable { get; init; }

    public bool IsAck { get; init; }

    public bool IsRequest { get; init; }

    /// <summary>True when the method is one that the fixture supports.</summary>
    public bool IsOfFixture { get; init; }

    /// <summary>The end of the request that the message answers; null while there is none.</summary>
    public SipTransactionResult? Answer { get; init; }

    /// <summary>What the parser alone says.</summary>
    public SipParseError ParseError { get; init; }

    /// <summary>Requests that the application saw.</summary>
    public int Delivered { get; init; }

    /// <summary>What must not be: exceptions, leftovers, hangs.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    public override string ToString()
    {
        var what = new List<string>();
        if (Statuses.Count > 0)
        {
            what.Add(string.Join(" ", Statuses));
        }

        if (Answer is { } answer)
        {
            what.Add(answer.Response is { } response ? $"answered with {response.StatusCode} {response.ReasonPhrase}" : $"{answer.Outcome}");
        }

        if (what.Count == 0)
        {
            what.Add(IsRequest ? "no answer" : Malformed || Stray ? "discarded" : "taken as provisional");
        }

        if (Malformed)
        {
            what.Add($"malformed ({ParseError})");
        }

        if (Closed || ClosedLater)
        {
            what.Add(Closed ? "closed" : "closed after a time");
        }

        what.AddRange(Faults);
        return string.Join(", ", what);
    }
}
