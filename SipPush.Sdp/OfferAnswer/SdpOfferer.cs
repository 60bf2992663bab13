namespace SipPush.Sdp;

/// <summary>Makes offers of MSRP sessions and reads their answers. Has no state and asks nobody.</summary>
public static class SdpOfferer
{
    /// <summary>A first offer, with one media description for each session: each file has its own (RFC 5547 §8.2.3).</summary>
    /// <exception cref="ArgumentException">A file lacks what it must have: an id, and type, size or hash when it is sent (§8.2.1).</exception>
    /// <exception cref="InvalidOperationException">The path that was made lacks a URI or a port, or has the wrong scheme.</exception>
    public static SessionDescription CreateOffer(MessageCapabilities capabilities, params IReadOnlyList<MessageOffer> sessions)
    {
        ArgumentNullException.ThrowIfNull(capabilities);
        ArgumentNullException.ThrowIfNull(sessions);
        var media = new MessageMedia[sessions.Count];
        for (var i = 0; i < media.Length; i++)
        {
            media[i] = CreateMedia(capabilities, sessions[i], i);
        }

        var connection = new ConnectionData(media.Length > 0 ? media[0].Host! : capabilities.Origin.Address);
        return new SessionDescription
        {
            Origin = capabilities.Origin,
            Connection = connection,
            Media = [.. media.Select(one => one.ToMedia(connection))],
        };
    }

    /// <summary>One session to be offered, for a description that has others: see <see cref="OfferAnswerExchange.WithMedia"/>.</summary>
    /// <param name="capabilities">What this side can do.</param>
    /// <param name="session">The session.</param>
    /// <param name="index">The number that its media description will have, from 0; only <see cref="MessageCapabilities.NewPath"/> hears of it.</param>
    /// <exception cref="ArgumentException">A file lacks what it must have.</exception>
    /// <exception cref="InvalidOperationException">The path that was made lacks a URI or a port, or has the wrong scheme.</exception>
    public static MessageMedia CreateMedia(MessageCapabilities capabilities, MessageOffer session, int index)
    {
        ArgumentNullException.ThrowIfNull(capabilities);
        ArgumentNullException.ThrowIfNull(session);
        if (session.File is { } file
            && (file.TransferId is null || file.Selector.IsEmpty
                || (session.Direction == MediaDirection.SendOnly && file.Selector is { Type: null, Size: null, Hashes.Count: 0 })
                || session.Direction == MediaDirection.SendReceive))
        {
            throw new ArgumentException("A file has an id, a direction and a selector; that of a file that is sent has type, size or hash.", nameof(session));
        }

        var isSecure = session.IsSecure ?? (capabilities.Tls == TlsUse.Required);
        return LocalMedia.Create(
            capabilities,
            capabilities.NewPath(index, isSecure),
            isSecure,
            // Never passive, and nothing else than actpass where the peer can connect (RFC 6135 §4.2.2).
            capabilities.IsReachable ? SetupRole.ActPass : SetupRole.Active,
            capabilities.SupportsCema) with
        {
            Direction = session.Direction,
            File = session.File,
            Information = session.Information,
        };
    }

    /// <summary>
    /// What the answer makes of each media description of the offer. It takes what can be used; what else is wrong with an answer says
    /// <see cref="AnswerCheck"/>.
    /// </summary>
    /// <param name="offer">The own offer as it was sent.</param>
    /// <param name="answer">The peer's answer.</param>
    /// <param name="isSameHost">See <see cref="MessageCapabilities.IsSameHost"/>.</param>
    public static IReadOnlyList<NegotiatedLine> ReadAnswer(SessionDescription offer, SessionDescription answer, Func<string, string, bool>? isSameHost = null)
    {
        ArgumentNullException.ThrowIfNull(offer);
        ArgumentNullException.ThrowIfNull(answer);
        var lines = new NegotiatedLine[offer.Media.Count];
        for (var i = 0; i < lines.Length; i++)
        {
            MessageMedia.TryRead(offer, offer.Media[i], out var local, out _);
            var line = new NegotiatedLine { Index = i, Local = local };
            lines[i] = i >= answer.Media.Count ? line with { Refusal = LineRefusal.NotAnswered } : Read(line, offer.Media[i], answer, isSameHost);
        }

        return lines;
    }

    private static NegotiatedLine Read(NegotiatedLine line, MediaDescription offered, SessionDescription answer, Func<string, string, bool>? isSameHost)
    {
        var isRead = MessageMedia.TryRead(answer, answer.Media[line.Index], out var remote, out var fault);
        line = line with { Remote = remote };
        if (offered.IsRejected)
        {
            return line with { Refusal = LineRefusal.NotOffered };
        }

        if (answer.Media[line.Index].IsRejected)
        {
            return line with { Refusal = LineRefusal.ByPeer };
        }

        if (!isRead || line.Local is null)
        {
            return line with { Refusal = LineRefusal.Unusable, Fault = isRead ? MessageMediaFault.NotMsrp : fault };
        }

        if (remote!.IsSecure != line.Local.IsSecure)
        {
            return line with { Refusal = line.Local.IsSecure ? LineRefusal.TlsRequired : LineRefusal.TlsNotSpoken };
        }

        return line with { Route = MessageRoute.Between(line.Local, remote, isOfferer: true, isSameHost) };
    }
}
