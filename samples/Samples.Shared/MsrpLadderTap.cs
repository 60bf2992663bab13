using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Samples;

/// <summary>Hands the frames that one endpoint sends and receives to a <see cref="Ladder"/>, each as a line such as <c>SEND 1-2048/4385 +</c>.</summary>
/// <param name="ladder">The diagram.</param>
/// <param name="self">The name of this endpoint's column.</param>
/// <param name="peer">The name of the column of far ends that have none.</param>
/// <param name="mostChunks">The chunks of a message that are drawn, besides its last one; their answers are left out with them.</param>
public sealed class MsrpLadderTap(Ladder ladder, string self, string peer, int mostChunks = int.MaxValue) : MsrpTap
{
    private readonly ConcurrentDictionary<MsrpFlow, Connection> _connections = [];

    /// <inheritdoc/>
    public override void Received(MsrpFlow flow, ReadOnlySpan<byte> octets) => Of(flow)?.Read(isSending: false, octets);

    /// <inheritdoc/>
    public override void Sending(MsrpFlow flow, ReadOnlySpan<byte> octets) => Of(flow)?.Read(isSending: true, octets);

    /// <inheritdoc/>
    public override void Closed(MsrpFlow flow) => _connections.TryRemove(flow, out _);

    private int MostChunks => mostChunks;

    private Connection? Of(MsrpFlow flow) => flow is { LocalEndPoint: IPEndPoint local, RemoteEndPoint: IPEndPoint remote }
        ? _connections.GetOrAdd(
            flow,
            static (_, its) => new Connection(its.Tap, its.Local, its.Remote),
            (Tap: this, Local: new SipEndPoint(SipProtocol.Tcp, local), Remote: new SipEndPoint(SipProtocol.Tcp, remote)))
        : null;

    private void Draw(bool isSending, SipEndPoint local, SipEndPoint remote, string label)
    {
        if (isSending)
        {
            ladder.Sending(self, local, remote, label, peer);
        }
        else
        {
            ladder.Received(self, local, remote, label, peer);
        }
    }

    // Its two directions are read at the same time.
    private sealed class Connection
    {
        private readonly Lock _gate = new();
        private readonly HashSet<string> _unanswered = [];
        private readonly MsrpTrace _sent;
        private readonly MsrpTrace _received;
        private readonly MsrpLadderTap _tap;
        private readonly SipEndPoint _local;
        private readonly SipEndPoint _remote;
        private int _chunks;

        public Connection(MsrpLadderTap tap, SipEndPoint local, SipEndPoint remote)
        {
            (_tap, _local, _remote) = (tap, local, remote);
            _sent = new MsrpTrace((id, line) => Take(isSending: true, id, line));
            _received = new MsrpTrace((id, line) => Take(isSending: false, id, line));
        }

        public void Read(bool isSending, ReadOnlySpan<byte> octets)
        {
            lock (_gate)
            {
                (isSending ? _sent : _received).Read(octets);
            }
        }

        private void Take(bool isSending, string id, string line)
        {
            if (_unanswered.Remove(id))
            {
                return;
            }

            if (line.StartsWith("SEND ", StringComparison.Ordinal))
            {
                var isLast = !line.EndsWith(" +", StringComparison.Ordinal);
                if (!isLast && ++_chunks > _tap.MostChunks)
                {
                    _unanswered.Add(id);
                    return;
                }

                if (isLast)
                {
                    line += _chunks > _tap.MostChunks ? string.Create(CultureInfo.InvariantCulture, $" ({_chunks - _tap.MostChunks} not drawn)") : "";
                    _chunks = 0;
                }
            }

            _tap.Draw(isSending, _local, _remote, line);
        }
    }
}
