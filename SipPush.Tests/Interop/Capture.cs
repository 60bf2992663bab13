using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Xml.Linq;

namespace SipPush.Tests.Interop;

/// <summary>Records what goes over some ports of the loopback and has tshark, which shares no code with this project, read it.</summary>
internal sealed class Capture : IAsyncDisposable
{
    // 256 KiB, because the loopback hands over TCP segments of up to 64 KiB; 16 MiB keep a burst from being dropped.
    private static readonly string[] Recording = ["-q", "-i", "lo", "-B", "16", "-s", "262144", "-w", "capture.pcapng", "-f"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private const int WarningLevel = 0x600000;

    private readonly PeerProcess _process;
    private readonly RunDirectory _directory;
    private readonly IReadOnlyCollection<int> _ports;
    private readonly int _endPort;
    private readonly string _tshark;
    private bool _stopped;

    private Capture(string tshark, PeerProcess process, RunDirectory directory, IReadOnlyCollection<int> ports, int endPort)
    {
        _tshark = tshark;
        _process = process;
        _directory = directory;
        _ports = ports;
        _endPort = endPort;
    }

    public string File => _directory.File("capture.pcapng");

    /// <summary>Comes back once packets are being recorded.</summary>
    public static async Task<Capture> StartAsync(params IReadOnlyCollection<int> ports)
    {
        var tshark = Peer.Require("tshark");
        var dumpcap = Peer.Require("dumpcap");
        var directory = new RunDirectory();
        var endPort = FreePort.Next();
        var filter = string.Join(" or ", ports.Append(endPort).Select(port => $"port {Text(port)}"));
        var process = PeerProcess.Start(dumpcap, directory.Path, [.. Recording, filter]);
        var capture = new Capture(tshark, process, directory, ports, endPort);

        // The file appears after the interface is open and has its filter.
        var ready = await Poll.UntilAsync(() => process.HasExited || new FileInfo(capture.File) is { Exists: true, Length: > 0 }, Limit);

        if (!ready || process.HasExited)
        {
            await capture.DisposeAsync();
            Peer.Missing($"the right to capture: {process.Output}");
        }
        return capture;
    }

    /// <summary>Ends the recording after everything sent up to now is in the file.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
        {
            return;
        }
        _stopped = true;

        // Packets are recorded in order: once this datagram is in the file, so is all that went before it.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, _endPort));
        var end = Encoding.ASCII.GetBytes($"end of {_directory.Path}");
        await socket.SendToAsync(end, socket.LocalEndPoint!);

        if (!await Poll.UntilAsync(async () => (await ReadSharedAsync()).AsSpan().IndexOf(end) >= 0, Limit))
        {
            throw new TimeoutException($"The capture did not get to its end:\n{_process.Output}");
        }

        _process.Signal(2);
        await _process.WaitAsync(Limit);
    }

    /// <summary>Every SIP message on the ports, in order, without what was only sent again because its answer took a while; stops the recording first.</summary>
    public async Task<IReadOnlyList<CapturedSip>> ReadAsync()
    {
        await StopAsync();
        string[] decode = [.. _ports.SelectMany(port => new[] { "-d", $"tcp.port=={Text(port)},sip", "-d", $"udp.port=={Text(port)},sip" })];
        var dissected = _directory.File("capture.pdml");
        // Through a file: a PeerProcess keeps only so many lines.
        string[] arguments = ["-c", "exec \"$0\" \"$@\" > capture.pdml", _tshark, "-r", File, .. decode, "-Y", "sip || _ws.malformed", "-T", "pdml"];
        await using var process = PeerProcess.Start("/bin/sh", _directory.Path, arguments);
        var exitCode = await process.WaitAsync(TimeSpan.FromSeconds(60));

        if (exitCode != 0)
        {
            throw new InvalidOperationException($"tshark ended with {exitCode}:\n{process.Output}");
        }

        await using var file = System.IO.File.OpenRead(dissected);
        var document = await XDocument.LoadAsync(file, LoadOptions.None, CancellationToken.None);
        return
        [
            .. document.Root!.Elements("packet").SelectMany(MessagesOf)
                .DistinctBy(message => (message.SourcePort, message.DestinationPort, message.Method, message.StatusCode, string.Join('\n', message.HeaderFields))),
        ];
    }

    /// <summary>The octets of every direction of every TCP connection on the ports, in order; stops the recording first.</summary>
    public async Task<IReadOnlyList<(int SourcePort, int DestinationPort, byte[] Octets)>> ReadStreamsAsync()
    {
        await StopAsync();
        string[] arguments =
        [
            "-c", "exec \"$0\" \"$@\" > capture.fields", _tshark, "-r", File, "-o", "tcp.desegment_tcp_streams:FALSE", "-Y", "tcp.len > 0 && !tcp.analysis.retransmission",
            "-T", "fields", "-e", "tcp.srcport", "-e", "tcp.dstport", "-e", "tcp.stream", "-e", "tcp.payload",
        ];
        await using var process = PeerProcess.Start("/bin/sh", _directory.Path, arguments);
        var exitCode = await process.WaitAsync(TimeSpan.FromSeconds(60));
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"tshark ended with {exitCode}:\n{process.Output}");
        }

        return
        [
            .. System.IO.File.ReadLines(_directory.File("capture.fields"))
                .Select(line => line.Split('\t'))
                .GroupBy(fields => (Source: Number(fields[0]), Destination: Number(fields[1]), Stream: fields[2]))
                .Select(stream => (stream.Key.Source, stream.Key.Destination, stream.SelectMany(fields => Convert.FromHexString(fields[3])).ToArray())),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _directory.Dispose();
    }

    /// <summary>A packet has one part a protocol; a message is its sip part with all that follows up to the next one.</summary>
    private static IEnumerable<CapturedSip> MessagesOf(XElement packet)
    {
        var parts = packet.Elements("proto").ToList();
        var transport = parts.Last(part => Name(part) is "udp" or "tcp");
        var rest = parts[(parts.IndexOf(transport) + 1)..];
        var starts = rest.Select((part, index) => (part, index)).Where(item => Name(item.part) == "sip").Select(item => item.index).DefaultIfEmpty(0).ToList();

        for (var i = 0; i < starts.Count; i++)
        {
            var message = rest[starts[i]..(i + 1 < starts.Count ? starts[i + 1] : rest.Count)];
            var malformed = message.DescendantsAndSelf().Any(element => Name(element) == "_ws.malformed");

            // HTTP on a SIP port, as the core's RPC has it, is neither a request nor a response.
            if (malformed || Show(message, "sip.Request-Line") is not null || Show(message, "sip.Status-Line") is not null)
            {
                yield return Read(packet, transport, message, malformed);
            }
        }
    }

    private static CapturedSip Read(XElement packet, XElement transport, List<XElement> message, bool malformed)
    {
        var frame = packet.Elements("proto").Where(part => Name(part) == "frame").ToList();
        var statusCode = Show(message, "sip.Status-Code");

        // It goes to the end of the segment, which may hold the next message as well.
        var header = Encoding.UTF8.GetString(Convert.FromHexString(Field(message, "sip.msg_hdr")?.Attribute("value")?.Value ?? "")).Split("\r\n\r\n")[0];

        return new CapturedSip
        {
            Frame = Number(Show(frame, "frame.number")!),
            Transport = Name(transport)!,
            SourcePort = Number(Show([transport], $"{Name(transport)}.srcport")!),
            DestinationPort = Number(Show([transport], $"{Name(transport)}.dstport")!),
            Method = Show(message, "sip.Method"),
            RequestUri = Show(message, "sip.r-uri"),
            StatusCode = statusCode is null ? null : Number(statusCode),
            CallId = Show(message, "sip.Call-ID"),
            CSeq = Show(message, "sip.CSeq"),
            HeaderFields = header.Split("\r\n", StringSplitOptions.RemoveEmptyEntries),
            Description = [.. message.DescendantsAndSelf("proto").Where(part => Name(part) == "sdp").Elements("field").Select(line => Encoding.UTF8.GetString(Convert.FromHexString(line.Attribute("value")?.Value ?? "")))],
            Malformed = malformed,
            Warnings = [.. message.Descendants("field").Where(field => Name(field) == "_ws.expert" && IsWarning(field)).Select(field => Show([field], "_ws.expert.message") ?? "?")],
        };
    }

    private static bool IsWarning(XElement expert) =>
        Show([expert], "_ws.expert.severity") is { } severity && Number(severity) >= WarningLevel;

    private static string? Show(IEnumerable<XElement> parts, string name) => Field(parts, name)?.Attribute("show")?.Value;

    private static XElement? Field(IEnumerable<XElement> parts, string name) =>
        parts.Descendants("field").FirstOrDefault(field => Name(field) == name);

    private static string? Name(XElement element) => element.Attribute("name")?.Value;

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private async Task<byte[]> ReadSharedAsync()
    {
        await using var file = new FileStream(File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[file.Length];
        var read = await file.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false);
        return bytes[..read];
    }
}
