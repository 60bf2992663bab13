using SipPush.Msrp;
using SipPush.Sip;
using SipPush.Tests.Interop;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

/// <summary>What stacks and MSRP endpoints hold of sessions and transactions.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Lets up to three minutes pass and sees that nothing is left.</summary>
    public static async Task NoneAsync(ManualTimeProvider clock, SipStack[] stacks, MsrpEndpoint[] media)
    {
        for (var seconds = 0; seconds < 180 && Find(stacks, media).Any(); seconds++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System);
        }

        // What needs no more time of the clock may still need some of the machine.
        await Poll.UntilAsync(() => !Find(stacks, media).Any(), Patience);
        Assert.That(Find(stacks, media), Is.Empty);
    }

    private static IEnumerable<string> Find(SipStack[] stacks, MsrpEndpoint[] media) =>
    [
        .. stacks.Where(stack => stack.Sessions.Count > 0 || stack.Layer.Count() != (0, 0, 0, 0)).Select(stack => $"{stack.Local[0]}: {stack.Sessions.Count} sessions, {stack.Layer.Count()}"),
        .. media.Where(endpoint => endpoint.Counts != default).Select(endpoint => $"{endpoint.Counts}"),
    ];
}
