namespace SipPush.Sdp;

/// <summary>Something that is wrong with an answer.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Index">The media description, from 0; -1 for the whole.</param>
/// <param name="MediaFault">What is wrong with the media description where it is unusable.</param>
public readonly record struct AnswerFault(AnswerFaultKind Kind, int Index, MessageMediaFault MediaFault = MessageMediaFault.None)
{
    /// <summary>True for what does no harm: the session can be had in spite of it, though the peer is wrong.</summary>
    public bool IsHarmless => Kind is AnswerFaultKind.OtherTime or AnswerFaultKind.SenderAttribute or AnswerFaultKind.CemaWithoutOffer;
}
