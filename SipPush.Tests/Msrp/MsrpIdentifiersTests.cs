using System.Text;
using System.Text.RegularExpressions;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp;

public sealed partial class MsrpIdentifiersTests
{
    [Test]
    [Description("MSRP-03, MSRP-41")]
    public void Every_identifier_is_an_ident_and_another_one()
    {
        var made = new HashSet<string>();
        Span<byte> id = stackalloc byte[MsrpIdentifiers.TransactionIdLength];

        for (var i = 0; i < 2000; i++)
        {
            MsrpIdentifiers.Random.WriteTransactionId(id);
            var session = MsrpIdentifiers.Random.NewSessionId();

            // Each character is one of 32: 16 of them have 80 random bits, 20 have 100.
            Assert.That(session, Has.Length.EqualTo(20));
            Assert.That(made.Add(Encoding.Latin1.GetString(id)), Is.True);
            Assert.That(made.Add(MsrpIdentifiers.Random.NewMessageId()), Is.True);
            Assert.That(made.Add(session), Is.True);
        }

        Assert.That(made, Has.All.Matches<string>(text => Ident().IsMatch(text)));
        Assert.That(made.SelectMany(text => text).Distinct().Count(), Is.EqualTo(32));
    }

    [Test]
    public void No_more_is_written_than_an_id()
    {
        var octets = new byte[MsrpIdentifiers.TransactionIdLength + 1];
        MsrpIdentifiers.Random.WriteTransactionId(octets);

        Assert.That(octets[^1], Is.Zero);
        Assert.That(octets[^2], Is.Not.Zero);
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}$")]
    private static partial Regex Ident();
}
