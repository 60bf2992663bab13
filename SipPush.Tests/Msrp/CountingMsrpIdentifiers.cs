using System.Globalization;
using System.Text;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp;

/// <summary>Identifiers that count, so that a test can write them down: transactions <c>t000000000000001</c>, messages <c>msg1</c>, sessions <c>session1</c>, and so on.</summary>
internal sealed class CountingMsrpIdentifiers : MsrpIdentifiers
{
    private int _transactions;
    private int _messages;
    private int _sessions;

    public override void WriteTransactionId(Span<byte> destination) =>
        Encoding.ASCII.GetBytes($"t{Interlocked.Increment(ref _transactions).ToString("D15", CultureInfo.InvariantCulture)}", destination);

    public override string NewMessageId() => $"msg{Interlocked.Increment(ref _messages)}";

    public override string NewSessionId() => $"session{Interlocked.Increment(ref _sessions)}";
}
