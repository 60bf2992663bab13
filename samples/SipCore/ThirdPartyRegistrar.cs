using SipPush.Sip;

namespace SipPush.Samples.SipCore;

/// <summary>
/// Tells the application server who is registered (TS 24.229 §5.4.1.7). One REGISTER at a time for each address: what changes
/// meanwhile is told afterwards, and only the latest of it.
/// </summary>
internal sealed class ThirdPartyRegistrar(CoreOptions options, CoreDomain domain, CoreSide trusted, Action<SipUri> terminate) : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<SipUri, Conversation> _conversations = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<Task> _running = [];

    /// <summary>An address is registered for that long from now, or with zero no more.</summary>
    /// <param name="addressOfRecord">The address.</param>
    /// <param name="expires">How long.</param>
    /// <param name="register">The user's REGISTER; null when the clock or the core ended it.</param>
    /// <param name="answer">The 200 to it.</param>
    public void Changed(SipUri addressOfRecord, TimeSpan expires, SipRequest? register, SipResponse? answer)
    {
        if (options.PsaUri is not { } server)
        {
            return;
        }

        var notice = new Notice(expires, options.TimeProvider.GetTimestamp(), register, answer);
        Conversation? conversation;
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            if (!_conversations.TryGetValue(addressOfRecord, out conversation))
            {
                // Nobody has been told of it, so nobody needs to hear that it is over.
                if (expires <= TimeSpan.Zero)
                {
                    return;
                }

                conversation = new Conversation(trusted.Stack.Identifiers.NewCallId(), trusted.Stack.Identifiers.NewTag());
                _conversations.Add(addressOfRecord, conversation);
            }

            conversation.Next = notice;
            if (conversation.IsRunning)
            {
                return;
            }

            conversation.IsRunning = true;
        }

        var running = RunAsync(addressOfRecord, conversation, server);
        lock (_gate)
        {
            if (!running.IsCompleted)
            {
                _running.Add(running);
                _ = running.ContinueWith(Ended, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Task[] running;
        lock (_gate)
        {
            running = [.. _running];
        }

        await Task.WhenAll(running);
    }

    private void Ended(Task task)
    {
        lock (_gate)
        {
            _running.Remove(task);
        }
    }

    private async Task RunAsync(SipUri addressOfRecord, Conversation conversation, SipUri server)
    {
        while (true)
        {
            Notice notice;
            lock (_gate)
            {
                if (conversation.Next is not { } next)
                {
                    conversation.IsRunning = false;
                    if (conversation.IsOver)
                    {
                        _conversations.Remove(addressOfRecord);
                    }

                    return;
                }

                (notice, conversation.Next) = (next, null);
            }

            var expires = notice.Expires > TimeSpan.Zero ? notice.Expires - options.TimeProvider.GetElapsedTime(notice.At) : TimeSpan.Zero;
            conversation.IsOver = expires <= TimeSpan.Zero;

            try
            {
                using var request = Create(addressOfRecord, conversation, server, expires, notice);
                var result = await trusted.Stack.SendAsync(request.Build(), server, _stopping.Token);
                options.Observer.ThirdPartyRegister(addressOfRecord.ToString(), expires, result.StatusCode);

                if (result.Response?.IsSuccess != true)
                {
                    Failed(addressOfRecord, expires, result);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error) when (error is InvalidOperationException or ArgumentException)
            {
                options.Observer.Error($"The application server can't be told of {addressOfRecord}: {error.Message}");
            }
        }
    }

    private void Failed(SipUri addressOfRecord, TimeSpan expires, SipTransactionResult result)
    {
        var reason = result.Response is { } response ? $"{response.StatusCode} {response.ReasonPhrase}" : result.Error?.Message ?? "no answer";
        options.Observer.Error($"The application server did not take the registration of {addressOfRecord}: {reason}");
        if (expires > TimeSpan.Zero && options.OnPsaFailure == DefaultHandling.Terminate)
        {
            terminate(addressOfRecord);
        }
    }

    private SipRequestBuilder Create(SipUri addressOfRecord, Conversation conversation, SipUri server, TimeSpan expires, Notice notice)
    {
        var request = new SipRequestBuilder(SipMethod.Register, server);
        request.Add(SipHeaderNames.MaxForwards, "70");
        request.Add(SipHeaderNames.From, $"<{domain.RegistrarUri}>;tag={conversation.Tag}");
        request.Add(SipHeaderNames.To, $"<{addressOfRecord}>");
        request.Add(SipHeaderNames.CallId, conversation.CallId);
        request.Add(SipHeaderNames.CSeq, $"{++conversation.CSeq} REGISTER");
        request.Add(SipHeaderNames.Contact, $"<{domain.RegistrarUri}>");
        request.Add(SipHeaderNames.Expires, Registrar.Seconds(expires > TimeSpan.Zero ? expires : TimeSpan.Zero));

        if (options.SendPsaBody && notice is { Register: { } register, Answer: { } answer })
        {
            // Credentials are between the user and the registrar.
            using var copy = new SipRequestBuilder(register);
            copy.Remove(SipHeaderNames.Authorization);
            var (type, body) = MultipartBody.Write([new BodyPart("message/sip", copy.Build().Octets), new BodyPart("message/sip", answer.Octets)]);
            request.SetBody(type, body);
        }

        return request;
    }

    private sealed record Notice(TimeSpan Expires, long At, SipRequest? Register, SipResponse? Answer);

    // Guarded by the registrar's lock, but for CSeq and IsOver, which are the running task's.
    private sealed class Conversation(string callId, string tag)
    {
        public string CallId { get; } = callId;

        public string Tag { get; } = tag;

        public uint CSeq { get; set; }

        public Notice? Next { get; set; }

        public bool IsRunning { get; set; }

        public bool IsOver { get; set; }
    }
}
