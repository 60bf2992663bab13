using System.Net.Security;

namespace SipPush.Sip;

/// <summary>The far end after a handshake.</summary>
/// <param name="Stream">Owns the socket.</param>
/// <param name="Identities">The SIP domains of its verified certificate; empty when it showed none.</param>
internal readonly record struct TlsPeer(SslStream Stream, IReadOnlyList<string> Identities);
