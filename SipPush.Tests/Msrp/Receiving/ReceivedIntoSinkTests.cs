using System.Security.Cryptography;
using System.Text;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Receiving;

/// <summary>Messages that go to a sink.</summary>
public sealed class ReceivedIntoSinkTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sippush").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    [Description("MSRP-17, Edge 31")]
    public async Task A_sink_gets_each_octet_at_its_place_and_the_later_ones_win()
    {
        await using var wire = new MsrpWire();
        var sink = new ScriptedSink();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { OpenSink = _ => sink });

        await peer.SendAsync(Send("tid1", "9-12/12", "IIII") + Send("tid2", "1-8/12", "abcdefgh", '+'));

        await using var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(await message.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(12));
        await peer.ExpectAsync(Ok("tid1") + Ok("tid2") + Report("1-12/12"));
        Assert.That(sink.Text, Is.EqualTo("abcdefghIIII"));
        Assert.That(() => sink.Calls, Is.EqualTo("complete 12, dispose").After(2000, 1));
        Assert.That(() => message.Body, Throws.InvalidOperationException);
    }

    [Test]
    [Description("MSRP-17")]
    public async Task Overlapping_chunks_overwrite()
    {
        await using var wire = new MsrpWire();
        var sink = new ScriptedSink();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { OpenSink = _ => sink });

        await peer.SendAsync(Send("tid1", "1-8/12", "abcdefgh", '+') + Send("tid2", "5-10/12", "EFGHIJ", '+') + Send("tid3", "11-12/12", "kl"));

        var message = await MsrpWire.ReceiveAsync(session);
        await message.Completion.WaitAsync(MsrpWire.Patience);
        Assert.That(sink.Text, Is.EqualTo("abcdEFGHIJkl"));
    }

    [Test]
    public async Task A_sink_that_fails_gets_413_and_other_messages_go_on()
    {
        await using var wire = new MsrpWire();
        var sink = new ScriptedSink { FailAt = 5 };
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { OpenSink = message => message.MessageId == "mmmm" ? sink : null });
        await peer.SendAsync(Send("tid1", "1-*/*", "Hello", '+') + Send("tid2", "6-*/*", ", wor", '+'));
        var failed = await MsrpWire.ReceiveAsync(session);
        Assert.That(async () => await failed.Completion.WaitAsync(MsrpWire.Patience), Throws.InstanceOf<MsrpException>());

        await peer.SendAsync(Send("tid3", "11-*/*", "ld") + MsrpWirePeer.Send("tid4", "next", null, "Hello"));

        await peer.ExpectAsync(Ok("tid1") + Ok("tid2") + MsrpWirePeer.Response("tid3", 413) + Ok("tid4"));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello"));
        Assert.That(() => sink.Calls, Is.EqualTo("abort, dispose").After(2000, 1));
        Assert.That(wire.Endpoint.Counts.PartialMessages, Is.Zero);
    }

    [Test]
    public async Task A_sink_that_can_not_be_opened_gets_413()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { OpenSink = message => message.MessageId == "mmmm" ? throw new IOException("No room") : null });

        await peer.SendAsync(Send("tid1", "1-*/*", "Hello", '+') + Send("tid2", "6-*/*", "!") + MsrpWirePeer.Send("tid3", "next", null, "Hello"));

        await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 413) + MsrpWirePeer.Response("tid2", 413) + Ok("tid3"));
        Assert.That(await MsrpWire.ReadNextAsync(session), Is.EqualTo("Hello"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_slow_sink_slows_the_sender_and_is_given_up_at_the_end(bool isAborted)
    {
        await using var wire = new MsrpWire(new MsrpLimits { ReadAhead = 8192, MinimumReaderRate = 1024 });
        var sink = new ScriptedSink { IsSlow = true };
        var (_, peer) = await wire.BindAsync(new MsrpSessionOptions { OpenSink = _ => sink }, wire.Connect(window: 4096));

        var sending = peer.SendAsync(Send("tid1", "1-*/*", new string('x', 50_000)), split: 1000);
        await MsrpWire.UntilAsync(() => sink.IsWaiting && wire.Clock.ActiveTimers > 0, "the sink waits");
        Assert.That(sending.IsCompleted, Is.False);
        if (isAborted)
        {
            wire.Clock.Advance(TimeSpan.FromSeconds(4));
            await peer.ExpectAsync(MsrpWirePeer.Response("tid1", 413));
            await sending.WaitAsync(MsrpWire.Patience);
            Assert.That(() => sink.Calls, Is.EqualTo("abort, dispose").After(2000, 1));
        }
        else
        {
            sink.Release();
            await sending.WaitAsync(MsrpWire.Patience);
            await peer.ExpectAsync(Ok("tid1"));
            await MsrpWire.UntilAsync(() => sink.Calls == "complete 50000, dispose", "the sink is complete");
            await peer.ExpectAsync(Report("1-50000/50000"));
        }
    }

    [TestCase("lost")]
    [TestCase("aborted")]
    [TestCase("ended")]
    [TestCase("disposed")]
    public async Task A_message_that_fails_leaves_no_file(string how)
    {
        var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { OpenSink = _ => OpenFile() });
        await peer.SendAsync(Send("tid1", "1-*/*", "Hello", '+'));
        var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1));

        switch (how)
        {
            case "lost":
                peer.Break();
                break;
            case "aborted":
                await peer.SendAsync(Send("tid2", "6-*/*", "x", '#'));
                break;
            case "ended":
                await session.DisposeAsync();
                break;
            default:
                await message.DisposeAsync();
                break;
        }

        Assert.That(async () => await message.Completion.WaitAsync(MsrpWire.Patience), Throws.InstanceOf<MsrpException>());
        await wire.DisposeAsync();
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
    }

    [Test]
    public async Task A_file_gets_its_name_when_it_is_whole()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { OpenSink = _ => OpenFile("Hello, world") });

        await peer.SendAsync(Send("tid1", "6-*/*", ", world") + Send("tid2", "1-*/*", "Hello", '+'), split: 3);

        var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(await message.Completion.WaitAsync(MsrpWire.Patience), Is.EqualTo(12));
        await peer.ExpectAsync(Ok("tid1") + Ok("tid2") + Report("1-12/12"));
        Assert.That(await File.ReadAllTextAsync(Path.Combine(_folder, "file")), Is.EqualTo("Hello, world"));
    }

    [Test]
    [Description("MSRP-26")]
    public async Task A_file_with_another_digest_is_reported_as_failed()
    {
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync(new MsrpSessionOptions { OpenSink = _ => OpenFile("Hello, World") });

        await peer.SendAsync(Send("tid1", "1-*/*", "Hello, world"));

        var message = await MsrpWire.ReceiveAsync(session);
        Assert.That(async () => await message.Completion.WaitAsync(MsrpWire.Patience), Throws.InstanceOf<MsrpException>().With.InnerException.InstanceOf<InvalidDataException>());
        await peer.ExpectAsync(Ok("tid1") + Report("1-12/12", "400 Bad Request"));
        await wire.Endpoint.DisposeAsync();
        Assert.That(Directory.GetFiles(_folder), Is.Empty);
    }

    private MsrpFileSink OpenFile(string? expected = null)
    {
        MsrpFileHash[] hashes = expected is null ? [] : [new(HashAlgorithmName.SHA256, SHA256.HashData(Encoding.ASCII.GetBytes(expected)))];
        return MsrpFileSink.OpenAsync(new MsrpFileSinkOptions { Path = Path.Combine(_folder, "file"), Expected = hashes }).AsTask().GetAwaiter().GetResult();
    }

    private static string Send(string id, string range, string body, char flag = '$') => MsrpWirePeer.Send(id, "mmmm", range, body, flag, "Success-Report: yes\n");

    private static string Ok(string id) => MsrpWirePeer.Response(id, 200);

    private static string Report(string range, string status = "200 OK") => $"""
        MSRP t000000000000001 REPORT
        To-Path: msrp://bob.example.com:8888/b1;tcp
        From-Path: msrp://alice.example.com:7777/a1;tcp
        Message-ID: mmmm
        Byte-Range: {range}
        Status: 000 {status}
        -------t000000000000001$

        """;

    /// <summary>Keeps what it gets; fails or waits as told.</summary>
    private sealed class ScriptedSink : MsrpSink
    {
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<string> _calls = [];
        private readonly MemoryStream _octets = new();

        public long FailAt { get; init; } = long.MaxValue;

        public bool IsSlow { get; init; }

        public bool IsWaiting { get; private set; }

        public string Text => Encoding.Latin1.GetString(_octets.ToArray());

        public string Calls
        {
            get
            {
                lock (_calls)
                {
                    return string.Join(", ", _calls);
                }
            }
        }

        public void Release() => _released.SetResult();

        public override async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> octets, CancellationToken cancellationToken = default)
        {
            if (offset + octets.Length > FailAt)
            {
                throw new IOException("The disk is full");
            }

            if (IsSlow)
            {
                IsWaiting = true;
                await _released.Task.WaitAsync(cancellationToken);
            }

            _octets.Position = offset;
            _octets.Write(octets.Span);
        }

        public override ValueTask CompleteAsync(long length, CancellationToken cancellationToken = default) => Note($"complete {length}");

        public override ValueTask AbortAsync(Exception reason) => Note("abort");

        public override ValueTask DisposeAsync() => Note("dispose");

        private ValueTask Note(string call)
        {
            lock (_calls)
            {
                _calls.Add(call);
            }

            return ValueTask.CompletedTask;
        }
    }
}
