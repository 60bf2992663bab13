namespace SipPush.Sip;

/// <summary>What an INVITE is to say and how long it may take.</summary>
public sealed record InviteOptions
{
    /// <summary>The offer; null lets the far end make one, which <see cref="AnswerAsync"/> then answers.</summary>
    public SipBody? Offer { get; init; }

    /// <summary>Answers the offer of a 2xx; needed when <see cref="Offer"/> is null.</summary>
    public SipAnswerHandler? AnswerAsync { get; init; }

    /// <summary>Hears of each provisional response from 101 on, on the thread that received it: it must neither block nor throw.</summary>
    public IProgress<SipResponse>? Progress { get; init; }

    /// <summary>Adds further header lines before the INVITE is sent. It is called once.</summary>
    public Action<SipRequestBuilder>? Prepare { get; init; }

    /// <summary>
    /// Sees the session of each branch when its dialog begins, before any request in it is taken: the place to set
    /// <see cref="SipSession.OfferAsync"/> and to call <see cref="SipSession.Handle"/>. It runs on the thread that received and must neither block nor throw.
    /// A branch that does not win ends by itself.
    /// </summary>
    public Action<SipSession>? PrepareSession { get; init; }

    /// <summary>Feature tags for Contact, as they are written: <c>+g.oma.pusheventapp="mms.ua"</c> (RFC 3840 §5).</summary>
    public IReadOnlyList<string> ContactParameters { get; init; } = [];

    /// <summary>How long the far end may ring; default 3 minutes, as a proxy's timer C has it. Then CANCEL goes out.</summary>
    public TimeSpan RingTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Whether to say that reliable provisional responses are understood (RFC 3262); default false. They are acknowledged by PRACK then.</summary>
    public bool ReliableProvisionals { get; init; }
}
