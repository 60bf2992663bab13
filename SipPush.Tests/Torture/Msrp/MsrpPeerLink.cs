using System.Buffers;
using System.IO.Pipelines;
using SipPush.Msrp;

namespace SipPush.Tests.Torture;

/// <summary>A connection to the system under test, in memory, as its peer has it. Each direction holds so much, as a socket does.</summary>
internal sealed class MsrpPeerLink : IDuplexPipe
{
    private static readonly PipeOptions Options = new(pauseWriterThreshold: 64 * 1024, resumeWriterThreshold: 32 * 1024, useSynchronizationContext: false);

    private readonly Pipe _toSut = new(Options);
    private readonly Pipe _fromSut = new(Options);
    private readonly MsrpPeer _peer;
    private Task _giving = Task.CompletedTask;
    private TaskCompletionSource? _resumed;
    private bool _isEnded;

    public MsrpPeerLink(MsrpPeer peer, MsrpEndpoint endpoint)
    {
        _peer = peer;
        Serving = endpoint.ServeAsync(this);
        Reading = ReadAsync();
    }

    PipeReader IDuplexPipe.Input => _toSut.Reader;

    PipeWriter IDuplexPipe.Output => _fromSut.Writer;

    /// <summary>Ends when the system under test has let go of the connection.</summary>
    public Task Serving { get; }

    /// <summary>Ends when nothing more can come.</summary>
    public Task Reading { get; }

    public bool IsOpen => !Serving.IsCompleted && !Reading.IsCompleted;

    public MsrpPeerReader Frames { get; } = new();

    public long OctetsIn { get; private set; }

    public long OctetsOut { get; private set; }

    /// <summary>Whether what was given last has found room.</summary>
    public bool HasRoom => _giving.IsCompleted;

    /// <summary>Gives the system under test a piece. Nothing becomes of it when the connection is closed, or the last piece has not found room.</summary>
    public void Give(ReadOnlyMemory<byte> piece)
    {
        if (!_isEnded && HasRoom && !piece.IsEmpty)
        {
            OctetsIn += piece.Length;
            _giving = GiveAsync(piece);
        }
    }

    /// <summary>Sends no more.</summary>
    public void End(Exception? reason = null)
    {
        if (!_isEnded)
        {
            _isEnded = true;
            _toSut.Writer.Complete(reason);
        }
    }

    /// <summary>Is gone: what the system under test writes fails.</summary>
    public void Reset(Exception? reason = null)
    {
        End(reason);
        StopReading(false);
        _fromSut.Reader.CancelPendingRead();
    }

    /// <summary>Reads no more, so that writing waits, or reads again.</summary>
    public void StopReading(bool stopped)
    {
        if (stopped)
        {
            _resumed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        else
        {
            (_resumed, var waiting) = (null, _resumed);
            waiting?.TrySetResult();
        }
    }

    private async Task GiveAsync(ReadOnlyMemory<byte> piece)
    {
        try
        {
            await _toSut.Writer.WriteAsync(piece);
        }
        catch (IOException)
        {
            // The system under test has aborted the connection.
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var result = await _fromSut.Reader.ReadAsync();
                if (result.IsCanceled)
                {
                    break;
                }

                if (_resumed is { } resumed)
                {
                    await resumed.Task;
                }

                foreach (var piece in result.Buffer)
                {
                    OctetsOut += piece.Length;
                    _peer.TakeIn(this, piece.Span);
                }

                _fromSut.Reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (IOException)
        {
            // It was aborted: nothing more comes.
        }

        await _fromSut.Reader.CompleteAsync();
    }
}
