namespace SipPush;

/// <summary>How far a content has come in its session.</summary>
/// <param name="BytesWritten">Octets handed to the transport.</param>
/// <param name="BytesAcknowledged">Octets in chunks that the far end has answered.</param>
/// <param name="BytesReported">Octets that reports cover.</param>
/// <param name="TotalBytes">Octets in all, null while nobody knows.</param>
public readonly record struct PushProgress(long BytesWritten, long BytesAcknowledged, long BytesReported, long? TotalBytes);
