namespace SipPush.Samples.SipCore;

/// <summary>Says what the core does: as JSON events, or as lines for people.</summary>
/// <param name="events">Where the events go; null for lines on standard output.</param>
internal sealed class ConsoleObserver(JsonEvents? events) : CoreObserver
{
    public void Listening(string uri)
    {
        events?.Listening(uri);
        Say($"listening on {uri}");
    }

    public override void Registered(string addressOfRecord, string contact, string? publicGruu, TimeSpan expires)
    {
        events?.Write("registered", ("aor", addressOfRecord), ("contact", contact), ("pubGruu", publicGruu), ("expires", expires));
        Say($"registered {addressOfRecord} at {contact} for {expires.TotalSeconds:0} s");
    }

    public override void Unregistered(string addressOfRecord)
    {
        events?.Write("unregistered", ("aor", addressOfRecord));
        Say($"unregistered {addressOfRecord}");
    }

    public override void ThirdPartyRegister(string addressOfRecord, TimeSpan expires, int status)
    {
        events?.Write("thirdPartyRegister", ("aor", addressOfRecord), ("expires", expires), ("status", status));
        Say($"told the application server of {addressOfRecord}, {expires.TotalSeconds:0} s: {status}");
    }

    public override void Error(string message)
    {
        events?.Error(message);
        if (events is null)
        {
            Console.Error.WriteLine(message);
        }
    }

    private void Say(string line)
    {
        if (events is null)
        {
            Console.WriteLine(line);
        }
    }
}
