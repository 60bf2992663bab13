namespace SipPush.Sdp;

/// <summary>What is wrong with a session description.</summary>
public enum SdpFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It has more octets than <see cref="SdpLimits.MaxLength"/>.</summary>
    TooLong,

    /// <summary>It has more lines than <see cref="SdpLimits.MaxLines"/>.</summary>
    TooManyLines,

    /// <summary>It has more media descriptions than <see cref="SdpLimits.MaxMedia"/>.</summary>
    TooManyMedia,

    /// <summary>A line is not a letter, <c>=</c> and a value.</summary>
    NotALine,

    /// <summary>The last line has no end.</summary>
    NotTerminated,

    /// <summary>NUL, or a CR that ends no line.</summary>
    ControlCharacter,

    /// <summary>A line begins with white space and there is no attribute that it could continue.</summary>
    Folded,

    /// <summary>A line of a type that RFC 8866 does not have.</summary>
    UnknownType,

    /// <summary>A line that has to be there is missing.</summary>
    Missing,

    /// <summary>A line stands where its type may not.</summary>
    OutOfOrder,

    /// <summary>A line that may be there once is there again.</summary>
    Repeated,

    /// <summary>The value is not what the grammar of its type allows.</summary>
    BadValue,
}
