namespace SipPush.Tests.Interop;

/// <param name="ExitCode">0: every call went as the scenario says.</param>
/// <param name="Output">Both output streams and the error file.</param>
/// <param name="Messages">Each message sent and received, in order.</param>
/// <param name="Log">What the scenario's log actions wrote.</param>
internal sealed record SippResult(int ExitCode, string Output, IReadOnlyList<SippMessage> Messages, string Log)
{
    public IEnumerable<string> Sent => Messages.Where(message => message.Sent).Select(message => message.Text);

    public IEnumerable<string> Received => Messages.Where(message => !message.Sent).Select(message => message.Text);
}

/// <param name="Sent">By sipp.</param>
/// <param name="Text">The whole message, with its CRLFs.</param>
internal readonly record struct SippMessage(bool Sent, string Text);
