namespace SipPush.Tests.Torture;

/// <summary>What came of an entry.</summary>
internal enum TortureVerdict
{
    Passed,
    Failed,
    Skipped,
}
