namespace SipPush.Sdp;

/// <summary>How closely what is read has to follow the grammar. What is written always follows it.</summary>
public enum SdpProfile
{
    /// <summary>
    /// What peers get wrong and what can only mean one thing is taken: lines in another order, a missing <c>s=</c>, <c>t=</c> or
    /// <c>c=</c>, empty lines, spaces around values, an <c>a=</c> line that goes on behind a line end and a space, lines of unknown
    /// types (they are kept), no line end at the end.
    /// </summary>
    Lenient,

    /// <summary>The grammar of RFC 8866 §9, except that a bare LF ends a line too, as §5 advises.</summary>
    Strict,
}
