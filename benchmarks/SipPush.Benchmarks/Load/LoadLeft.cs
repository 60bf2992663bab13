using SipPush.Sip;

namespace SipPush.Benchmarks.Load;

/// <summary>What a stack holds at one moment.</summary>
internal readonly record struct LoadLeft(int Sessions, int Clients, int Servers, int Completed, int Timers)
{
    public static LoadLeft Of(SipStack stack)
    {
        var (clients, servers, completed, timers) = stack.Layer.Count();
        return new LoadLeft(stack.Sessions.Count, clients, servers, completed, timers);
    }
}
