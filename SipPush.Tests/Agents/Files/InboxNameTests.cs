using System.Text;

namespace SipPush.Tests.Agents;

public sealed class InboxNameTests
{
    [TestCase("photo.jpg", "photo.jpg")]
    [TestCase("My cool picture.jpg", "My cool picture.jpg")]
    [TestCase("../../etc/passwd", "passwd")]
    [TestCase("..\\..\\Windows\\win.ini", "win.ini")]
    [TestCase("/etc/cron.d/x", "x")]
    [TestCase("C:\\autoexec.bat", "autoexec.bat")]
    [TestCase("C:autoexec.bat", "C_autoexec.bat")]
    [TestCase("a.txt:stream", "a.txt_stream")]
    [TestCase("..", "push.txt")]
    [TestCase("...", "push.txt")]
    [TestCase("folder/", "push.txt")]
    [TestCase("", "push.txt")]
    [TestCase(null, "push.txt")]
    [TestCase("   ", "push.txt")]
    [TestCase(".bashrc", "bashrc")]
    [TestCase(".incoming", "incoming")]
    [TestCase("trailing. . ", "trailing")]
    [TestCase("-rf", "_-rf")]
    [TestCase("a\0b\r\nc\u001Bd.txt", "abcd.txt")]
    [TestCase("invoice\u202Efdp.exe", "invoicefdp.exe")]
    [TestCase("a\u200B\uFEFFb", "ab")]
    [TestCase("a\u2028b\u00A0c", "a b c")]
    [TestCase("<a>|b?*\"c\".txt", "_a__b___c_.txt")]
    [TestCase("CON", "_CON")]
    [TestCase("con.txt", "_con.txt")]
    [TestCase("Nul.tar.gz", "_Nul.tar.gz")]
    [TestCase("LPT1 .txt", "_LPT1 .txt")]
    [TestCase("COM\u00B9", "_COM\u00B9")]
    [TestCase("console.txt", "console.txt")]
    [TestCase("Grüße 日本.txt", "Grüße 日本.txt")]
    public void A_name_of_a_peer_becomes_one_that_only_names_a_file(string? name, string expected) =>
        Assert.That(InboxName.Make(name, "text/plain;charset=utf-8", 150), Is.EqualTo(expected));

    [Test]
    public void A_long_name_is_cut_before_its_extension_and_never_within_a_character()
    {
        var name = InboxName.Make(new string('€', 100) + ".jpeg", "image/jpeg", 50);

        Assert.That(name, Is.EqualTo(new string('€', 15) + ".jpeg"));
        Assert.That(Encoding.UTF8.GetByteCount(name), Is.EqualTo(50));
    }

    [Test]
    public void Half_a_surrogate_pair_is_no_character() =>
        Assert.That(InboxName.Make(new string(['a', '\uD800', 'b']), "text/plain", 150), Is.EqualTo("a_b"));

    [Test]
    public void What_is_long_is_no_extension() =>
        Assert.That(InboxName.Make("a." + new string('b', 200), "image/jpeg", 50), Is.EqualTo("a." + new string('b', 48)));

    [TestCase("image/png", "push.png")]
    [TestCase("application/x-sh", "push.bin")]
    [TestCase("text/../../etc/passwd", "push.bin")]
    public void Without_a_name_the_type_gives_the_extension_from_a_table(string contentType, string expected) =>
        Assert.That(InboxName.Make(null, contentType, 150), Is.EqualTo(expected));

    [TestCase("a.txt", "a (2).txt")]
    [TestCase("a", "a (2)")]
    [TestCase("a.tar.gz", "a.tar (2).gz")]
    public void A_second_one_has_a_number(string name, string expected) =>
        Assert.That(InboxName.WithNumber(name, 2), Is.EqualTo(expected));
}
