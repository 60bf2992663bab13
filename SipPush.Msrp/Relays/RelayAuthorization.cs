using System.Globalization;
using System.Text;
using SipPush.Msrp.Connections;

namespace SipPush.Msrp.Relays;

/// <summary>The AUTH of one relay, asked for again at each renewal (RFC 4976 §5.1). What was learned of it, a nonce or how long it allows, is kept for the next time.</summary>
internal sealed class RelayAuthorization(MsrpUri relay, MsrpAuthentication authentication, TimeSpan? expires)
{
    // A relay that calls every nonce stale or no time right is not asked for ever.
    private const int MaxRequests = 8;

    // No relay needs a longer time, and no timer takes one.
    private const long MaxSeconds = 30 * 24 * 60 * 60;

    private long? _seconds = expires is { } time ? Math.Min((long)time.TotalSeconds, MaxSeconds) : null;

    /// <summary>Asks until the relay has given a path.</summary>
    /// <param name="connection">To the first relay.</param>
    /// <param name="through">The path through the relays before this one.</param>
    /// <param name="from">The URI of this end.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MsrpException">It refuses, or does not answer.</exception>
    public async Task<RelayGrant> AskAsync(MsrpConnection connection, IEnumerable<MsrpUri> through, MsrpUri from, CancellationToken cancellationToken)
    {
        var method = "AUTH"u8.ToArray();
        var toPath = Encoding.ASCII.GetBytes(string.Join(' ', through.Append(relay)));
        var fromPath = Encoding.ASCII.GetBytes(from.ToString());
        for (var request = 1; request <= MaxRequests; request++)
        {
            var response = await connection.RequestAsync(method, toPath, fromPath, Headers(), cancellationToken).ConfigureAwait(false);
            switch (response.Status)
            {
                case >= 200 and < 300:
                    return Read(response);

                case MsrpStatus.Unauthorized:
                    if (!authentication.TryAnswer([.. response.All("WWW-Authenticate")]))
                    {
                        throw new MsrpException($"{relay} does not take the credentials", MsrpStatus.Unauthorized);
                    }

                    break;

                case MsrpStatus.IntervalOutOfBounds when TryAdapt(response):
                    break;

                default:
                    throw new MsrpException($"{relay} answered {response.Status} {response.Comment}", response.Status);
            }
        }

        throw new MsrpException($"{relay} was asked {MaxRequests} times and gives no path", MsrpStatus.Unauthorized);
    }

    private byte[] Headers()
    {
        var headers = new StringBuilder();
        if (authentication.Authorize("AUTH", relay.ToString()) is { } credentials)
        {
            headers.Append("Authorization: ").Append(HeaderText.Checked(credentials)).Append("\r\n");
        }

        if (_seconds is { } seconds)
        {
            headers.Append(CultureInfo.InvariantCulture, $"Expires: {seconds}\r\n");
        }

        return Encoding.UTF8.GetBytes(headers.ToString());
    }

    private RelayGrant Read(MsrpResponse response)
    {
        if (!authentication.TryAccept(response["Authentication-Info"]))
        {
            throw new MsrpException($"{relay} did not prove that it knows the password", MsrpStatus.Unauthorized);
        }

        if (response["Use-Path"] is not { } text || !MsrpPath.TryParse(Encoding.UTF8.GetBytes(text), out var path))
        {
            throw new MsrpException($"{relay} gives no path that can be read", MsrpStatus.BadRequest);
        }

        // It has to say how long the path is valid; when it does not, it is taken at what it was asked for.
        var granted = SecondsOf(response, "Expires") ?? _seconds;
        return granted is 0
            ? throw new MsrpException($"{relay} gives a path that has expired", MsrpStatus.IntervalOutOfBounds)
            : new RelayGrant(path, granted is { } time ? TimeSpan.FromSeconds(time) : null);
    }

    // False when the relay does not say what it would take, or what it was asked for lies within that.
    private bool TryAdapt(MsrpResponse response)
    {
        var (least, most) = (SecondsOf(response, "Min-Expires"), SecondsOf(response, "Max-Expires"));
        var adapted = _seconds;
        if (least > 0 && (adapted is null || adapted < least))
        {
            adapted = least;
        }
        else if (most > 0 && (adapted is null || adapted > most))
        {
            adapted = most;
        }

        (var before, _seconds) = (_seconds, adapted);
        return adapted != before;
    }

    private static long? SecondsOf(MsrpResponse response, string name) =>
        ulong.TryParse(response[name], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? (long)Math.Min(seconds, MaxSeconds) : null;
}
