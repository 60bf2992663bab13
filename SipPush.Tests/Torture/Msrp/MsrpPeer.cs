using SipPush.Msrp;

namespace SipPush.Tests.Torture;

/// <summary>One of the peers of an MSRP scenario: its connection, and what has come to it.</summary>
internal sealed class MsrpPeer(string name, MsrpScenarioFixture fixture)
{
    // So many frames are kept; of a flood only the numbers are.
    private const int MostFrames = 8192;
    private const int MostIds = 8192;

    private readonly Lock _gate = new();
    private readonly List<MsrpPeerFrame> _frames = [];
    private readonly List<int> _statuses = [];
    private readonly HashSet<string> _sent = [];

    public string Name { get; } = name;

    /// <summary>The connection that it sends on; null before there is one.</summary>
    public MsrpPeerLink? Link { get; private set; }

    public List<MsrpPeerLink> Links { get; } = [];

    /// <summary>What was wrong with what came; null when nothing was.</summary>
    public string? Fault { get; private set; }

    /// <summary>What came, the oldest first.</summary>
    public IReadOnlyList<MsrpPeerFrame> Frames
    {
        get
        {
            lock (_gate)
            {
                return [.. _frames];
            }
        }
    }

    /// <summary>The statuses of all responses that came.</summary>
    public IReadOnlyList<int> Statuses
    {
        get
        {
            lock (_gate)
            {
                return [.. _statuses];
            }
        }
    }

    public int Requests { get; private set; }

    public int SuccessReports { get; private set; }

    /// <summary>Octets that had come when it refused a message with 413; null when it has not.</summary>
    public long? OctetsAtRefusal { get; set; }

    public void Connect(MsrpEndpoint endpoint)
    {
        Link = new MsrpPeerLink(this, endpoint);
        Links.Add(Link);
    }

    /// <summary>The system under test is gone, and all connections to it.</summary>
    public void Disconnect()
    {
        Link?.Reset();
        Link = null;
    }

    /// <summary>Remembers the ids in what is sent, to know them again.</summary>
    public void HasSent(string text)
    {
        lock (_gate)
        {
            for (var at = 0; _sent.Count < MostIds && (at = text.IndexOf("MSRP ", at, StringComparison.Ordinal)) >= 0; at++)
            {
                var id = text.AsSpan(at + 5);
                _sent.Add(id[..(id.IndexOfAny(" \r\n") is >= 0 and var end ? end : id.Length)].ToString());
            }
        }
    }

    public void TakeIn(MsrpPeerLink link, ReadOnlySpan<byte> octets)
    {
        link.Frames.Feed(octets, fixture.Acts, Begun, Ended);
        Fault ??= link.Frames.Fault;
    }

    private void Begun(MsrpPeerFrame frame)
    {
        lock (_gate)
        {
            _frames.Add(frame);
            if (frame.IsResponse)
            {
                _statuses.Add(frame.Status);
            }
            else
            {
                Requests++;
            }

            if (_frames.Count > MostFrames)
            {
                _frames.RemoveRange(0, MostFrames / 2);
            }
        }
    }

    private void Ended(MsrpPeerFrame frame, byte[] body)
    {
        Fault ??= frame.Kind switch
        {
            _ when frame.IsResponse => CheckResponse(frame),
            "SEND" => fixture.CheckBody(frame, body),
            "REPORT" => CheckReport(frame),
            _ => null,
        };
        if (frame.Kind == "REPORT" && frame["Status"]?.StartsWith("000 200", StringComparison.Ordinal) == true)
        {
            SuccessReports++;
        }
    }

    // RFC 4975 §7.2: the id of its request, and the flag $.
    private string? CheckResponse(MsrpPeerFrame frame) =>
        frame.Flag != '$' ? $"the response to {frame.Tid} ends with {frame.Flag}"
        : !IsOwn(frame.Tid) ? $"a response has the id {frame.Tid}, which nobody sent"
        : null;

    private bool IsOwn(string tid)
    {
        lock (_gate)
        {
            return _sent.Count >= MostIds || _sent.Contains(tid);
        }
    }

    // §7.1.2
    private static string? CheckReport(MsrpPeerFrame frame) =>
        frame.MessageId is null || frame["Status"] is null || frame.ByteRange is null ? "a REPORT lacks Message-ID, Byte-Range or Status"
        : frame["Success-Report"] is not null || frame["Failure-Report"] is not null ? "a REPORT asks for reports"
        : null;
}
