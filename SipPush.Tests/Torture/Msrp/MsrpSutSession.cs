using SipPush.Msrp;

namespace SipPush.Tests.Torture;

/// <summary>One session of the system under test, and the application that takes its messages.</summary>
internal sealed class MsrpSutSession
{
    // Of a flood only so many messages are kept.
    private const int MostDeliveries = 4096;
    private const int MostBody = 4 << 20;

    private readonly MsrpSut _sut;
    private readonly Lock _gate = new();
    private readonly List<MsrpDelivery> _deliveries = [];
    private readonly HashSet<Task> _readings = [];
    private readonly Dictionary<string, IncomingMsrpMessage> _open = [];
    private readonly Task _starting;
    private readonly Task _receiving;
    private TaskCompletionSource? _resumed;
    private long _kept;

    public MsrpSutSession(MsrpSut sut, string name, string path, string remote)
    {
        _sut = sut;
        Name = name;
        Session = sut.Endpoint.CreateSession(MsrpPath.Parse(path), new MsrpSessionOptions
        {
            AcceptTypes = ["message/cpim", "text/plain", "text/html", "multipart/mixed"],
            MaxSize = MsrpSut.MaxSize,
            OpenSink = sut.OpenSink,
        });
        _starting = StartAsync(new MsrpRemote { Path = MsrpPath.Parse(remote), Role = MsrpRole.Passive });
        _receiving = ReceiveAsync();
    }

    /// <summary>L or L2.</summary>
    public string Name { get; }

    public MsrpSession Session { get; }

    /// <summary>How many messages were delivered.</summary>
    public int Delivered { get; private set; }

    /// <summary>The messages that have begun, the first ones of a flood.</summary>
    public IReadOnlyList<MsrpDelivery> Deliveries
    {
        get
        {
            lock (_gate)
            {
                return [.. _deliveries];
            }
        }
    }

    /// <summary>The messages that have begun and not ended, by their ids.</summary>
    public IncomingMsrpMessage? Open(string? messageId)
    {
        lock (_gate)
        {
            return messageId is null ? _open.Values.LastOrDefault() : _open.GetValueOrDefault(messageId);
        }
    }

    /// <summary>The application reads bodies no more, or again.</summary>
    public void Pause(bool pause)
    {
        if (pause)
        {
            _resumed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        else
        {
            (_resumed, var waiting) = (null, _resumed);
            waiting?.TrySetResult();
        }
    }

    /// <summary>Ends when the application has: the session is over by then.</summary>
    public async Task EndAsync()
    {
        Pause(false);
        await Session.DisposeAsync();
        await _starting;
        await _receiving;
        Task[] readings;
        lock (_gate)
        {
            readings = [.. _readings];
        }

        await Task.WhenAll(readings);
    }

    private async Task StartAsync(MsrpRemote remote)
    {
        try
        {
            await Session.StartAsync(remote);
        }
        catch (MsrpException)
        {
            // Nobody came.
        }
    }

    private async Task ReceiveAsync()
    {
        await foreach (var message in Session.ReceiveAllAsync())
        {
            var delivery = new MsrpDelivery(Name, message.MessageId, message.ContentType, _sut.Clock.Elapsed);
            lock (_gate)
            {
                _open[message.MessageId] = message;
                if (_deliveries.Count < MostDeliveries)
                {
                    _deliveries.Add(delivery);
                }

                _readings.RemoveWhere(reading => reading.IsCompleted);
                _readings.Add(ReadAsync(message, delivery));
            }
        }
    }

    private async Task ReadAsync(IncomingMsrpMessage message, MsrpDelivery delivery)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        using var body = new MemoryStream();
        try
        {
            if (_sut.SinkOf(message) is { } sink)
            {
                delivery.Length = await message.Completion;
                delivery.File = sink.FilePath;
                if (delivery is { File: { } file, Length: < MostBody })
                {
                    body.Write(await File.ReadAllBytesAsync(file));
                }
            }
            else
            {
                await ReadBodyAsync(message, body);
                delivery.Length = body.Length;
            }

            lock (_gate)
            {
                _open.Remove(message.MessageId);
                delivery.Ended = _sut.Clock.Elapsed;
                delivery.Body = (_kept += body.Length) < MostBody ? body.ToArray() : null;
                Delivered++;
            }
        }
        catch (MsrpException failure)
        {
            lock (_gate)
            {
                _open.Remove(message.MessageId);
                delivery.Failure = failure;
            }
        }
    }

    private async Task ReadBodyAsync(IncomingMsrpMessage message, MemoryStream body)
    {
        while (true)
        {
            if (_resumed is { } resumed)
            {
                await resumed.Task;
            }

            var result = await message.Body.ReadAsync();
            if (_resumed is not null && !result.IsCompleted)
            {
                message.Body.AdvanceTo(result.Buffer.Start);
                continue;
            }

            foreach (var piece in result.Buffer)
            {
                body.Write(piece.Span);
            }

            message.Body.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                await message.Body.CompleteAsync();
                return;
            }
        }
    }
}
