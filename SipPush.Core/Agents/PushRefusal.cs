using SipPush.Sip;

namespace SipPush;

/// <summary>The answer to a push that is not taken.</summary>
/// <param name="Status">The status; 200 when it is dropped without a word.</param>
/// <param name="Cause">Why.</param>
internal sealed record PushRefusal(int Status, string Cause)
{
    /// <summary>True when the cause stands in the reason phrase as well.</summary>
    public bool TellsCause { get; init; }

    /// <summary>A header line that goes with it, such as Accept with 415.</summary>
    public (SipHeaderName Name, string Value)? Header { get; init; }
}
