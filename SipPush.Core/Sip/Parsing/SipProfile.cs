namespace SipPush.Sip;

/// <summary>How strictly what is received is read. What is sent is strict always.</summary>
public enum SipProfile
{
    /// <summary>As the grammar of the RFCs has it: a message that breaks it is answered 400, a header value that breaks it is not read.</summary>
    Strict,

    /// <summary>
    /// Faults whose meaning is plain are repaired before the message is read: a curly quote for a straight one, a bracket that is
    /// never closed, two spaces in the Request-Line and their like. What is repaired is logged; everything later sees the repaired message.
    /// </summary>
    Lenient,
}
