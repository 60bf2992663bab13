using System.Net;

namespace SipPush.Benchmarks.Load;

/// <summary>What the sender of a bulk transfer is asked for.</summary>
/// <param name="Target">Where to.</param>
/// <param name="Root">With TLS: whom to trust; null without.</param>
/// <param name="Size">Octets of each message.</param>
/// <param name="Chunk">Octets of a chunk; over bare sockets, of a write.</param>
/// <param name="Messages">How many.</param>
/// <param name="WarmUp">How many before those, not measured.</param>
/// <param name="InFlight">How many at once.</param>
/// <param name="File">What is sent; null for random octets.</param>
/// <param name="Hash">Whether what is sent is hashed.</param>
internal sealed record LoadTransfer(
    IPEndPoint Target, FileInfo? Root, long Size, int Chunk, int Messages, int WarmUp, int InFlight, FileInfo? File, bool Hash);

/// <summary>What the receiver of a bulk transfer is asked for.</summary>
/// <param name="Listen">Where.</param>
/// <param name="Root">With TLS: where to write whom to trust; null without.</param>
/// <param name="Rate">Octets a second that are read at the beginning; 0 for as many as come.</param>
/// <param name="RateTime">How long that beginning is.</param>
/// <param name="File">What the first message is written to; null when they are dropped.</param>
/// <param name="Hash">Whether what comes is hashed.</param>
internal sealed record LoadReception(IPEndPoint Listen, FileInfo? Root, long Rate, TimeSpan RateTime, FileInfo? File, bool Hash);
