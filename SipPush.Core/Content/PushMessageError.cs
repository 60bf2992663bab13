namespace SipPush;

/// <summary>Why a body is not a push message.</summary>
public enum PushMessageError
{
    /// <summary>It is one.</summary>
    None,

    /// <summary>There are no octets.</summary>
    Empty,

    /// <summary>A line before the empty line is no header field, ends or folds as only lenient reading allows, or its value
    /// is not what its name asks for.</summary>
    MalformedHeader,

    /// <summary>More than <see cref="PushMessage.MaxHeaders"/> fields.</summary>
    TooManyHeaders,

    /// <summary>A field longer than <see cref="PushMessage.MaxHeaderLength"/> octets.</summary>
    HeaderTooLong,

    /// <summary>The octets end before the empty line.</summary>
    MissingEmptyLine,

    /// <summary>There is no Content-Type field, or it is empty; such a push is answered 400.</summary>
    MissingContentType,

    /// <summary>Content-Length is not the number of octets after the empty line. Lenient reading does not mind.</summary>
    WrongContentLength,
}
