using System.Net;
using SipPush.Sip;

namespace SipPush.Tests.Torture;

/// <summary>One of the peers of a scenario: its address, its connection where there are connections, and what has come to it.</summary>
internal sealed class ScenarioPeer(string name, IPAddress address)
{
    private readonly List<SipResponse> _responses = [];
    private readonly List<SipRequest> _requests = [];

    public string Name { get; } = name;

    public IPEndPoint Address { get; } = new(address, 5060);

    /// <summary>The connection; null on UDP and before there is one.</summary>
    public SutConnection? Connection { get; set; }

    /// <summary>How many of the connection's messages have been taken in.</summary>
    public int TakenIn { get; set; }

    /// <summary>All responses that have come.</summary>
    public IReadOnlyList<SipResponse> Responses => _responses;

    /// <summary>All requests that have come, each once however often it was sent.</summary>
    public IReadOnlyList<SipRequest> Requests => _requests;

    /// <summary>How many responses have been looked at.</summary>
    public int ResponsesRead { get; set; }

    /// <summary>How many requests have been looked at.</summary>
    public int RequestsRead { get; set; }

    /// <summary>The request looked at that has no answer yet; null when there is none.</summary>
    public SipRequest? Unanswered { get; set; }

    /// <summary>What was answered to which request, to be said again when that is repeated; by branch.</summary>
    public Dictionary<string, byte[]> Answers { get; } = [];

    /// <summary>The last message the peer sent and still waits for an answer to; null when there is none.</summary>
    public byte[]? Pending { get; set; }

    public SipResponse? NextResponse() => ResponsesRead < _responses.Count ? _responses[ResponsesRead++] : null;

    public SipRequest? NextRequest() => RequestsRead < _requests.Count ? Unanswered = _requests[RequestsRead++] : null;

    /// <summary>Takes a message in; false when it is a request that has come before.</summary>
    /// <exception cref="ScenarioFailure">It is malformed.</exception>
    public bool TakeIn(byte[] message)
    {
        try
        {
            return TakeInReadable(message);
        }
        catch (FormatException malformed)
        {
            throw new ScenarioFailure($"what went out is malformed: {malformed.Message}");
        }
    }

    private bool TakeInReadable(byte[] message)
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
        return true;
    }
}
