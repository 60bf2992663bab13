namespace SipPush.Sdp;

/// <summary>Whether an answer is one to the offer (RFC 3264 §6, RFC 4145 §4.1, RFC 5547 §8.3).</summary>
public static class AnswerCheck
{
    /// <summary>All that is wrong with the answer, in the order of its media descriptions; empty when nothing is.</summary>
    public static IReadOnlyList<AnswerFault> Check(SessionDescription offer, SessionDescription answer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        ArgumentNullException.ThrowIfNull(answer);
        var faults = new List<AnswerFault>();
        if (offer.Media.Count != answer.Media.Count)
        {
            faults.Add(new AnswerFault(AnswerFaultKind.OtherCount, -1));
        }

        if (!offer.Times.Select(time => time.ToString()).SequenceEqual(answer.Times.Select(time => time.ToString())))
        {
            faults.Add(new AnswerFault(AnswerFaultKind.OtherTime, -1));
        }

        for (var i = 0; i < Math.Min(offer.Media.Count, answer.Media.Count); i++)
        {
            Check(offer, answer, i, faults);
        }

        return faults;
    }

    private static void Check(SessionDescription offer, SessionDescription answer, int index, List<AnswerFault> faults)
    {
        var offered = offer.Media[index];
        var answered = answer.Media[index];
        AddIf(!offered.Media.Equals(answered.Media, StringComparison.OrdinalIgnoreCase), AnswerFaultKind.OtherMedia);
        AddIf(!offered.Protocol.Equals(answered.Protocol, StringComparison.OrdinalIgnoreCase), AnswerFaultKind.OtherProtocol);
        if (offered.IsRejected)
        {
            AddIf(!answered.IsRejected, AnswerFaultKind.PortWithoutOffer);
            return;
        }

        // A refused line says nothing else, but of a file it has to say which (RFC 5547 §8.3).
        if (!answered.IsRejected)
        {
            AddIf(!offered.Formats.Intersect(answered.Formats).Any(), AnswerFaultKind.NoCommonFormat);
            AddIf((answer.DirectionOf(answered) & ~offer.DirectionOf(offered).Reversed()) != 0, AnswerFaultKind.WrongDirection);
        }

        if (!MessageMedia.TryRead(offer, offered, out var local, out _))
        {
            return;
        }

        if (!MessageMedia.TryRead(answer, answered, out var remote, out var fault))
        {
            faults.Add(new AnswerFault(AnswerFaultKind.UnusableMedia, index, fault));
            return;
        }

        if (!answered.IsRejected)
        {
            AddIf(IsWrong(local.Setup, remote.Setup), AnswerFaultKind.WrongSetup);
            AddIf(remote.HasCema && !local.HasCema, AnswerFaultKind.CemaWithoutOffer);
        }

        if (local.File is { } file)
        {
            AddIf(remote.File?.TransferId != file.TransferId, AnswerFaultKind.OtherTransferId);
            AddIf(remote.File is null || !remote.File.Selector.IsSameFile(file.Selector), AnswerFaultKind.OtherFile);
            if (!answered.IsRejected)
            {
                AddIf(remote.File?.Range != file.Range, AnswerFaultKind.OtherRange);
                AddIf(
                    local.Direction == MediaDirection.SendOnly && (answered.Contains("file-icon") || answered.Contains("file-disposition") || answered.Contains("file-date")),
                    AnswerFaultKind.SenderAttribute);
            }
        }

        void AddIf(bool isWrong, AnswerFaultKind kind)
        {
            if (isWrong)
            {
                faults.Add(new AnswerFault(kind, index));
            }
        }
    }

    private static bool IsWrong(SetupRole? offer, SetupRole? answer) => answer switch
    {
        SetupRole.ActPass => true,
        SetupRole.Active => offer == SetupRole.Active,
        SetupRole.Passive => offer == SetupRole.Passive,
        _ => false,
    };
}
