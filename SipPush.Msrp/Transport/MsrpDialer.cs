using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace SipPush.Msrp.Transport;

/// <summary>Connects to far ends, over TCP or TLS (by the defaults when it gets no options). It keeps nothing: what it returns is the caller's. It can be given where the
/// addresses of a host name come from, in the order in which to try them; by default the system is asked.</summary>
internal sealed class MsrpDialer(
    MsrpTlsOptions? tls, MsrpTransportLimits limits, TimeProvider time, ILogger logger,
    Func<string, CancellationToken, ValueTask<IReadOnlyList<IPAddress>>>? resolve = null)
{
    /// <summary>The port of a URI that names none (RFC 4975 §15.4).</summary>
    public const int DefaultPort = 2855;

    // After this long without an answer from one address the next one is tried as well (RFC 8305 §5).
    private static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    private readonly TlsHandshakes _tls = new(tls ?? new MsrpTlsOptions(), time);
    private readonly Func<string, CancellationToken, ValueTask<IReadOnlyList<IPAddress>>> _resolve = resolve ?? ResolveAsync;

    /// <summary>Connects to where a URI says, and on msrps makes sure that it is the far end expected.</summary>
    /// <exception cref="IOException">It can't be reached, or is somebody else.</exception>
    public ValueTask<MsrpLink> ConnectAsync(MsrpUri target, MsrpPeerIdentity expected, CancellationToken token) =>
        target.Transport.Equals("tcp", StringComparison.OrdinalIgnoreCase)
            ? ConnectAsync(target.Host, target.Port ?? DefaultPort, target.IsSecure, expected, token)
            : throw new IOException($"{target} can't be reached: the transport is not TCP");

    /// <summary>Connects to a host and port that come from elsewhere than the URI, such as <c>c=</c> and <c>m=</c> (RFC 6714).</summary>
    /// <exception cref="IOException">It can't be reached, or is somebody else.</exception>
    /// <param name="host">Where to connect: a name or an address.</param>
    /// <param name="port">The port there.</param>
    /// <param name="isSecure">Whether by TLS.</param>
    /// <param name="expected">Who it has to be on TLS.</param>
    /// <param name="token">Gives the attempt up.</param>
    /// <param name="name">Whose certificate it has to show, when that is another name than the host's; null for the host's.</param>
    public async ValueTask<MsrpLink> ConnectAsync(string host, int port, bool isSecure, MsrpPeerIdentity expected, CancellationToken token, string? name = null)
    {
        var socket = await ReachAsync(host, port, token).ConfigureAwait(false);

        try
        {
            ConnectedSocket.Prepare(socket, limits);

            if (!isSecure)
            {
                return new MsrpLink(socket, new NetworkStream(socket, ownsSocket: true));
            }

            return await _tls.ConnectAsync(socket, name ?? host, expected, token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            socket.Dispose();

            if (isSecure)
            {
                MsrpTransportLog.PeerNotVerified(logger, host, failure.Message);
            }
            throw Unreachable(host, port, failure);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async ValueTask<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken token) =>
        await Dns.GetHostAddressesAsync(host, token).ConfigureAwait(false);

    private static IOException Unreachable(string host, int port, Exception failure) =>
        new($"{host}, port {port}, can't be reached: {failure.Message}", failure);

    private async Task<Socket> ReachAsync(string host, int port, CancellationToken token)
    {
        using var timeout = new CancellationTokenSource(limits.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, token);

        try
        {
            IReadOnlyList<IPAddress> addresses = IPAddress.TryParse(host, out var address)
                ? [address]
                : await _resolve(host, either.Token).AsTask().WaitAsync(either.Token).ConfigureAwait(false);
            return addresses.Count == 1
                ? await AttemptAsync(new IPEndPoint(addresses[0], port), either.Token).ConfigureAwait(false)
                : await RaceAsync(addresses, port, either).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!token.IsCancellationRequested)
        {
            throw Unreachable(host, port, new TimeoutException($"no answer within {limits.ConnectTimeout}"));
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            throw Unreachable(host, port, failure);
        }
    }

    /// <summary>Tries one address after the other, the next when the last has failed or takes long. The first that answers is taken, the others are dropped.</summary>
    private async Task<Socket> RaceAsync(IReadOnlyList<IPAddress> addresses, int port, CancellationTokenSource race)
    {
        var under = new List<Task<Socket>>();
        Exception failure = new SocketException((int)SocketError.HostNotFound);
        var next = 0;

        try
        {
            while (next < addresses.Count || under.Count > 0)
            {
                if (next < addresses.Count)
                {
                    under.Add(AttemptAsync(new IPEndPoint(addresses[next++], port), race.Token));
                }

                using var pause = CancellationTokenSource.CreateLinkedTokenSource(race.Token);
                var delay = Task.Delay(next < addresses.Count ? AttemptDelay : Timeout.InfiniteTimeSpan, time, pause.Token);
                var first = await Task.WhenAny([.. under, delay]).ConfigureAwait(false);
                await pause.CancelAsync().ConfigureAwait(false);

                if (first is Task<Socket> attempt)
                {
                    under.Remove(attempt);

                    try
                    {
                        return await attempt.ConfigureAwait(false);
                    }
                    catch (SocketException reason)
                    {
                        failure = reason;
                    }
                }
                race.Token.ThrowIfCancellationRequested();
            }
            throw failure;
        }
        finally
        {
            await DropAsync(under, race).ConfigureAwait(false);
        }
    }

    private static async Task DropAsync(List<Task<Socket>> attempts, CancellationTokenSource race)
    {
        if (attempts.Count == 0)
        {
            return;
        }

        await race.CancelAsync().ConfigureAwait(false);

        foreach (var attempt in attempts)
        {
            await ((Task)attempt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            if (attempt.IsCompletedSuccessfully)
            {
                (await attempt.ConfigureAwait(false)).Dispose();
            }
        }
    }

    private static async Task<Socket> AttemptAsync(IPEndPoint remote, CancellationToken token)
    {
        var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

        try
        {
            await socket.ConnectAsync(remote, token).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
