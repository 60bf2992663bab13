namespace SipPush;

/// <summary>The service and the application of a push, as header lines say them.</summary>
/// <param name="AcceptContact">The value of Accept-Contact.</param>
/// <param name="Contact">The feature parameters of Contact.</param>
internal sealed record PushTags(string AcceptContact, IReadOnlyList<string> Contact);
