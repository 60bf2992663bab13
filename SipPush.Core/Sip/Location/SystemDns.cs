using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;

namespace SipPush.Sip.Location;

/// <summary>What the system says about its DNS servers. They change while a laptop moves or a container is told others, so nothing here is kept for ever.</summary>
/// <param name="Servers">In the order in which to ask them; never empty.</param>
/// <param name="Timeout">How long one of them has for an answer; null when the system says nothing.</param>
/// <param name="Attempts">How often all of them are asked; null when the system says nothing.</param>
internal sealed record SystemDns(IReadOnlyList<IPEndPoint> Servers, TimeSpan? Timeout = null, int? Attempts = null)
{
    private const int Port = 53;

    // As resolv.conf(5) has them.
    private const int MaximumTimeout = 30;
    private const int MaximumAttempts = 5;

    /// <summary>Reads <c>/etc/resolv.conf</c>, or asks the network interfaces on Windows.</summary>
    public static SystemDns Read()
    {
        try
        {
            return OperatingSystem.IsWindows() ? OfInterfaces() : Parse(File.ReadAllText("/etc/resolv.conf"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NetworkInformationException)
        {
            return Of([]);
        }
    }

    /// <summary>Reads the text of a <c>resolv.conf</c>; lines that mean nothing here are passed over.</summary>
    public static SystemDns Parse(string text)
    {
        var servers = new List<IPEndPoint>();
        TimeSpan? timeout = null;
        int? attempts = null;

        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", var server, ..] when IPAddress.TryParse(server, out var address):
                    servers.Add(new IPEndPoint(address, Port));
                    break;

                case ["options", .. var options]:
                    foreach (var option in options)
                    {
                        if (TryReadNumber(option, "timeout:", out var seconds))
                        {
                            timeout = TimeSpan.FromSeconds(Math.Min(seconds, MaximumTimeout));
                        }
                        else if (TryReadNumber(option, "attempts:", out var times))
                        {
                            attempts = Math.Min(times, MaximumAttempts);
                        }
                    }

                    break;
            }
        }

        return Of(servers) with { Timeout = timeout, Attempts = attempts };
    }

    private static SystemDns OfInterfaces() => Of([.. NetworkInterface.GetAllNetworkInterfaces()
        .Where(network => network.OperationalStatus == OperationalStatus.Up && network.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(network => network.GetIPProperties().DnsAddresses)

        // What Windows fills in where nothing is configured; nobody answers there.
        .Where(address => !address.IsIPv6SiteLocal)
        .Distinct()
        .Select(address => new IPEndPoint(address, Port))]);

    // Without any, the host's own is asked (resolv.conf(5)).
    private static SystemDns Of(List<IPEndPoint> servers) =>
        new(servers.Count > 0 ? servers : [new IPEndPoint(IPAddress.Loopback, Port)]);

    private static bool TryReadNumber(string option, string name, out int number)
    {
        number = 0;
        return option.StartsWith(name, StringComparison.Ordinal)
            && int.TryParse(option.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && number > 0;
    }
}
