using System.Threading.Channels;
using SipPush.Samples.SipCore;

namespace SipPush.Samples.Loopback;

/// <summary>Lets the story wait until the core has told the sender of a registration, and has its answer.</summary>
internal sealed class RegistrationNews : CoreObserver
{
    private readonly Channel<(TimeSpan Expires, int Status)> _news = Channel.CreateUnbounded<(TimeSpan, int)>();

    /// <summary>The next third-party REGISTER: the lifetime it told, and the status of the answer.</summary>
    public ValueTask<(TimeSpan Expires, int Status)> NextAsync(CancellationToken cancellationToken) => _news.Reader.ReadAsync(cancellationToken);

    public override void ThirdPartyRegister(string addressOfRecord, TimeSpan expires, int status) => _news.Writer.TryWrite((expires, status));
}
