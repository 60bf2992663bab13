namespace SipPush.Sdp;

/// <summary>
/// Answers offers of MSRP sessions (RFC 3264 §6, RFC 4975 §8, RFC 5547 §8.3, RFC 6135, RFC 6714). Media that are not MSRP are refused with
/// port 0. Asks nobody but the functions of the capabilities.
/// </summary>
public static class SdpAnswerer
{
    /// <summary>Makes the answer to an offer.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="capabilities">What this side can do and will.</param>
    /// <param name="transfers">The file transfers that the session has seen, to which those of the offer are added; null for a first offer of a session that will have no other.</param>
    /// <exception cref="InvalidOperationException">The path that was made lacks a URI or a port, or has the wrong scheme.</exception>
    public static SdpAnswer Answer(SessionDescription offer, MessageCapabilities capabilities, FileTransfers? transfers = null)
    {
        ArgumentNullException.ThrowIfNull(offer);
        ArgumentNullException.ThrowIfNull(capabilities);
        var lines = new NegotiatedLine[offer.Media.Count];
        var accepted = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            lines[i] = Answer(offer, i, capabilities, accepted, transfers);
            accepted += lines[i].IsAccepted ? 1 : 0;
        }

        var connection = new ConnectionData(lines.FirstOrDefault(line => line.IsAccepted)?.Local!.Host ?? capabilities.Origin.Address);
        var media = new MediaDescription[lines.Length];
        for (var i = 0; i < media.Length; i++)
        {
            media[i] = lines[i].IsAccepted ? lines[i].Local!.ToMedia(connection) : offer.Media[i].Rejected();
        }

        return new SdpAnswer
        {
            Description = new SessionDescription { Origin = capabilities.Origin, Connection = connection, Times = [.. offer.Times.Select(Bare)], Media = media },
            Lines = lines,
            RefusalStatus = accepted == 0 && lines.Any(line => line.Refusal != LineRefusal.NotOffered) ? capabilities.RefusalStatus : null,
        };
    }

    /// <summary>
    /// The answer to a question what this side can do, OPTIONS for instance (RFC 3264 §9): port 0, the types and the size that are taken, and
    /// the empty file selector that says that files can be transferred (RFC 5547 §8.5).
    /// </summary>
    public static SessionDescription DescribeCapabilities(MessageCapabilities capabilities)
    {
        ArgumentNullException.ThrowIfNull(capabilities);
        var media = new MessageMedia
        {
            Port = 0,
            IsSecure = capabilities.Tls == TlsUse.Required,
            AcceptTypes = capabilities.AcceptTypes,
            AcceptWrappedTypes = capabilities.AcceptWrappedTypes,
            MaxSize = capabilities.MaxSize,
            File = new FileTransfer { Selector = new FileSelector() },
        };
        return new SessionDescription { Origin = capabilities.Origin, Connection = new ConnectionData(capabilities.Origin.Address), Media = [media.ToMedia()] };
    }

    // The t= lines of an answer are those of the offer (RFC 3264 §6).
    private static TimeDescription Bare(TimeDescription time) => time is { Repeats.Count: 0, Zones: null } ? time : new TimeDescription(time.Start, time.Stop);

    private static NegotiatedLine Answer(SessionDescription offer, int index, MessageCapabilities capabilities, int accepted, FileTransfers? transfers)
    {
        var isRead = MessageMedia.TryRead(offer, offer.Media[index], out var remote, out var fault);
        var line = new NegotiatedLine { Index = index, Remote = remote };
        if (offer.Media[index].IsRejected)
        {
            return line with { Refusal = LineRefusal.NotOffered };
        }

        if (!isRead)
        {
            return line with { Refusal = LineRefusal.Unusable, Fault = fault };
        }

        var refusal = accepted >= capabilities.MaxSessions ? LineRefusal.TooMany : CheckConnection(remote!, capabilities);
        if (refusal != LineRefusal.None)
        {
            return line with { Refusal = refusal };
        }

        var decision = MediaDecision.Accept;
        if (remote!.File is { } file)
        {
            if (file.Selector.IsEmpty)
            {
                return line with { Refusal = LineRefusal.Unusable, Fault = MessageMediaFault.BadFile };
            }

            line = line with { Novelty = transfers?.Classify(file) ?? FileTransferNovelty.New };
            refusal = CheckFile(remote, file, line.Novelty, capabilities);
        }

        if (refusal == LineRefusal.None)
        {
            if (line.Novelty == FileTransferNovelty.Known)
            {
                // What was taken goes on, and what was refused stays refused; nobody is asked again (RFC 5547 §8.3).
                refusal = transfers!.WasAccepted(remote.File!) ? LineRefusal.None : LineRefusal.Declined;
                decision = remote.Direction == MediaDirection.ReceiveOnly ? MediaDecision.Send(remote.File!) : decision;
            }
            else
            {
                decision = capabilities.Decide?.Invoke(index, remote) ?? MediaDecision.Accept;
                var lacksFile = remote is { File: not null, Direction: MediaDirection.ReceiveOnly } && decision.File is null;
                refusal = decision.IsAccepted && !lacksFile ? LineRefusal.None : LineRefusal.Declined;
            }
        }

        if (remote.File is not null && line.Novelty == FileTransferNovelty.New)
        {
            transfers?.Add(remote.File, refusal == LineRefusal.None);
        }

        return refusal == LineRefusal.None ? Accept(line, remote, decision, capabilities) : line with { Refusal = refusal };
    }

    private static LineRefusal CheckConnection(MessageMedia remote, MessageCapabilities capabilities)
    {
        if (remote.IsSecure ? capabilities.Tls == TlsUse.None : capabilities.Tls == TlsUse.Required)
        {
            return remote.IsSecure ? LineRefusal.TlsNotSpoken : LineRefusal.TlsRequired;
        }

        if (!remote.AcceptTypes!.Overlaps(capabilities.AcceptTypes))
        {
            return LineRefusal.NoCommonType;
        }

        if (!remote.HasCema && !AddressMatch.IsMatch(remote, capabilities.IsSameHost))
        {
            return LineRefusal.AddressMismatch;
        }

        return !capabilities.IsReachable && remote.Setup is SetupRole.Active or null ? LineRefusal.Unreachable : LineRefusal.None;
    }

    private static LineRefusal CheckFile(MessageMedia remote, FileTransfer file, FileTransferNovelty novelty, MessageCapabilities capabilities)
    {
        if (novelty == FileTransferNovelty.OtherFile)
        {
            return LineRefusal.TransferIdReused;
        }

        if (file is { Range: { } range, Selector.Size: { } size } && (range.Start > size || range.Stop > size))
        {
            return LineRefusal.BadRange;
        }

        if (remote.Direction == MediaDirection.ReceiveOnly)
        {
            return capabilities.Direction.HasFlag(MediaDirection.SendOnly) ? LineRefusal.None : LineRefusal.Declined;
        }

        if (!capabilities.Direction.HasFlag(MediaDirection.ReceiveOnly))
        {
            return LineRefusal.Declined;
        }

        if (file.Selector.Type is { } type && !capabilities.AcceptTypes.Allows(type) && capabilities.AcceptWrappedTypes?.Allows(type) is not true)
        {
            return LineRefusal.NoCommonType;
        }

        return file.Length > capabilities.MaxSize ? LineRefusal.TooLarge : LineRefusal.None;
    }

    private static NegotiatedLine Accept(NegotiatedLine line, MessageMedia remote, MediaDecision decision, MessageCapabilities capabilities)
    {
        var path = capabilities.NewPath(line.Index, remote.IsSecure);

        // An offer may not be passive, but some are: then there is nothing left but to connect (RFC 6135 §4.2.2).
        var setup = remote.Setup switch
        {
            SetupRole.Passive => SetupRole.Active,
            SetupRole.ActPass when !capabilities.IsReachable => SetupRole.Active,
            _ => SetupRole.Passive,
        };

        // With a relay on the wrong side CEMA can't work (RFC 6714 §4.3).
        var usesRelay = path.Count > 1;
        var hasCema = capabilities.SupportsCema && remote.HasCema
            && !(usesRelay && remote.UsesRelay)
            && !(remote.UsesRelay && setup == SetupRole.Passive && remote.Setup is SetupRole.Active or null)
            && !(usesRelay && setup == SetupRole.Active);

        var local = LocalMedia.Create(capabilities, path, remote.IsSecure, setup, hasCema) with
        {
            Direction = remote.Direction.Reversed() & capabilities.Direction,
        };
        if (remote.File is { } file)
        {
            local = local with { Direction = AnswerDirection(remote.Direction), File = AnswerFile(remote, file, decision) };
        }

        return line with { Local = local, Route = MessageRoute.Between(local, remote, isOfferer: false, capabilities.IsSameHost) };
    }

    // A file goes one way, also where the offer forgot to say so.
    private static MediaDirection AnswerDirection(MediaDirection offered) => offered switch
    {
        MediaDirection.ReceiveOnly => MediaDirection.SendOnly,
        MediaDirection.Inactive => MediaDirection.Inactive,
        _ => MediaDirection.ReceiveOnly,
    };

    // The receiver repeats what the file is, and nothing that only the sender can say (RFC 5547 §8.3.1).
    private static FileTransfer AnswerFile(MessageMedia remote, FileTransfer file, MediaDecision decision) =>
        remote.Direction == MediaDirection.ReceiveOnly && decision.File is { } sent
            ? sent with { TransferId = file.TransferId, Range = file.Range }
            : new FileTransfer { Selector = file.Selector, TransferId = file.TransferId, Range = file.Range };
}
