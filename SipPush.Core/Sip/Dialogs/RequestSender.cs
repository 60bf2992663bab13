namespace SipPush.Sip;

/// <summary>Sends a request to where a URI points, in the way that is right for its method, and waits for the first final response.</summary>
internal delegate ValueTask<SipTransactionResult> RequestSender(SipRequest request, SipUri nextHop, CancellationToken cancellationToken);
