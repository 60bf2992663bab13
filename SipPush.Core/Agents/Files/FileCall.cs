using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;

namespace SipPush;

/// <summary>A dialog in which files are sent, each with a media description and an MSRP session of its own (RFC 5547 §8.2.3). Disposing it says BYE.</summary>
internal sealed class FileCall : IAsyncDisposable
{
    private static readonly Task Never = new TaskCompletionSource().Task;

    private readonly SipUserAgent _userAgent;
    private readonly SipUri _target;
    private readonly SipUri _to;
    private readonly PushOptions _push;
    private readonly TimeProvider _clock;
    private readonly MsrpNegotiation _negotiation;
    private readonly SdpIdentifiers _identifiers;
    private readonly OfferAnswerExchange _exchange = new();
    private readonly Dictionary<int, OutgoingFile> _files = [];
    private readonly SemaphoreSlim _turn = new(1, 1);
    private IReadOnlyList<NegotiatedLine> _lines = [];
    private SipSession? _call;
    private Task _watch = Task.CompletedTask;

    public FileCall(SipUserAgent userAgent, SipUri target, SipUri to, PushSenderOptions options, PushMedia media, PushOptions push)
    {
        _userAgent = userAgent;
        _target = target;
        _to = to;
        _push = push;
        _clock = userAgent.Stack.TimeProvider;
        _identifiers = new StackIdentifiers(userAgent.Stack.Identifiers);
        _negotiation = new MsrpNegotiation(media, userAgent, userAgent.NextHop(target).HostAddress(), options.OfferTypes, media.Options.Messages, null, MediaDirection.SendReceive);
    }

    /// <summary>True when the far end, or the stack, has ended it.</summary>
    public bool IsOver => _call?.Completion.IsCompleted == true;

    /// <summary>True when the far end has said BYE: it does not want the files any more (RFC 5547 §8.4).</summary>
    public bool HasEndedByPeer => _call is { Completion: { IsCompletedSuccessfully: true } end } && end.Result.Cause == SipSessionEndCause.Remote;

    /// <summary>Completes when it is over.</summary>
    public Task Ended => _call?.Completion ?? Never;

    /// <summary>Offers the files by an INVITE.</summary>
    /// <exception cref="PushException">It was refused, or not answered.</exception>
    public async ValueTask OpenAsync(MessageComposer composer, IReadOnlyList<OutgoingFile> files, CancellationToken cancellationToken)
    {
        for (var i = 0; i < files.Count; i++)
        {
            _files[i] = files[i];
        }

        var began = _clock.GetTimestamp();
        var offer = _exchange.Offer(SdpOfferer.CreateOffer(_negotiation.Capabilities, [.. files.Select(file => file.Offer(_identifiers))]));
        var icons = files.Where(file => file.File.Icon is not null).Select(file => KeyValuePair.Create(file.IconId, file.File.Icon!)).ToList();
        var invite = await InviteAsync(offer).ConfigureAwait(false);
        if (invite.StatusCode == 415 && icons.Count > 0)
        {
            // It does not know multipart bodies, but perhaps files (RFC 5547 §8.8).
            icons.Clear();
            _exchange.Withdraw();
            offer = _exchange.Offer(OfferBody.WithoutIcons(offer));
            invite = await InviteAsync(offer).ConfigureAwait(false);
        }

        _call = invite.Session ?? throw new PushException(SessionOpener.Read(invite) with { Elapsed = _clock.GetElapsedTime(began) });
        _watch = WatchAsync(_call);
        if (!await TakeAnswerAsync(offer, _call.RemoteDescription, cancellationToken).ConfigureAwait(false))
        {
            throw new PushException(new PushResult { Outcome = PushOutcome.Refused, Reason = "The answer can't be read", StatusCode = invite.StatusCode, Response = invite.Response, Mode = PushMode.Session });
        }

        ValueTask<InviteResult> InviteAsync(SessionDescription description) => _userAgent.InviteAsync(_target, composer.ComposeInvite(_to, OfferBody.Write(description, icons), _push), cancellationToken);
    }

    /// <summary>Offers what was lost again, each as a new transfer in its own place; what has ended keeps its place with port 0 (RFC 5547 §8.1). False when that can't be had in this dialog.</summary>
    public async ValueTask<bool> OfferAgainAsync(CancellationToken cancellationToken)
    {
        if (IsOver || !_exchange.CanOffer || _exchange.Local is not { } agreed)
        {
            return false;
        }

        var draft = agreed with
        {
            Media = [.. agreed.Media.Select((media, index) => !_files[index].IsDone
                ? SdpOfferer.CreateMedia(_negotiation.Capabilities, _files[index].Offer(_identifiers), index).ToMedia(agreed.Connection)
                : media with { Port = 0 })],
        };
        return await ReofferAsync(draft, isNew: true, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends what the far end takes, all at once, and returns when each file has come to an end of some kind.</summary>
    public Task SendAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_files.Where(pair => !pair.Value.IsDone).Select(pair => SendAsync(pair.Key, pair.Value, cancellationToken)).ToArray());

    /// <summary>Says BYE, and waits for its answer.</summary>
    public async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        if (_call is { } call)
        {
            await call.EndAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_call is { } call)
        {
            await call.DisposeAsync().ConfigureAwait(false);
        }

        await _negotiation.DropAsync().ConfigureAwait(false);
        await _watch.ConfigureAwait(false);
        _turn.Dispose();
    }

    // Without the dialog there is no media either.
    private async Task WatchAsync(SipSession call)
    {
        await call.Completion.ConfigureAwait(false);
        await _negotiation.DropAsync().ConfigureAwait(false);
    }

    private async Task SendAsync(int index, OutgoingFile file, CancellationToken cancellationToken)
    {
        var line = _lines[index];
        if (Refusal(line, file) is var (status, reason))
        {
            file.IsRefused(status, reason);
            if (line.IsAccepted)
            {
                await RemoveAsync(index, cancellationToken).ConfigureAwait(false);
            }

            return;
        }

        var began = _clock.GetTimestamp();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, file.File.Cancellation);
        Stream? source = null;
        var isConnected = false;
        try
        {
            var session = _negotiation.SessionOf(index);
            await session.StartAsync(_negotiation.RemoteOf(line.Route!), either.Token).ConfigureAwait(false);
            isConnected = true;
            (var message, source) = await file.OpenAsync(_push, either.Token).ConfigureAwait(false);
            var result = await session.SendAsync(message, either.Token).ConfigureAwait(false);
            file.IsSent(result, _clock.GetElapsedTime(began), IsOver);
        }
        catch (OperationCanceledException cancelled) when (!cancellationToken.IsCancellationRequested)
        {
            file.HasFailed(cancelled, _clock.GetElapsedTime(began));
            await RemoveAsync(index, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (!isConnected && failure is MsrpException or InvalidOperationException)
        {
            file.IsNotConnected(failure, _clock.GetElapsedTime(began), IsOver);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            file.HasFailed(failure, _clock.GetElapsedTime(began));
            await RemoveAsync(index, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (source is not null)
            {
                await source.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    // The size that the far end takes is a law for files (RFC 5547 §8.7).
    private static (int Status, string Reason)? Refusal(NegotiatedLine line, OutgoingFile file)
    {
        if (!line.IsAccepted || line.Route is not { MaySend: true } route)
        {
            return (0, $"The file was not taken: {(line.IsAccepted ? "the far end does not receive" : line.Refusal.ToString())}");
        }

        return file.Length > route.MaxSize ? (MsrpStatus.MessageTooLarge, $"The far end takes {route.MaxSize} octets") : null;
    }

    // One that is given up while others go on leaves its place (RFC 5547 §8.4); where none goes on the dialog ends anyway.
    private async ValueTask RemoveAsync(int index, CancellationToken cancellationToken)
    {
        if (IsOver || _files.Values.All(file => file.IsDone))
        {
            return;
        }

        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_exchange.CanOffer && _exchange.Local is not null)
            {
                await ReofferAsync(_exchange.WithoutMedia(index), isNew: false, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }

        await _negotiation.SessionOf(index).DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask<bool> ReofferAsync(SessionDescription draft, bool isNew, CancellationToken cancellationToken)
    {
        // The icons came with the INVITE.
        var offer = _exchange.Offer(OfferBody.WithoutIcons(draft));
        var result = await _call!.ReinviteAsync(new SipBody(SessionDescription.ContentType, offer.ToOctets()), cancellationToken).ConfigureAwait(false);
        if (result.Response is not { IsSuccess: true } success)
        {
            _exchange.Withdraw();
            return false;
        }

        if (isNew)
        {
            return await TakeAnswerAsync(offer, SipBody.Of(success), cancellationToken).ConfigureAwait(false);
        }

        if (!TryRead(SipBody.Of(success), out var answer) || _exchange.ReceiveAnswer(answer).Any(fault => !fault.IsHarmless))
        {
            _exchange.Withdraw();
        }

        return true;
    }

    // When it shows that somebody is between who does not know CEMA, another offer is made without, and its answer counts (RFC 6714 §4.2).
    private async ValueTask<bool> TakeAnswerAsync(SessionDescription offer, SipBody? body, CancellationToken cancellationToken)
    {
        if (!TryTakeAnswer(offer, body))
        {
            return false;
        }

        if (!_lines.Any(line => line.Route is { NeedsOfferWithoutCema: true }))
        {
            return true;
        }

        _negotiation.GiveUpCema();
        return await ReofferAsync(_exchange.WithoutCema(), isNew: true, cancellationToken).ConfigureAwait(false);
    }

    private bool TryTakeAnswer(SessionDescription offer, SipBody? body)
    {
        if (!TryRead(body, out var answer))
        {
            _exchange.Withdraw();
            return false;
        }

        // An answer that is wrong about one file is none for that file (RFC 5547 §8.3.1); about the whole it is none at all.
        var faults = _exchange.ReceiveAnswer(answer).Where(fault => !fault.IsHarmless).ToList();
        if (faults.Exists(fault => fault.Index < 0))
        {
            return false;
        }

        _lines = [.. SdpOfferer.ReadAnswer(offer, answer).Select(line => line.IsAccepted && IsWrong(line) ? line with { Refusal = LineRefusal.Unusable } : line)];
        return true;

        bool IsWrong(NegotiatedLine line) => faults.Exists(fault => fault.Index == line.Index) || (line.Route is { } route && !MsrpNegotiation.IsPath(route.ToPath));
    }

    private static bool TryRead(SipBody? body, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SessionDescription? description)
    {
        description = null;
        return body is { } octets && SessionDescription.TryParse(octets.Octets.Span, out description, out _, SdpProfile.Lenient);
    }

    private sealed class StackIdentifiers(SipIdentifiers identifiers) : SdpIdentifiers
    {
        public override void Fill(Span<byte> destination) => identifiers.Fill(destination);
    }
}
