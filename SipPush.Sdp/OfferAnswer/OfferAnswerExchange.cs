namespace SipPush.Sdp;

/// <summary>
/// The descriptions that two sides have agreed on and the offer that is open, from the first to the last of a session (RFC 3264 §8). It
/// has no clock and no lock: one owner at a time.
/// </summary>
public sealed class OfferAnswerExchange
{
    private SessionDescription? _open;
    private SessionDescription? _lastSent;
    private Origin? _highest;

    /// <summary>Whose turn it is.</summary>
    public OfferAnswerState State { get; private set; }

    /// <summary>What this side has said that counts; null until the first answer.</summary>
    public SessionDescription? Local { get; private set; }

    /// <summary>What the peer has said that counts; null until the first answer.</summary>
    public SessionDescription? Remote { get; private set; }

    /// <summary>The offer that waits for its answer, this side's or the peer's; null where there is none.</summary>
    public SessionDescription? OpenOffer => _open;

    /// <summary>Whether this side may offer now.</summary>
    public bool CanOffer => State == OfferAnswerState.Stable;

    /// <summary>
    /// Offers. What is returned is to be sent: the origin is that of the last description, with the next version when something has
    /// changed and with the same when nothing has. An MSRP session that was answered with <c>setup:passive</c> is offered with
    /// <c>actpass</c>, since no offer is passive (RFC 6135 §4.2.2).
    /// </summary>
    /// <exception cref="InvalidOperationException">An offer is open.</exception>
    /// <exception cref="ArgumentException">It has fewer media descriptions than there were: removed ones stay, with port 0.</exception>
    public SessionDescription Offer(SessionDescription draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        if (!CanOffer)
        {
            throw new InvalidOperationException($"No offer can be made: {State}.");
        }

        if (draft.Media.Count < MediaCount)
        {
            throw new ArgumentException($"There were {MediaCount} media descriptions, which stay.", nameof(draft));
        }

        if (draft.Media.Any(IsPassive))
        {
            draft = draft with { Media = [.. draft.Media.Select(media => IsPassive(media) ? WithoutPassive(media) : media)] };
        }

        State = OfferAnswerState.OfferSent;
        return _open = _lastSent = WithVersion(draft);
    }

    /// <summary>Takes an offer of the peer. It is open when the verdict is <see cref="OfferVerdict.Changed"/> or <see cref="OfferVerdict.Unchanged"/>.</summary>
    public OfferVerdict ReceiveOffer(SessionDescription offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        if (State != OfferAnswerState.Stable)
        {
            return State == OfferAnswerState.OfferSent ? OfferVerdict.Glare : OfferVerdict.AlreadyOpen;
        }

        if (offer.Media.Count < MediaCount)
        {
            return OfferVerdict.MediaMissing;
        }

        State = OfferAnswerState.OfferReceived;
        _open = offer;
        return offer.Equals(Remote) ? OfferVerdict.Unchanged : OfferVerdict.Changed;
    }

    /// <summary>Answers the open offer of the peer. What is returned is to be sent.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    /// <exception cref="ArgumentException">The draft is no answer to it: it has another number of media descriptions, or a port where none was offered.</exception>
    public SessionDescription Answer(SessionDescription draft)
    {
        ArgumentNullException.ThrowIfNull(draft);
        if (State != OfferAnswerState.OfferReceived)
        {
            throw new InvalidOperationException($"There is no offer to answer: {State}.");
        }

        if (draft.Media.Count != _open!.Media.Count || draft.Media.Zip(_open.Media).Any(pair => pair.Second.IsRejected && !pair.First.IsRejected))
        {
            throw new ArgumentException("An answer has the media descriptions of the offer, and port 0 where that has it.", nameof(draft));
        }

        Remote = _open;
        Local = _lastSent = WithVersion(draft);
        End();
        return Local;
    }

    /// <summary>
    /// Takes the answer to the own offer. Returns what is wrong with it; when there is something that does harm, it does not count, and
    /// the own offer is still open: <see cref="Withdraw"/> ends it.
    /// </summary>
    /// <exception cref="InvalidOperationException">No offer of this side is open.</exception>
    public IReadOnlyList<AnswerFault> ReceiveAnswer(SessionDescription answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (State != OfferAnswerState.OfferSent)
        {
            throw new InvalidOperationException($"There is no offer to be answered: {State}.");
        }

        var faults = AnswerCheck.Check(_open!, answer);
        if (faults.All(fault => fault.IsHarmless))
        {
            Local = _open;
            Remote = answer;
            End();
        }

        return faults;
    }

    /// <summary>The open offer was refused, or is refused by this side: what was agreed on before still counts (RFC 3264 §8). Nothing happens where none is open.</summary>
    public void Withdraw() => End();

    /// <summary>
    /// A draft for an offer with one more media description: in the slot of one that is over on either side, or below the others (RFC 3264
    /// §8.1). <paramref name="index"/> is its number.
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing is agreed on yet.</exception>
    public SessionDescription WithMedia(MediaDescription media, out int index)
    {
        ArgumentNullException.ThrowIfNull(media);
        var agreed = Agreed();
        index = FreeSlot();
        var list = agreed.Media.ToList();
        if (index == list.Count)
        {
            list.Add(media);
        }
        else
        {
            list[index] = media;
        }

        return agreed with { Media = list };
    }

    /// <summary>The number that <see cref="WithMedia"/> will give.</summary>
    /// <exception cref="InvalidOperationException">Nothing is agreed on yet.</exception>
    public int FreeSlot()
    {
        var agreed = Agreed();
        for (var i = 0; i < agreed.Media.Count; i++)
        {
            if (agreed.Media[i].IsRejected || Remote!.Media[i].IsRejected)
            {
                return i;
            }
        }

        return agreed.Media.Count;
    }

    /// <summary>
    /// A draft for an offer without a media description: its port is 0 and its place is kept (RFC 3264 §8.2). That of a file keeps what it
    /// says of the file (RFC 5547 §8.4).
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing is agreed on yet.</exception>
    public SessionDescription WithoutMedia(int index)
    {
        var media = Agreed().Media[index];
        return Replacing(index, media.Contains("file-selector") ? media with { Port = 0 } : media.Rejected());
    }

    /// <summary>A draft for an offer in which one media description goes another way: on hold and back (RFC 3264 §8.4).</summary>
    /// <exception cref="InvalidOperationException">Nothing is agreed on yet.</exception>
    public SessionDescription WithDirection(int index, MediaDirection direction) => Replacing(index, Agreed().Media[index].WithDirection(direction));

    /// <summary>
    /// A draft for an offer of the same paths without <c>msrp-cema</c>, which <see cref="MessageRoute.NeedsOfferWithoutCema"/> asks for: who anchors the connection has to speak MSRP then (RFC 6714 §4.2).
    /// </summary>
    /// <exception cref="InvalidOperationException">Nothing is agreed on yet.</exception>
    public SessionDescription WithoutCema()
    {
        var agreed = Agreed();
        return agreed with { Media = [.. agreed.Media.Select(media => WithoutCema(agreed, media))] };
    }

    private int MediaCount => Math.Max(Local?.Media.Count ?? 0, Remote?.Media.Count ?? 0);

    private SessionDescription Agreed() => Local ?? throw new InvalidOperationException("Nothing is agreed on yet.");

    private static bool IsPassive(MediaDescription media) => media.Media == "message" && media.Attribute("setup") == "passive";

    private static MediaDescription WithoutPassive(MediaDescription media) => media with
    {
        Attributes = [.. media.Attributes.Select(attribute => attribute.Name == "setup" ? new SdpAttribute("setup", "actpass") : attribute)],
    };

    // Where there is a relay, the c= and m= lines were its own, and are those of the last URI again (RFC 4975 §8.1).
    private static MediaDescription WithoutCema(SessionDescription agreed, MediaDescription media) =>
        !media.IsRejected && MessageMedia.TryRead(agreed, media, out var message, out _) && message.HasCema
            ? (message with { HasCema = false, Host = message.Path[^1].Host, Port = message.Path[^1].Port!.Value }).ToMedia(agreed.Connection)
            : media;

    private SessionDescription Replacing(int index, MediaDescription media)
    {
        var list = Local!.Media.ToArray();
        list[index] = media;
        return Local with { Media = list };
    }

    private void End()
    {
        _open = null;
        State = OfferAnswerState.Stable;
    }

    // A refused offer has used its version up, but what was agreed on before it keeps its own.
    private SessionDescription WithVersion(SessionDescription draft)
    {
        if (_highest is null)
        {
            _highest = draft.Origin;
            return draft;
        }

        foreach (var known in (SessionDescription?[])[Local, _lastSent])
        {
            if (known is not null && known.Equals(draft with { Origin = known.Origin }))
            {
                return known;
            }
        }

        _highest = _highest.Next();
        return draft with { Origin = _highest };
    }
}
