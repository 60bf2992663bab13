using SipPush.Msrp;
using SipPush.Sdp;

namespace SipPush;

/// <summary>What a receiver and a sender agree on in one dialog: which of the offered media are taken, in the first offer and in those after it. One offer at a time.</summary>
internal sealed class ReceivingExchange
{
    private readonly OfferAnswerExchange _exchange = new();
    private readonly FileTransfers _transfers = new();
    private readonly MsrpSessionOptions _messages;
    private SessionDescription? _offer;
    private SessionDescription? _known;

    public ReceivingExchange(MsrpNegotiation negotiation, MsrpSessionOptions messages)
    {
        Negotiation = negotiation;
        _messages = messages;
        negotiation.OptionsOf = OptionsOf;
    }

    public MsrpNegotiation Negotiation { get; }

    /// <summary>Looks at an offer, and at what of it could be taken; nothing is created yet. Null when it is none, or comes at the wrong time.</summary>
    /// <param name="body">The offer.</param>
    /// <param name="files">The files of it that are new and could be taken, to be decided on.</param>
    public SdpAnswer? Look(OfferBody body, out IReadOnlyList<PushFileOffer> files)
    {
        files = [];
        var offer = body.Description;
        if (_exchange.ReceiveOffer(offer) is not (OfferVerdict.Changed or OfferVerdict.Unchanged))
        {
            return null;
        }

        _offer = offer;
        _known = _exchange.Remote;
        var survey = SdpAnswerer.Answer(offer, Negotiation.Capabilities with { NewPath = MsrpNegotiation.NoPath });
        files = [.. survey.Lines
            .Where(line => line is { IsAccepted: true, Remote.File: not null } && _transfers.Classify(line.Remote.File) == FileTransferNovelty.New)
            .Select(line => new PushFileOffer(line.Index, line.Remote!.File!, body.IconOf(line.Remote.File!)))];
        return survey;
    }

    /// <summary>Makes the answer, and the MSRP sessions of what is new in it.</summary>
    /// <param name="decision">Whether a new file is taken.</param>
    /// <param name="isAlive">Whether the session of a media description goes on.</param>
    public SdpAnswer Answer(Func<int, bool> decision, Func<int, bool> isAlive)
    {
        Negotiation.Kept.Clear();
        for (var i = 0; i < _offer!.Media.Count; i++)
        {
            var isFile = MessageMedia.TryRead(_offer, _offer.Media[i], out var media, out _) && media.File is { TransferId: not null };

            // A file that is known is described as it was, also when it is through and its session gone.
            if (isFile ? _transfers.Classify(media!.File!) == FileTransferNovelty.Known : isAlive(i) && MsrpNegotiation.IsSamePath(_known, _offer, i))
            {
                Negotiation.Kept.Add(i);
            }
        }

        var answer = SdpAnswerer.Answer(
            _offer,
            Negotiation.Capabilities with { Decide = (index, media) => MsrpNegotiation.IsPath(media.Path) && (media.File is null || decision(index)) ? MediaDecision.Accept : MediaDecision.Refuse },
            _transfers);
        return answer with { Description = _exchange.Answer(answer.Description) };
    }

    /// <summary>The offer is refused: what was agreed on before still counts.</summary>
    public void Refuse() => _exchange.Withdraw();

    // The type was said in the selector, and is kept to (RFC 5547 §8.3.1).
    private MsrpSessionOptions OptionsOf(int index) =>
        MessageMedia.TryRead(_offer!, _offer!.Media[index], out var media, out _) && media.File?.Selector.Type is { } type ? _messages with { AcceptTypes = [type] } : _messages;
}
