using System.Text;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp;

public sealed class MsrpPathTests
{
    private const string Relayed = "msrps://relay.example.com:2855/98cjs;tcp MSRP://Bob.example.com:8145/foo;tcp";

    [Test]
    [Description("Edge 50")]
    public void A_path_is_read_in_its_order_and_keeps_its_text()
    {
        var path = MsrpPath.Parse(Relayed);

        Assert.That(path.Uris, Has.Count.EqualTo(2));
        Assert.That(path.First.Host, Is.EqualTo("relay.example.com"));
        Assert.That(path.Last.SessionId, Is.EqualTo("foo"));
        Assert.That(path.ToString(), Is.EqualTo(Relayed));
        Assert.That(MsrpPath.Parse("msrp://a:1/s;tcp").First, Is.EqualTo(MsrpPath.Parse("msrp://a:1/s;tcp").Last));
    }

    [TestCase("")]
    [TestCase(" ")]
    [TestCase("msrp://a:1/s;tcp ")]
    [TestCase(" msrp://a:1/s;tcp")]
    [TestCase("msrp://a:1/s;tcp  msrp://b:1/s;tcp")]
    [TestCase("msrp://a:1/s;tcp\tmsrp://b:1/s;tcp")]
    [TestCase("msrp://a:1/s;tcp, msrp://b:1/s;tcp")]
    [TestCase("msrp://a:1/s;tcp b")]
    public void What_is_no_path_is_refused(string text)
    {
        Assert.That(MsrpPath.TryParse(Encoding.UTF8.GetBytes(text), out _), Is.False);
        Assert.Throws<FormatException>(() => MsrpPath.Parse(text));
    }

    [TestCase(32, true)]
    [TestCase(33, false)]
    public void A_path_has_at_most_32_URIs(int count, bool isPath)
    {
        var uris = Enumerable.Repeat(MsrpUri.Parse("msrp://a:1/s;tcp"), count).ToList();

        Assert.That(MsrpPath.TryParse(Encoding.UTF8.GetBytes(string.Join(' ', uris)), out _), Is.EqualTo(isPath));
        Assert.That(() => new MsrpPath(uris), isPath ? Throws.Nothing : Throws.ArgumentException);
    }

    [Test]
    public void A_path_is_never_empty()
    {
        Assert.Throws<ArgumentException>(() => _ = new MsrpPath());
    }

    [Test]
    [Description("MSRP-40")]
    public void Paths_are_equal_when_their_URIs_are()
    {
        var path = MsrpPath.Parse(Relayed);
        var same = new MsrpPath(MsrpUri.Parse("msrps://RELAY.example.com:2855/98cjs;TCP"), MsrpUri.Parse("msrp://bob.example.com:8145/foo;tcp"));

        Assert.That(same, Is.EqualTo(path));
        Assert.That(same.GetHashCode(), Is.EqualTo(path.GetHashCode()));
        Assert.That(new MsrpPath(path.Last, path.First), Is.Not.EqualTo(path));
        Assert.That(new MsrpPath(path.First), Is.Not.EqualTo(path));
        Assert.That(path.Equals(null), Is.False);
    }
}
