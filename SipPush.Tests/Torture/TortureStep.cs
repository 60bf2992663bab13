using System.Globalization;

namespace SipPush.Tests.Torture;

/// <summary>One step of an action: <c>reject:400+close</c>.</summary>
/// <param name="Name">accept, reject, drop and the others.</param>
/// <param name="Status">The status it names; 0 for none.</param>
/// <param name="Closes">True where the connection is closed afterwards.</param>
internal readonly record struct TortureStep(string Name, int Status, bool Closes)
{
    public static TortureStep Parse(string text)
    {
        var closes = text.EndsWith("+close", StringComparison.Ordinal);
        var parts = (closes ? text[..^"+close".Length] : text).Split(':');
        return new TortureStep(parts[0].Trim(), parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0, closes);
    }

    public override string ToString() => $"{Name}{(Status == 0 ? "" : $":{Status}")}{(Closes ? "+close" : "")}";
}
