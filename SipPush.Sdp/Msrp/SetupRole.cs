namespace SipPush.Sdp;

/// <summary>Who opens the connection: <c>a=setup</c> (RFC 4145 §4, RFC 6135 §4.2). <c>holdconn</c> is read as if it were not there.</summary>
public enum SetupRole
{
    /// <summary><c>active</c>: who has written this connects.</summary>
    Active,

    /// <summary><c>passive</c>: who has written this is connected to.</summary>
    Passive,

    /// <summary><c>actpass</c>: the answerer chooses.</summary>
    ActPass,
}
