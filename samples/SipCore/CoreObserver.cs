namespace SipPush.Samples.SipCore;

/// <summary>Hears what a <see cref="SipCoreServer"/> does. Called from several threads; must be quick and must not throw.</summary>
public abstract class CoreObserver
{
    /// <summary>Hears nothing.</summary>
    public static CoreObserver None { get; } = new Deaf();

    /// <summary>A contact was bound or refreshed.</summary>
    public virtual void Registered(string addressOfRecord, string contact, string? publicGruu, TimeSpan expires)
    {
    }

    /// <summary>The last contact of an address is gone.</summary>
    public virtual void Unregistered(string addressOfRecord)
    {
    }

    /// <summary>The application server was told; status 408 stands for no answer and 503 for no connection.</summary>
    public virtual void ThirdPartyRegister(string addressOfRecord, TimeSpan expires, int status)
    {
    }

    /// <summary>Something went wrong that nobody else is told of.</summary>
    public virtual void Error(string message)
    {
    }

    private sealed class Deaf : CoreObserver;
}
