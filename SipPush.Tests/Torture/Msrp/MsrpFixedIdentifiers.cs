using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using SipPush.Msrp;

namespace SipPush.Tests.Torture;

/// <summary>Ids that a scenario knows beforehand: <c>tid00001</c> and so on, made as long as the system under test has them.</summary>
internal sealed partial class MsrpFixedIdentifiers : MsrpIdentifiers
{
    private const string Rest = ".sutsut.";

    private int _transactions;
    private int _others;

    /// <summary>The transaction id that comes next.</summary>
    public string Next => Id(_transactions + 1);

    /// <summary>Puts the ids as they are into a text that has them as they are written.</summary>
    public static string Fill(string text) => Short().Replace(text, $"$0{Rest}");

    public override void WriteTransactionId(Span<byte> destination) => Encoding.ASCII.GetBytes(Id(Interlocked.Increment(ref _transactions)), destination);

    public override string NewMessageId() => $"sutmid.{Interlocked.Increment(ref _others)}";

    public override string NewSessionId() => $"sutsession{Interlocked.Increment(ref _others)}";

    private static string Id(int number) => string.Create(CultureInfo.InvariantCulture, $"tid{number:D5}{Rest}");

    [GeneratedRegex(@"\btid\d{5}(?!\.sutsut\.)")]
    private static partial Regex Short();
}
