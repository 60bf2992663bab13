namespace SipPush.Samples.SipCore;

/// <summary>Where a request for a user goes, in the order to try; or the status that says why nowhere.</summary>
/// <param name="Bindings">The contacts.</param>
/// <param name="Called">The address of record that was called.</param>
/// <param name="Status">What to answer when there is no contact.</param>
/// <param name="IsGruu">True when one instance was called: then only 408 and 430 lead on to the next (RFC 5627 §6.1).</param>
internal sealed record Targets(IReadOnlyList<Binding> Bindings, SipPush.Sip.SipUri? Called, int Status, bool IsGruu = false);
