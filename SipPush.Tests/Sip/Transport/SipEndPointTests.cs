using SipPush.Sip;

namespace SipPush.Tests.Sip.Transport;

public sealed class SipEndPointTests
{
    [TestCase("tcp:127.0.0.1:5080", "tcp:127.0.0.1:5080")]
    [TestCase("127.0.0.1:5080;transport=tcp", "tcp:127.0.0.1:5080")]
    [TestCase("127.0.0.1:5080;Transport=TCP", "tcp:127.0.0.1:5080")]
    [TestCase("127.0.0.1", "udp:127.0.0.1:5060")]
    [TestCase(" TLS:127.0.0.1 ", "tls:127.0.0.1:5061")]
    [TestCase("127.0.0.1:0", "udp:127.0.0.1:0")]
    [TestCase("[::1]", "udp:[::1]:5060")]
    [TestCase("[::1];transport=tls", "tls:[::1]:5061")]
    [TestCase("tcp:[2001:db8::1]:5070", "tcp:[2001:db8::1]:5070")]
    public void Both_forms_are_read(string text, string endPoint)
    {
        Assert.That(SipEndPoint.Parse(text).ToString(), Is.EqualTo(endPoint));
        Assert.That(SipEndPoint.Parse(endPoint), Is.EqualTo(SipEndPoint.Parse(text)));
    }

    [TestCase("")]
    [TestCase("tcp:")]
    [TestCase("tcp")]
    [TestCase("5060")]
    [TestCase("127.1:5060")]
    [TestCase("127.0.0.1:")]
    [TestCase("127.0.0.1:65536")]
    [TestCase("127.0.0.1:-1")]
    [TestCase("::1")]
    [TestCase("tcp:::1")]
    [TestCase("[::1")]
    [TestCase("example.com:5060")]
    [TestCase("sctp:127.0.0.1:5060")]
    [TestCase("127.0.0.1;transport=sctp")]
    [TestCase("tcp:127.0.0.1;transport=udp")]
    public void Anything_else_is_none(string text)
    {
        Assert.That(SipEndPoint.TryParse(text, out _), Is.False);
        Assert.That(() => SipEndPoint.Parse(text), Throws.InstanceOf<FormatException>());
    }
}
