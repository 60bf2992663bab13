using System.Globalization;

namespace SipPush.Samples.SipCore;

/// <summary>Says what the core does: as JSON events, or as lines for people.</summary>
/// <param name="said">Where it is said.</param>
internal sealed class ConsoleObserver(SampleOutput said) : CoreObserver
{
    public override void Registered(string addressOfRecord, string contact, string? publicGruu, TimeSpan expires) => said.Report(
        "registered",
        $"Registered {addressOfRecord} at {contact} for {Seconds(expires)}",
        ("aor", addressOfRecord),
        ("contact", contact),
        ("pubGruu", publicGruu),
        ("expires", expires));

    public override void Unregistered(string addressOfRecord) =>
        said.Report("unregistered", $"{addressOfRecord} is no longer registered", ("aor", addressOfRecord));

    public override void ThirdPartyRegister(string addressOfRecord, TimeSpan expires, int status) => said.Report(
        "thirdPartyRegister",
        string.Create(CultureInfo.InvariantCulture, $"Told the application server of {addressOfRecord}, {Seconds(expires)}: {status}"),
        ("aor", addressOfRecord),
        ("expires", expires),
        ("status", status));

    public override void Error(string message) => said.Fail(message);

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(span.TotalSeconds):0} s");
}
