namespace SipPush.Msrp;

/// <summary>Where transaction ids, Message-IDs and session ids come from. Tests give one that counts; everybody else takes <see cref="Random"/>.</summary>
public abstract class MsrpIdentifiers
{
    /// <summary>The system's cryptographic generator.</summary>
    public static MsrpIdentifiers Random { get; } = null!;

    /// <summary>Length of what <see cref="WriteTransactionId"/> writes, in octets.</summary>
    public const int TransactionIdLength = 16;

    /// <summary>Writes a transaction id of <see cref="TransactionIdLength"/> characters of <c>ident</c>, with at least 64 random bits (RFC 4975 §7.1). Called from several threads at once.</summary>
    public abstract void WriteTransactionId(Span<byte> destination);

    /// <summary>A Message-ID, unique within a session (RFC 4975 §7.1.1).</summary>
    public abstract string NewMessageId();

    /// <summary>A session id of at least 80 random bits (RFC 4975 §14.1).</summary>
    public abstract string NewSessionId();
}
