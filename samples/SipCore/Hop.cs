using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>A request as it leaves the core, and the way it takes.</summary>
/// <param name="Request">The request, without the Via of this hop.</param>
/// <param name="Side">The side it leaves by.</param>
internal sealed record Hop(SipRequest Request, CoreSide Side)
{
    /// <summary>Where it goes; null for where its Route or Request-URI points.</summary>
    public SipUri? NextHop { get; init; }

    /// <summary>The open connection it goes over; null when any will do.</summary>
    public SipFlow? Connection { get; init; }

    /// <summary>The instance it goes to by one of several flows; null when there is one way only.</summary>
    public string? Instance { get; init; }

    /// <summary>Whether a user agent will answer it, whose word for identities is not taken.</summary>
    public bool IsToUserAgent { get; init; }

    public ValueTask<SipTransactionResult> SendAsync(CancellationToken cancellationToken) =>
        Connection is { } open ? Side.Stack.SendAsync(Request, open, cancellationToken)
        : NextHop is { } next ? Side.Stack.SendAsync(Request, next, cancellationToken)
        : Side.Stack.SendAsync(Request, cancellationToken);

    public SipInviteTransaction SendInvite() => Connection is { } open ? Side.Stack.SendInvite(Request, open) : Side.Stack.SendInvite(Request, NextHop);

    public ValueTask SendAckAsync(CancellationToken cancellationToken) =>
        Connection is { } open ? Side.Stack.SendAckAsync(Request, open, cancellationToken) : Side.Stack.SendAckAsync(Request, NextHop, cancellationToken);
}
