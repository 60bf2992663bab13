namespace SipPush.Sip;

/// <summary>What is to be done when the time of an <see cref="AnswerRepetition"/> has passed.</summary>
internal enum AnswerRepetitionStep
{
    /// <summary>It was over before.</summary>
    Nothing,

    /// <summary>Send the response again and wait on.</summary>
    Resend,

    /// <summary>
    /// Nobody acknowledged it: for a 2xx the dialog is confirmed and ended with BYE (RFC 3261 §13.3.1.4), for a provisional response
    /// the request is refused with a 5xx (RFC 3262 §3).
    /// </summary>
    GiveUp,
}
