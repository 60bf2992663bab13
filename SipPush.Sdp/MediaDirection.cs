namespace SipPush.Sdp;

/// <summary>Which way media goes, seen from who has written it (RFC 8866 §6.7). The two bits are sending and receiving.</summary>
[Flags]
public enum MediaDirection
{
    /// <summary><c>inactive</c></summary>
    Inactive = 0,

    /// <summary><c>sendonly</c></summary>
    SendOnly = 1,

    /// <summary><c>recvonly</c></summary>
    ReceiveOnly = 2,

    /// <summary><c>sendrecv</c>, and what is meant where nothing is written.</summary>
    SendReceive = SendOnly | ReceiveOnly,
}
