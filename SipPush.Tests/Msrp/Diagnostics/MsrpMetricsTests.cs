using System.Diagnostics.Metrics;
using SipPush.Msrp;
using SipPush.Msrp.Diagnostics;
using SipPush.Tests.Support;

namespace SipPush.Tests.Msrp.Diagnostics;

/// <summary>What an operator can see. The instruments are the process's, so other tests may have added to them: what is counted here is at least what this test does.</summary>
public sealed class MsrpMetricsTests
{
    [Test]
    public async Task Octets_that_are_sent_are_counted()
    {
        using var counter = new Counted("msrp.octets.sent", null);
        await using var wire = new MsrpWire();
        var (session, peer) = await wire.BindAsync();
        var before = counter.Sum;

        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", new byte[100_000]) with { FailureReport = FailureReportMode.No }).AsTask();

        await peer.ReadAsync(100_000);
        Assert.That((await sending.WaitAsync(MsrpWire.Patience)).Outcome, Is.EqualTo(MsrpSendOutcome.Sent));
        Assert.That(counter.Sum - before, Is.GreaterThan(100_000));
    }

    [Test]
    public async Task A_message_that_was_given_up_is_counted_as_ended()
    {
        using var counter = new Counted("msrp.messages.sent", "Cancelled");
        await using var wire = new MsrpWire();
        var session = wire.CreateSession();
        using var giveUp = new CancellationTokenSource();
        var sending = session.SendAsync(OutgoingMsrpMessage.FromMemory("text/plain", new byte[1]), giveUp.Token).AsTask();
        var before = counter.Sum;

        await giveUp.CancelAsync();

        Assert.That(() => sending.WaitAsync(MsrpWire.Patience), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(counter.Sum - before, Is.GreaterThanOrEqualTo(1));
    }

    [TestCase("text/plain", 481, "No Such Session")]
    [TestCase("image/png", 415, "Unsupported Media Type")]
    [TestCase("text/html", 413, "The message is larger than allowed")]
    public async Task A_request_that_is_refused_is_logged_and_counted(string type, int status, string reason)
    {
        using var counter = new Counted("msrp.requests.refused", status);
        using var log = new RecordingLog();
        await using var endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { LoggerFactory = log });
        var session = endpoint.CreateSession(MsrpWire.PathOf(MsrpWire.Alice), new MsrpSessionOptions { AcceptTypes = ["text/*"], MaxSize = 3 });
        var start = session.StartAsync(MsrpWire.RemoteBob);
        var peer = new MsrpWirePeer(endpoint, window: 0);

        var frame = MsrpWirePeer.Send("tid1", "mmmm", null, "Hello").Replace("text/plain", type, StringComparison.Ordinal);
        await peer.SendAsync(status == 481 ? frame.Replace("/a1;", "/zz;", StringComparison.Ordinal) : frame);

        string line;
        do
        {
            line = await log.NextAsync();
        }
        while (!line.StartsWith("2009 ", StringComparison.Ordinal));
        Assert.That(line, Is.EqualTo($"2009 A request is refused with {status}: {reason}"));
        Assert.That(counter.Sum, Is.GreaterThanOrEqualTo(1));
        await session.DisposeAsync();
        await ((Task)start.AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>What was added to an instrument, with that value of its tag unless null.</summary>
    private sealed class Counted : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _sum;

        public Counted(string name, object? tag)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == MsrpTelemetry.Meter && instrument.Name == name)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, count, tags, _) => Interlocked.Add(ref _sum, tag is null || tag.Equals(tags[0].Value) ? count : 0));
            _listener.Start();
        }

        public long Sum => Interlocked.Read(ref _sum);

        public void Dispose() => _listener.Dispose();
    }
}
