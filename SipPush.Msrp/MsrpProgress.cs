namespace SipPush.Msrp;

/// <summary>How far a message has come.</summary>
/// <param name="Written">Octets of the body handed to the transport.</param>
/// <param name="Acknowledged">Of these, octets in chunks that were answered with 200.</param>
/// <param name="Reported">Octets that success reports cover.</param>
/// <param name="Total">Length of the body, null while nobody knows it.</param>
public readonly record struct MsrpProgress(long Written, long Acknowledged, long Reported, long? Total);
