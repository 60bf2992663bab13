namespace SipPush.Tests.Interop;

/// <summary>One run of sipp on the loopback.</summary>
internal sealed record SippOptions
{
    /// <summary>Where its requests go, <c>127.0.0.1:port</c>; null for a receiver.</summary>
    public string? Target { get; init; }

    /// <summary>Own port; 0 takes a free one.</summary>
    public int Port { get; init; }

    public bool Tcp { get; init; }

    /// <summary>Calls until it ends.</summary>
    public int Calls { get; init; } = 1;

    /// <summary>Calls begun a second.</summary>
    public int Rate { get; init; } = 10;

    /// <summary>False stops sipp from repeating requests and, just as important, from dropping repeated messages unseen.</summary>
    public bool Retransmissions { get; init; } = true;

    /// <summary>Per cent of the messages that are lost by chance, in each direction.</summary>
    public int Loss { get; init; }

    /// <summary>How often requests and the 2xx of an INVITE are sent again at most; null leaves it to sipp: 5 and 7 times.</summary>
    public int? MostRetransmissions { get; init; }

    public string User { get; init; } = "bob";

    public string Password { get; init; } = "secret";

    public string Domain { get; init; } = "ims.example";

    /// <summary>Other keys of the scenario: expires, port, retry_after …</summary>
    public IReadOnlyDictionary<string, string> Keys { get; init; } = new Dictionary<string, string>();

    /// <summary>The whole run; when it is over, the run has failed.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(30);
}
