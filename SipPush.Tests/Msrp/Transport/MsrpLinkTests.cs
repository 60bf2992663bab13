using System.IO.Pipelines;
using System.Net;
using SipPush.Msrp.Transport;
using static SipPush.Tests.Msrp.Transport.TransportScene;

namespace SipPush.Tests.Msrp.Transport;

public sealed class MsrpLinkTests
{
    [Test]
    public async Task Octets_go_both_ways()
    {
        await using var scene = new TransportScene();
        var (here, there) = await scene.ConnectAsync();

        await SendAsync(here, "ping");
        await SendAsync(there, "pong!");

        Assert.That(await ReadAsync(there, 4), Is.EqualTo("ping"));
        Assert.That(await ReadAsync(here, 5), Is.EqualTo("pong!"));
    }

    [Test]
    public async Task Nothing_is_written_before_a_flush()
    {
        await using var scene = new TransportScene();
        var (here, there) = await scene.ConnectAsync();
        here.Output.GetSpan(1)[0] = (byte)'a';
        here.Output.Advance(1);
        var read = there.Input.ReadAsync().AsTask();
        Assert.That(read.IsCompleted, Is.False);

        await here.Output.FlushAsync();

        Assert.That((await read.WaitAsync(Patience)).Buffer.Length, Is.EqualTo(1));
    }

    [Test]
    public async Task Both_ends_know_each_others_addresses()
    {
        await using var scene = new TransportScene();
        var (here, there) = await scene.ConnectAsync();

        Assert.That(here.RemoteEndPoint, Is.EqualTo(scene.Listener.LocalEndPoint));
        Assert.That(there.LocalEndPoint, Is.EqualTo(scene.Listener.LocalEndPoint));
        Assert.That(there.RemoteEndPoint, Is.EqualTo(here.LocalEndPoint));
        Assert.That(here.IsSecure || there.IsSecure, Is.False);
        Assert.That(here.PeerCertificate ?? there.PeerCertificate, Is.Null);
    }

    [Test]
    public async Task Disposing_ends_the_stream_for_the_far_end_after_what_was_flushed()
    {
        await using var scene = new TransportScene();
        var (here, there) = await scene.ConnectAsync();
        await SendAsync(here, "last words");

        var closing = here.DisposeAsync();

        Assert.That(await ReadAsync(there, 11), Is.EqualTo("last words"));
        Assert.That((await there.Input.ReadAsync()).IsCompleted, Is.True);
        await there.DisposeAsync();
        await closing.AsTask().WaitAsync(Patience);
    }

    [Test]
    public async Task Disposing_with_octets_unread_does_not_take_the_last_answer_from_the_far_end()
    {
        await using var scene = new TransportScene();
        var (here, there) = await scene.ConnectAsync();
        await SendAsync(there, "never read");
        await SendAsync(here, "answer");

        var closing = here.DisposeAsync();

        Assert.That(await ReadAsync(there, 7), Is.EqualTo("answer"));
        await there.DisposeAsync();
        await closing.AsTask().WaitAsync(Patience);
    }

    [Test]
    public async Task Disposing_does_not_wait_for_ever_for_a_far_end_that_does_not_close()
    {
        await using var scene = new TransportScene();
        var (here, _) = await scene.ConnectAsync();

        await here.DisposeAsync().AsTask().WaitAsync(Patience);
        await here.DisposeAsync().AsTask().WaitAsync(Patience);

        Assert.That(scene.Listener.ConnectionCount, Is.EqualTo(1), "the far end has not closed");
    }

    [Test]
    public async Task Disposing_after_a_cancelled_read_ends_in_order()
    {
        await using var scene = new TransportScene();
        var (here, there) = await scene.ConnectAsync();
        var read = here.Input.ReadAsync().AsTask();
        here.Input.CancelPendingRead();
        Assert.That((await read.WaitAsync(Patience)).IsCanceled, Is.True);

        var closing = here.DisposeAsync();

        Assert.That((await there.Input.ReadAsync().AsTask().WaitAsync(Patience)).IsCompleted, Is.True);
        await there.DisposeAsync();
        await closing.AsTask().WaitAsync(Patience);
    }

    [Test]
    public async Task An_aborted_link_fails_the_read_under_way_and_the_far_end_sees_a_reset()
    {
        await using var scene = new TransportScene();
        var (here, there) = await scene.ConnectAsync();
        var read = here.Input.ReadAsync().AsTask();

        here.Abort();

        Assert.That(async () => await read.WaitAsync(Patience), Throws.InstanceOf<IOException>().Or.InstanceOf<ObjectDisposedException>());
        Assert.That(async () => await there.Input.ReadAsync().AsTask().WaitAsync(Patience), Throws.InstanceOf<IOException>());
        Assert.That(async () => await SendAsync(here, "more"), Throws.InstanceOf<IOException>().Or.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task An_aborted_link_fails_the_flush_that_waits_for_the_far_end()
    {
        await using var scene = new TransportScene();
        var (here, _) = await scene.ConnectAsync();
        Task<FlushResult> flush;

        do
        {
            here.Output.GetSpan(1024 * 1024);
            here.Output.Advance(1024 * 1024);
            flush = here.Output.FlushAsync().AsTask();
        }
        while (flush.IsCompleted);

        here.Abort();

        Assert.That(async () => await flush.WaitAsync(Patience), Throws.InstanceOf<IOException>().Or.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task Any_pipe_makes_a_link()
    {
        var (left, right) = Pipes();
        await using var here = new MsrpLink(left, remoteEndPoint: new IPEndPoint(IPAddress.Loopback, 2855));
        await using var there = new MsrpLink(right);

        await SendAsync(here, "ping");

        Assert.That(await ReadAsync(there, 4), Is.EqualTo("ping"));
        Assert.That(here.RemoteEndPoint, Is.EqualTo(new IPEndPoint(IPAddress.Loopback, 2855)));
    }

    [Test]
    public async Task An_aborted_link_over_a_pipe_fails_what_is_under_way_and_the_far_end_sees_an_error()
    {
        var (left, right) = Pipes();
        var here = new MsrpLink(left);
        await using var there = new MsrpLink(right);
        var read = here.Input.ReadAsync().AsTask();

        here.Abort();

        Assert.That(async () => await read.WaitAsync(Patience), Throws.InstanceOf<IOException>());
        Assert.That(async () => await SendAsync(here, "more"), Throws.InstanceOf<IOException>());
        await here.DisposeAsync();
        Assert.That(async () => await there.Input.ReadAsync().AsTask().WaitAsync(Patience), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task A_link_over_a_pipe_ends_in_order_when_it_is_disposed()
    {
        var (left, right) = Pipes();
        var here = new MsrpLink(left);
        await using var there = new MsrpLink(right);
        await SendAsync(here, "last words");

        await here.DisposeAsync();

        Assert.That(await ReadAsync(there, 11), Is.EqualTo("last words"));
        Assert.That((await there.Input.ReadAsync().AsTask().WaitAsync(Patience)).IsCompleted, Is.True);
    }

    private static (IDuplexPipe Left, IDuplexPipe Right) Pipes()
    {
        var (one, other) = (new Pipe(), new Pipe());
        return (new Duplex(one.Reader, other.Writer), new Duplex(other.Reader, one.Writer));
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
