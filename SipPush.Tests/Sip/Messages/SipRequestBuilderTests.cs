using System.Buffers;
using SipPush.Sip;

namespace SipPush.Tests.Sip.Messages;

public sealed class SipRequestBuilderTests
{
    private static readonly SipUri Bob = SipUri.Parse("sip:bob@example.com");

    [Test]
    public void A_request_goes_out_as_it_was_put_together()
    {
        var builder = new SipRequestBuilder(SipMethod.Message, Bob);
        builder.Add("v", "SIP/2.0/UDP host;branch=z9hG4bK1");
        builder.Add("From", "<sip:alice@example.com>;tag=1");
        builder.Add("X-Own", "żółw");
        builder.SetBody("text/plain", "hello"u8.ToArray());

        var wire = Wire.Of("""
            MESSAGE sip:bob@example.com SIP/2.0
            Via: SIP/2.0/UDP host;branch=z9hG4bK1
            From: <sip:alice@example.com>;tag=1
            X-Own: żółw
            Content-Type: text/plain
            Content-Length: 5

            hello
            """, utf8: true);
        Assert.That(builder.Build().Octets.ToArray(), Is.EqualTo(wire));
        Assert.That(WrittenBy(builder), Is.EqualTo(wire));
    }

    [Test]
    public void What_is_built_reads_like_what_is_parsed()
    {
        var builder = new SipRequestBuilder(SipMethod.Message, Bob);
        builder.Add("From", "<sip:alice@example.com>;tag=1");
        builder.Add("X-Own", "1");
        builder.SetBody("text/plain", "hello"u8.ToArray());

        var built = builder.Build();
        var parsed = SipRequest.Parse(built.Octets.Span);

        Assert.That(built.Headers, Is.EqualTo(parsed.Headers));
        Assert.That(built.RequestUriText, Is.EqualTo(parsed.RequestUriText));
        Assert.That(built.Body.ToArray(), Is.EqualTo(parsed.Body.ToArray()));
        Assert.That(built["x-own"].ToString(), Is.EqualTo("1"));
    }

    [Test]
    public void What_is_not_touched_goes_out_byte_for_byte()
    {
        var received = SipRequest.Parse(Wire.Raw(
            "MESSAGE sip:bob@example.com SIP/2.0\r\n" +
            "X-Strange  :\t  \"\xE9\xFF\\\0\" ,, a\r\n\t  folded  \r\n" +
            "v:SIP/2.0/UDP host;branch= z9hG4bK1\n" +
            "x-strange: second\r\n" +
            "l: 2\r\n" +
            "F : <sip:a@b>;tag=1\r\n\r\nhi"));

        var sent = Wire.Text(new SipRequestBuilder(received).Build().Octets);

        Assert.That(sent, Is.EqualTo(
            "MESSAGE sip:bob@example.com SIP/2.0\r\n" +
            "X-Strange  :\t  \"\xE9\xFF\\\0\" ,, a\r\n\t  folded  \r\n" +
            "v:SIP/2.0/UDP host;branch= z9hG4bK1\n" +
            "x-strange: second\r\n" +
            "F : <sip:a@b>;tag=1\r\n" +
            "Content-Length: 2\r\n\r\nhi"));
    }

    [Test]
    public void A_received_request_can_be_retargeted()
    {
        var builder = new SipRequestBuilder(Received("Call-ID: 1")) { RequestUri = SipUri.Parse("sip:bob@192.0.2.4;transport=tcp") };

        var request = builder.Build();

        Assert.That(request.RequestUriText.ToString(), Is.EqualTo("sip:bob@192.0.2.4;transport=tcp"));
        Assert.That(request.CallId.ToString(), Is.EqualTo("1"));
        Assert.That(Wire.Text(request.Octets), Does.StartWith("MESSAGE sip:bob@192.0.2.4;transport=tcp SIP/2.0\r\nCall-ID: 1\r\n"));
    }

    [TestCase("Subject", "a\r\nEvil: 1")]
    [TestCase("Subject", "a\nb")]
    [TestCase("Subject", "a\rb")]
    [TestCase("X-Own", "a\0b")]
    [TestCase("s", "\r\n")]
    public void No_value_can_end_its_line(string name, string value)
    {
        var builder = new SipRequestBuilder(SipMethod.Message, Bob);
        builder.Add("Subject", "first");
        builder.Add("X-Own", "second");
        var before = Wire.Text(builder.Build().Octets);
        var field = new SipHeaderName(name).Name;

        foreach (var attempt in new Action[]
        {
            () => builder.Add(name, value),
            () => builder.Add(name, SipText.From(value)),
            () => builder.Prepend(name, value),
            () => builder.Set(name, value),
            () => builder.SetBody(value, default),
        })
        {
            Assert.That(attempt, Throws.ArgumentException.With.Message.Contains(field).Or.Message.Contains("Content-Type"));
            Assert.That(Wire.Text(builder.Build().Octets), Is.EqualTo(before), "nothing has changed");
        }

        builder.Add(name, "fine");
        Assert.That(builder.Build().Lines(name).Last().ToString(), Is.EqualTo("fine"));
    }

    [Test]
    public void A_null_value_or_no_name_changes_nothing()
    {
        var builder = new SipRequestBuilder(SipMethod.Message, Bob);
        builder.Add("Subject", "first");
        builder.Remove("Subject");

        Assert.That(() => builder.Add("Subject", null!), Throws.ArgumentNullException);
        Assert.That(() => builder.Add(default, "x"), Throws.ArgumentException);
        Assert.That(builder.Build().Headers.Select(header => header.Name.ToString()), Is.EqualTo(["Content-Length"]));
    }

    [TestCase("")]
    [TestCase("BAD METHOD")]
    [TestCase("BÄD")]
    [TestCase("A\r\nB")]
    public void A_method_is_a_token(string method) =>
        Assert.That(() => new SipRequestBuilder(new SipMethod(method), Bob), Throws.ArgumentException);

    [Test]
    public void Prepend_puts_a_line_on_top_and_Set_where_the_first_one_stood()
    {
        var builder = new SipRequestBuilder(Received("Via: 1", "Route: a", "Subject: x", "Route: b", "Via: 2"));

        builder.Prepend("Via", "0");
        builder.Set("Route", "c");
        builder.Set("Date", "now");
        builder.Set("Subject", "y");

        Assert.That(Lines(builder), Is.EqualTo(["Via: 0", "Via: 1", "Route: c", "Subject: y", "Via: 2", "Date: now", "Content-Length: 0"]));
    }

    [Test]
    public void Remove_takes_out_all_lines_of_a_name_whatever_its_form()
    {
        var builder = new SipRequestBuilder(Received("m: <sip:a@b>", "CONTACT: <sip:c@d>", "x-OWN: 1", "Subject: x"));

        Assert.That(builder.Remove("Contact"));
        Assert.That(builder.Remove("X-Own"));
        Assert.That(builder.Remove("Route"), Is.False);
        Assert.That(Lines(builder), Is.EqualTo(["Subject: x", "Content-Length: 0"]));
    }

    [Test]
    public void RemoveFirstValue_takes_one_value_and_leaves_the_others_in_order()
    {
        var builder = new SipRequestBuilder(Received("Route: <sip:a,b;lr>,\r\n\t<sip:c;lr> ,  <sip:d;lr>", "Subject: x", "Route: \"<,\" <sip:e;lr>"));
        var steps = new List<string>();

        while (builder.RemoveFirstValue("Route"))
        {
            steps.Add(string.Join(" | ", Lines(builder).SkipLast(1)));
        }

        Assert.That(steps, Is.EqualTo(
        [
            "Route: <sip:c;lr> ,  <sip:d;lr> | Subject: x | Route: \"<,\" <sip:e;lr>",
            "Route: <sip:d;lr> | Subject: x | Route: \"<,\" <sip:e;lr>",
            "Subject: x | Route: \"<,\" <sip:e;lr>",
            "Subject: x",
        ]));
    }

    [Test]
    public void RemoveFirstValue_leaves_no_line_without_a_value()
    {
        var builder = new SipRequestBuilder(Received("Route: <sip:a;lr>, "));

        Assert.That(builder.RemoveFirstValue("Route"));
        Assert.That(Lines(builder), Is.EqualTo(["Content-Length: 0"]));
    }

    [Test]
    public void A_builder_can_be_built_again_after_a_change()
    {
        var builder = new SipRequestBuilder(SipMethod.Message, Bob);
        for (var i = 0; i < 100; i++)
        {
            builder.Add("X-Own", new string('x', i));
        }

        var first = builder.Build();
        builder.Set("X-Own", "1");
        builder.Body = "12345678901"u8.ToArray();
        var second = builder.Build();

        Assert.That(first.Lines("X-Own").Count(), Is.EqualTo(100));
        Assert.That(first.Lines("X-Own").Last().Length, Is.EqualTo(99));
        Assert.That(second["Content-Length"].ToString(), Is.EqualTo("11"));
        Assert.That(SipRequest.Parse(second.Octets.Span).Body.Length, Is.EqualTo(11));
    }

    [Test]
    public void A_header_section_that_could_not_be_read_is_not_written()
    {
        var builder = new SipRequestBuilder(SipMethod.Message, Bob);
        builder.Add("Subject", new string('x', 70_000));

        Assert.That(builder.Build, Throws.InvalidOperationException);
        Assert.That(() => WrittenBy(builder), Throws.InvalidOperationException);
    }

    private static SipRequest Received(params string[] lines) =>
        SipRequest.Parse(Wire.Raw($"MESSAGE sip:bob@example.com SIP/2.0\r\n{string.Join("\r\n", lines)}\r\n\r\n"));

    private static string[] Lines(SipRequestBuilder builder) =>
        [.. Wire.Text(builder.Build().Octets).Split("\r\n").Skip(1).TakeWhile(line => line.Length > 0)];

    private static byte[] WrittenBy(SipRequestBuilder builder)
    {
        var writer = new ArrayBufferWriter<byte>();
        builder.WriteTo(writer);
        return writer.WrittenSpan.ToArray();
    }
}
