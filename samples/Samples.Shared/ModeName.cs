namespace SipPush.Samples;

/// <summary>The name of a mode on the command line and in events.</summary>
public static class ModeName
{
    /// <summary><c>message</c> or <c>session</c>.</summary>
    public static string Of(PushMode mode) => mode == PushMode.Session ? "session" : "message";
}
