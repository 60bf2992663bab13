using System.IO.Pipelines;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Sending;

/// <summary>Messages that are given up, by the application or because the connection or the session is gone.</summary>
public sealed class EndedMessageTests
{
    public enum State
    {
        Queued,
        WaitingForWindow,
        WaitingForData,
        BetweenChunks,
        Blocked,
        Written,
        Answered,
    }

    [Test, Description("Edge 48")]
    public async Task A_message_can_be_cancelled_wherever_it_stands([Values] State state)
    {
        await using var wire = new MsrpWire();
        await using var scene = await Scene.CreateAsync(wire, state);
        using var stop = new CancellationTokenSource();
        var sending = scene.Send(stop.Token);
        var begun = await scene.ReachAsync();

        await stop.CancelAsync();

        Assert.CatchAsync<OperationCanceledException>(() => sending.WaitAsync(MsrpWire.Patience));
        await scene.ExpectDisposedAsync();
        if (state == State.Queued)
        {
            await scene.BindAsync();
        }

        foreach (var chunk in begun)
        {
            if (state != State.Answered)
            {
                await chunk.AnswerAsync(scene.Peer);
            }
        }

        if (state is State.WaitingForData or State.BetweenChunks or State.Blocked)
        {
            WireFrame last;
            do
            {
                last = await WireFrame.ReadAsync(scene.Peer);
                await last.AnswerAsync(scene.Peer);
            }
            while (last.Flag == '+');
            Assert.That(last.Flag, Is.EqualTo('#'));
            Assert.That(last.MessageId, Is.EqualTo("given-up"));
        }

        await ChunkedMessageTests.SendsAsync(scene.Session, scene.Peer);
    }

    [Test, Description("MSRP-44 Edge 48")]
    public async Task A_lost_connection_ends_a_message_once_wherever_it_stands(
        [Values(State.WaitingForWindow, State.WaitingForData, State.BetweenChunks, State.Blocked, State.Written, State.Answered)] State state, [Values] bool isBroken)
    {
        await using var wire = new MsrpWire();
        await using var scene = await Scene.CreateAsync(wire, state);
        var sending = scene.Send(CancellationToken.None);
        await scene.ReachAsync();

        if (isBroken)
        {
            scene.Peer.Break();
        }
        else
        {
            scene.Peer.Close();
        }

        var result = await sending.WaitAsync(MsrpWire.Patience);
        Assert.That((result.Outcome, result.StatusCode), Is.EqualTo((MsrpSendOutcome.ConnectionLost, 0)));
        await scene.ExpectDisposedAsync();
        Assert.That(await scene.Session.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(isBroken ? MsrpSessionEnd.ConnectionLost : MsrpSessionEnd.ClosedByPeer));
        Assert.That((await scene.Session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("x")))).Outcome, Is.EqualTo(MsrpSendOutcome.ConnectionLost));
        scene.Peer.StopWaiting();
        await scene.Peer.Served.WaitAsync(MsrpWire.Patience);
        Assert.That(wire.Endpoint.Counts, Is.EqualTo(default(MsrpEndpointCounts)));
    }

    [Test]
    public async Task A_session_that_is_disposed_of_ends_a_message_wherever_it_stands([Values] State state)
    {
        await using var wire = new MsrpWire();
        await using var scene = await Scene.CreateAsync(wire, state);
        var sending = scene.Send(CancellationToken.None);
        await scene.ReachAsync();

        await scene.Session.DisposeAsync();

        var result = await sending.WaitAsync(MsrpWire.Patience);
        Assert.That(result.Outcome, Is.EqualTo(state == State.Answered ? MsrpSendOutcome.ReportMissing : MsrpSendOutcome.SessionEnded));
        await scene.ExpectDisposedAsync();
    }

    [Test]
    public async Task A_stream_that_blocks_is_let_go_of_when_its_message_is_cancelled()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        using var stop = new CancellationTokenSource();
        var pipe = new Pipe();
        await using var stream = pipe.Reader.AsStream();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromStream("text/plain", stream), stop.Token).AsTask();
        await ChunkedMessageTests.SendsAsync(session, peer);

        await stop.CancelAsync();

        Assert.CatchAsync<OperationCanceledException>(() => sending.WaitAsync(MsrpWire.Patience));
        await ChunkedMessageTests.SendsAsync(session, peer);
    }

    [Test]
    public async Task Closing_a_session_waits_for_what_is_under_way()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { ChunkSize = 2048, Pipelining = false });
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(5000))).AsTask();

        var closing = session.CloseAsync().AsTask();
        Assert.That(WireFrame.Join(await WireFrame.ReadMessageAsync(peer)), Is.EqualTo(Body.Text(5000)));

        await closing.WaitAsync(MsrpWire.Patience);
        Assert.That((await sending).Outcome, Is.EqualTo(MsrpSendOutcome.Acknowledged));
        Assert.That(await session.Completion, Is.EqualTo(MsrpSessionEnd.Closed));
        await peer.ExpectEndAsync(isBroken: false);
    }

    [Test]
    public async Task A_progress_that_throws_ends_its_own_message_only()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets(10)) with { Progress = new Broken() }).AsTask();
        await (await WireFrame.ReadAsync(peer)).AnswerAsync(peer);

        Assert.ThrowsAsync<NotSupportedException>(() => sending.WaitAsync(MsrpWire.Patience));
        await ChunkedMessageTests.SendsAsync(session, peer);
    }

    private sealed class Broken : IProgress<MsrpProgress>
    {
        public void Report(MsrpProgress value) => throw new NotSupportedException();
    }

    private sealed class Scene : IAsyncDisposable
    {
        private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: 0));
        private readonly State _state;

        private Scene(State state, MsrpSession session, MsrpWirePeer peer)
        {
            _state = state;
            Session = session;
            Peer = peer;
        }

        public MsrpSession Session { get; }

        public MsrpWirePeer Peer { get; }

        public static async Task<Scene> CreateAsync(MsrpWire wire, State state)
        {
            var options = new MsrpSessionOptions { ChunkSize = state == State.Blocked ? 1 << 20 : 2048, Pipelining = state is State.Blocked or State.WaitingForData };
            if (state == State.Queued)
            {
                return new Scene(state, wire.CreateSession(options), wire.Connect());
            }

            var (session, peer) = await wire.BindAsync(options);
            return new Scene(state, session, peer);
        }

        public Task<MsrpSendResult> Send(CancellationToken cancellationToken)
        {
            if (_state == State.WaitingForWindow)
            {
                _ = Session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", Body.Octets("first")), CancellationToken.None).AsTask();
            }

            var message = OutgoingMsrpMessage.FromPipe("text/plain", _pipe.Reader) with { MessageId = "given-up", SuccessReport = true };
            return Session.SendAsync(message, cancellationToken).AsTask();
        }

        /// <summary>Brings the message where it is to be; gives the frames that have not been answered.</summary>
        public async Task<List<WireFrame>> ReachAsync()
        {
            var frames = new List<WireFrame>();
            switch (_state)
            {
                case State.WaitingForWindow:
                    frames.Add(await WireFrame.ReadAsync(Peer));
                    await WriteAsync(5000);
                    await Peer.ExpectNothingAsync();
                    break;

                case State.WaitingForData:
                    await WriteAsync(3000);
                    frames.Add(await WireFrame.ReadAsync(Peer));
                    break;

                case State.BetweenChunks:
                    await WriteAsync(5000);
                    frames.Add(await WireFrame.ReadAsync(Peer));
                    break;

                case State.Blocked:
                    await WriteAsync(1_000_000);
                    // Its first octets are here, and more than the link takes are behind them.
                    Assert.That(await Peer.ReadAsync(1), Is.EqualTo("M"));
                    break;

                case State.Written or State.Answered:
                    await WriteAsync(500);
                    await _pipe.Writer.CompleteAsync();
                    frames.Add(await WireFrame.ReadAsync(Peer));
                    if (_state == State.Answered)
                    {
                        await frames[0].AnswerAsync(Peer);
                    }

                    await Peer.ExpectNothingAsync();
                    break;
            }

            return frames;
        }

        public async Task BindAsync()
        {
            var start = Session.StartAsync(MsrpWire.RemoteBob);
            await Peer.SendAsync($"""
                MSRP bind SEND
                To-Path: {MsrpWire.Alice}
                From-Path: {MsrpWire.Bob}
                Message-ID: bind
                -------bind$
                """);
            await Peer.ExpectAsync(MsrpWirePeer.Response("bind", 200));
            await start;
        }

        public async Task ExpectDisposedAsync()
        {
            if (_state is not (State.Written or State.Answered))
            {
                Assert.That((await _pipe.Writer.FlushAsync()).IsCompleted, "the source is given back");
            }
        }

        public async ValueTask DisposeAsync() => await _pipe.Reader.CompleteAsync();

        private async Task WriteAsync(int length) => await _pipe.Writer.WriteAsync(Body.Octets(length));
    }
}
