using SipPush.Sdp;

namespace SipPush.Tests.Sdp;

public sealed class FileSelectorTests
{
    [Description("SDP-27")]
    [TestCase("name:\"My cool picture.jpg\" type:image/jpeg size:32349 hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E")]
    [TestCase("hash:sha-1:72:24:5f:e8:65:3d:da:f3:71:36:2f:86:d4:71:91:3e:e4:a2:ce:2e size:32349 name:\"My cool picture.jpg\" type:image/jpeg")]
    [TestCase("  type:image/jpeg   size:32349 hash:SHA-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E name:\"My cool picture.jpg\"")]
    public void Selectors_come_in_any_order_and_go_in_one(string text)
    {
        Assert.That(FileSelector.TryParse(text, out var selector));
        Assert.That(selector!.Name, Is.EqualTo("My cool picture.jpg"));
        Assert.That(selector.Type, Is.EqualTo("image/jpeg"));
        Assert.That(selector.Size, Is.EqualTo(32349));
        Assert.That(selector.Hashes, Is.EqualTo([SdpSamples.Hash]));
        Assert.That(selector.ToString(), Is.EqualTo("name:\"My cool picture.jpg\" type:image/jpeg size:32349 hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E"));
    }

    [Test]
    [Description("SDP-27")]
    public void There_may_be_several_hashes_and_selectors_of_the_future()
    {
        Assert.That(FileSelector.TryParse("hash:sha-1:AA:BB colour:red hash:sha-256:01:02:03", out var selector));

        Assert.That(selector!.Hashes.Select(hash => hash.ToString()), Is.EqualTo(["sha-1:AA:BB", "sha-256:01:02:03"]));
        Assert.That(selector.Hash("SHA-256")!.ToOctets(), Is.EqualTo(new byte[] { 1, 2, 3 }));
    }

    [Description("SDP-28")]
    [TestCase("a%22b%25c%0D%0A%00", "a\"b%c\r\n\0", "a%22b%25c%0D%0A%00")]
    [TestCase("..%2f..%5Cetc%3Apasswd", "../..\\etc:passwd", "..%2F..%5Cetc%3Apasswd")]
    [TestCase("gr%C3%BC%C3%9Fe.txt", "grüße.txt", "grüße.txt")]
    [TestCase("日本.txt", "日本.txt", "日本.txt")]
    public void A_name_is_decoded_and_is_as_hostile_as_before(string coded, string name, string written)
    {
        Assert.That(FileSelector.TryParse($"name:\"{coded}\"", out var selector));

        Assert.That(selector!.Name, Is.EqualTo(name));
        Assert.That(selector.ToString(), Is.EqualTo($"name:\"{written}\""));
    }

    [Test]
    [Description("SDP-28")]
    public void An_octet_that_is_no_UTF8_is_kept_in_a_name()
    {
        Assert.That(FileSelector.TryParse("name:\"caf%E9\"", out var selector));

        Assert.That(selector!.Name, Has.Length.EqualTo(4));
        var offer = SdpSamples.Offer("") with { Attributes = [new SdpAttribute("x", selector.Name)] };
        Assert.That(offer.ToOctets().AsSpan().IndexOf([(byte)'f', (byte)0xE9, (byte)'\r']), Is.GreaterThan(0));
    }

    [Test]
    public void The_parameters_of_a_type_are_quoted_and_coded_here_and_not_in_a_header()
    {
        Assert.That(FileSelector.TryParse("type:text/plain;charset=\"utf-8\";title=\"a %22b%22;c d\" size:1", out var selector));

        Assert.That(selector!.Type, Is.EqualTo("text/plain"));
        Assert.That(selector.TypeParameters.Select(parameter => $"{parameter.Key}: {parameter.Value}"), Is.EqualTo(["charset: utf-8", "title: a \"b\";c d"]));
        Assert.That(selector.ContentType, Is.EqualTo("text/plain;charset=utf-8;title=\"a \\\"b\\\";c d\""));
        Assert.That(selector.ToString(), Is.EqualTo("type:text/plain;charset=\"utf-8\";title=\"a %22b%22;c d\" size:1"));
        Assert.That(FileSelector.TryParse("type:text/plain;x=\"a%0D%0AEvil: yes\"", out var evil));
        Assert.That(evil!.ContentType, Is.EqualTo("text/plain"));
    }

    [TestCase("name:unquoted")]
    [TestCase("name:\"\"")]
    [TestCase("name:\"open")]
    [TestCase("name:\"a\"b")]
    [TestCase("name:\"%4\"")]
    [TestCase("name:\"%4G\"")]
    [TestCase("name:\"a\" name:\"b\"")]
    [TestCase("size:")]
    [TestCase("size:-1")]
    [TestCase("size:1x")]
    [TestCase("size:99999999999999999999")]
    [TestCase("size:1 size:2")]
    [TestCase("type:text")]
    [TestCase("type:text/")]
    [TestCase("type:text/plain;")]
    [TestCase("type:text/plain;x")]
    [TestCase("type:text/plain;x=\"a\"b")]
    [TestCase("hash:sha-1")]
    [TestCase("hash:sha-1:")]
    [TestCase("hash:sha-1:7")]
    [TestCase("hash:sha-1:72:")]
    [TestCase("hash:sha-1:72-24")]
    [TestCase("hash:sha-1: 72:24")]
    [TestCase("nonsense")]
    public void Anything_else_is_none(string text) => Assert.That(FileSelector.TryParse(text, out _), Is.False);

    [Test]
    [Description("SDP-38")]
    public void Nothing_selects_nothing()
    {
        Assert.That(FileSelector.TryParse("", out var selector));
        Assert.That(selector!.IsEmpty);
        Assert.That(selector.ToString(), Is.Empty);
    }

    [Description("SDP-32, SDP-33")]
    [TestCase("name:\"a\" size:1", "name:\"a\" size:1 hash:sha-1:AA", true)]
    [TestCase("name:\"a\" size:1", "name:\"b\" size:1", false)]
    [TestCase("size:1", "size:2", false)]
    [TestCase("type:text/plain", "type:TEXT/plain", true)]
    [TestCase("hash:sha-1:AA", "hash:sha-1:AB", false)]
    [TestCase("hash:sha-1:AA", "hash:sha-256:AB", true)]
    public void A_selector_may_say_more_and_mean_the_same_file(string one, string other, bool isSame)
    {
        Assert.That(FileSelector.TryParse(one, out var first));
        Assert.That(FileSelector.TryParse(other, out var second));
        Assert.That(first!.IsSameFile(second!), Is.EqualTo(isSame));
        Assert.That(second!.IsSameFile(first), Is.EqualTo(isSame));
    }

    [TestCase("1-32349", 1, 32349L)]
    [TestCase("4097-*", 4097, null)]
    [TestCase("7-7", 7, 7L)]
    public void A_range_is_of_the_file_and_may_be_open(string text, long start, long? stop)
    {
        Assert.That(FileRange.TryParse(text, out var range));
        Assert.That(range, Is.EqualTo(new FileRange(start, stop)));
        Assert.That(range.ToString(), Is.EqualTo(text));
        Assert.That(range.Length, Is.EqualTo(stop - start + 1));
    }

    [TestCase("")]
    [TestCase("1")]
    [TestCase("0-5")]
    [TestCase("5-4")]
    [TestCase("*-5")]
    [TestCase("1-x")]
    [TestCase("-1-5")]
    [TestCase("1-99999999999999999999")]
    public void Anything_else_is_no_range(string text) => Assert.That(FileRange.TryParse(text, out _), Is.False);

    [Test]
    public void Dates_have_a_numeric_zone()
    {
        Assert.That(FileDate.TryParse("creation:\"Mon, 15 May 2006 15:01:31 +0300\" read:\"1 Jan 2024 00:00 -0130\"", out var date));

        Assert.That(date!.Creation, Is.EqualTo(new DateTimeOffset(2006, 5, 15, 15, 1, 31, TimeSpan.FromHours(3))));
        Assert.That(date.Modification, Is.Null);
        Assert.That(date.ToString(), Is.EqualTo("creation:\"Mon, 15 May 2006 15:01:31 +0300\" read:\"Mon, 1 Jan 2024 00:00:00 -0130\""));
    }

    [TestCase("")]
    [TestCase("creation:15 May 2006")]
    [TestCase("creation:\"Mon, 31 Feb 2006 15:01:31 +0300\"")]
    [TestCase("creation:\"Mon, 15 May 2006 25:01:31 +0300\"")]
    [TestCase("creation:\"Mon, 15 May 2006 15:01:31 +9900\"")]
    [TestCase("creation:\"Mon, 1 Jan 0001 00:01:31 +0300\"")]
    [TestCase("birth:\"Mon, 15 May 2006 15:01:31 +0300\"")]
    [TestCase("read:\"Mon, 15 May 2006 15:01:31 +0300\" read:\"Mon, 15 May 2006 15:01:31 +0300\"")]
    public void Anything_else_is_no_date(string text) => Assert.That(FileDate.TryParse(text, out _), Is.False);
}
