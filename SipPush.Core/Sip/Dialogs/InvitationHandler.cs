namespace SipPush.Sip;

/// <summary>Takes an INVITE that begins a session. It must accept or reject before its task ends; otherwise the stack answers 500.</summary>
/// <param name="invitation">The INVITE and the means to answer it.</param>
/// <param name="cancellationToken">Cancelled when the caller gives up or the stack stops.</param>
public delegate ValueTask InvitationHandler(Invitation invitation, CancellationToken cancellationToken);
