namespace SipPush.Samples.PushSender;

/// <summary>How the sender sends.</summary>
public enum SenderMode
{
    /// <summary>By MESSAGE what one may carry, and anything else in a session.</summary>
    Auto,

    /// <summary>By MESSAGE.</summary>
    Message,

    /// <summary>In a session, however little it is.</summary>
    Session,
}
