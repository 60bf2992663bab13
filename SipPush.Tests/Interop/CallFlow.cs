using SipPush.Sip;

namespace SipPush.Tests.Interop;

/// <summary>A whole call: ringing, 200, ACK, a change by re-INVITE and by UPDATE from either end, BYE.</summary>
internal static class CallFlow
{
    /// <param name="caller">Calls sip:bob.</param>
    /// <param name="callee">Is called.</param>
    /// <param name="callerEnds">Whether it is the caller that says BYE.</param>
    /// <returns>The caller's dialog.</returns>
    public static async Task<DialogId> RunAsync(CallParty caller, CallParty callee, bool callerEnds)
    {
        // Different processes of the core have the 180 and the 200 in hand, and a 180 behind the 200 is not passed on
        // (RFC 3261 §16.7, step 5), so the callee accepts when the caller knows that it rings.
        callee.TakeCalls(async (_, _) =>
            await caller.UntilAsync(message => !message.Sent && message.Text.StartsWith("SIP/2.0 180 ", StringComparison.Ordinal)));
        var session = await caller.CallAsync(AgentPair.Bob);
        CallParty.TakeChanges(session);
        var called = await callee.CalledAsync();
        Assert.That(await called.Acknowledged.WaitAsync(callee.Token), Is.Not.Null);
        Assert.That((session.Dialog.RemoteTarget.IsSameGruu(callee.Gruu), called.Dialog.RemoteTarget.IsSameGruu(caller.Gruu)), Is.EqualTo((true, true)));

        foreach (var (from, token) in new[] { (session, caller.Token), (called, callee.Token) })
        {
            var reinvited = await from.ReinviteAsync(CallParty.Sdp(10), token);
            Assert.That(reinvited.StatusCode, Is.EqualTo(200), () => $"{reinvited.Error}{reinvited.Response}");
            var updated = await from.UpdateAsync(CallParty.Sdp(11), token);
            Assert.That(updated.StatusCode, Is.EqualTo(200), () => $"{updated.Error}{updated.Response}");
        }

        await (callerEnds ? session : called).EndAsync(caller.Token);
        Assert.That((await (callerEnds ? called : session).Completion.WaitAsync(callee.Token)).Cause, Is.EqualTo(SipSessionEndCause.Remote));
        await caller.UntilQuietAsync();
        await callee.UntilQuietAsync();
        return session.Dialog.Id;
    }
}
