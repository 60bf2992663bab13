using System.Net;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>One of the peers of a scenario: its address, its connection where there are connections, and what has come to it.</summary>
internal sealed class ScenarioPeer(string name, IPAddress address)
{
    private readonly List<SipResponse> _responses = [];
    private readonly List<SipRequest> _requests = [];
    private readonly List<SutConnection> _connections = [];
    private readonly Dictionary<SipRequest, SutConnection> _cameBy = [];
    private readonly List<SipRequest> _open = [];

    public string Name { get; } = name;

    public IPEndPoint Address { get; } = new(address, 5060);

    /// <summary>Further addresses that lead here, such as those a name was resolved to.</summary>
    public HashSet<IPAddress> Aliases { get; } = [];

    /// <summary>The connection that it sends on; null on UDP and before there is one.</summary>
    public SutConnection? Connection => _connections.Count > 0 ? _connections[^1] : null;

    /// <summary>All connections that it has had with the system under test, the last one last.</summary>
    public IReadOnlyList<SutConnection> Connections => _connections;

    /// <summary>All responses that have come.</summary>
    public IReadOnlyList<SipResponse> Responses => _responses;

    /// <summary>All requests that have come, each once however often it was sent.</summary>
    public IReadOnlyList<SipRequest> Requests => _requests;

    /// <summary>How many responses have been looked at.</summary>
    public int ResponsesRead { get; set; }

    /// <summary>How many requests have been looked at.</summary>
    public int RequestsRead { get; set; }

    /// <summary>The requests looked at that have no final answer yet.</summary>
    public IReadOnlyList<SipRequest> Open => _open;

    /// <summary>The INVITE that was answered last, and the tag that the answer had; null when there was none.</summary>
    public (SipRequest Invite, string Tag)? LastAnswered { get; set; }

    /// <summary>The last INVITE it has sent; null when there was none.</summary>
    public string? LastInvite { get; set; }

    /// <summary>What was answered to which request, to be said again when that is repeated; by branch and method.</summary>
    public Dictionary<(string Branch, SipMethod Method), byte[]> Answers { get; } = [];

    /// <summary>The last message the peer sent and still waits for an answer to; null when there is none.</summary>
    public byte[]? Pending { get; set; }

    public SipResponse? NextResponse() => ResponsesRead < _responses.Count ? _responses[ResponsesRead++] : null;

    /// <summary>The next request that is not looked at; an ACK is passed over unless it is asked for.</summary>
    public SipRequest? Unread(bool acks = false) => _requests.Skip(RequestsRead).FirstOrDefault(request => acks || request.Method != SipMethod.Ack);

    public SipRequest? NextRequest(bool acks = false)
    {
        while (RequestsRead < _requests.Count)
        {
            var next = _requests[RequestsRead++];
            if (next.Method != SipMethod.Ack)
            {
                _open.Add(next);
                return next;
            }

            if (acks)
            {
                return next;
            }
        }

        return null;
    }

    /// <summary>The request has its final answer.</summary>
    public void Close(SipRequest request) => _open.Remove(request);

    /// <summary>The connection that a request came by; null where it was a datagram.</summary>
    public SutConnection? ConnectionOf(SipRequest request) => _cameBy.GetValueOrDefault(request);

    public void Add(SutConnection connection) => _connections.Add(connection);

    /// <summary>The system under test is gone, and all connections to it.</summary>
    public void Disconnect() => _connections.Clear();

    public bool IsAt(IPAddress other) => Address.Address.Equals(other) || Aliases.Contains(other);

    /// <summary>Takes a message in; false when it is a request that has come before.</summary>
    /// <exception cref="ScenarioFailure">It is malformed.</exception>
    public bool TakeIn(byte[] message, SutConnection? connection)
    {
        try
        {
            return TakeInReadable(message, connection);
        }
        catch (FormatException malformed)
        {
            throw new ScenarioFailure($"what went out is malformed: {malformed.Message}");
        }
    }

    private bool TakeInReadable(byte[] message, SutConnection? connection)
    {
        if (message.AsSpan().StartsWith("SIP/2.0"u8))
        {
            _responses.Add(SipResponse.Parse(message));
            Pending = _responses[^1].IsFinal ? null : Pending;
            return true;
        }

        var request = SipRequest.Parse(message);
        if (_requests.Exists(known => known.TopVia.Branch == request.TopVia.Branch && known.Method == request.Method))
        {
            return false;
        }

        _requests.Add(request);
        if (connection is not null)
        {
            _cameBy.Add(request, connection);
        }

        return true;
    }
}
