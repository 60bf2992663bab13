namespace SipPush.Sdp;

/// <summary>Why a session description could not be read.</summary>
/// <param name="Fault">What is wrong.</param>
/// <param name="Line">The line, counted from 1; where a line is missing, the one before which it was missed.</param>
/// <param name="Type">The type letter of the line that is meant, or NUL where it is none in particular.</param>
public readonly record struct SdpParseError(SdpFault Fault, int Line, char Type)
{
    /// <summary>For a log: <c>Missing o= at line 2</c>. Holds nothing of the description itself.</summary>
    public override string ToString() =>
        Fault == SdpFault.None ? "None" : Type is > ' ' and <= '~' ? $"{Fault} {Type}= at line {Line}" : $"{Fault} at line {Line}";
}
