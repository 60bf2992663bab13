using SipPush.Sip;
using static SipPush.Tests.Sip.Dialogs.DialogWire;

namespace SipPush.Tests.Sip.Dialogs;

public sealed class DialogTests
{
    private const string Contact = "Contact: <sip:bob@192.0.2.2>\n";

    [Test, Description("RFC 3261 §12")]
    public void An_id_is_compared_with_regard_to_case_and_mirrored_at_the_other_end()
    {
        var id = new DialogId("call-1", "a", "b");

        Assert.That(id, Is.EqualTo(DialogId.Of(Response(200))));
        Assert.That(new DialogId("call-1", "b", "a"), Is.EqualTo(DialogId.Of(Within("BYE", 8))));
        Assert.That(id, Is.Not.EqualTo(id with { CallId = "CALL-1" }).And.Not.EqualTo(id with { LocalTag = "A" }).And.Not.EqualTo(id with { RemoteTag = "B" }));
        Assert.That(id.ToString(), Is.EqualTo("call-1;local-tag=a;remote-tag=b"));
    }

    [TestCase(180, DialogState.Early)]
    [TestCase(183, DialogState.Early)]
    [TestCase(200, DialogState.Confirmed)]
    [TestCase(202, DialogState.Confirmed)]
    [Description("RFC 3261 §12.1.2")]
    public void A_response_with_a_tag_begins_a_dialog(int status, DialogState state)
    {
        var dialog = Dialog.ForClient(Invite(), Response(status))!;

        Assert.That(dialog.Id, Is.EqualTo(new DialogId("call-1", "a", "b")));
        Assert.That(dialog.State, Is.EqualTo(state));
        Assert.That(dialog.LocalAddress.ToString(), Is.EqualTo("\"Alice\" <sip:alice@example.com>"));
        Assert.That(dialog.RemoteAddress.ToString(), Is.EqualTo("Bob <sip:bob@example.com>"));
        Assert.That(dialog.RemoteTarget.ToString(), Is.EqualTo("sip:bob@192.0.2.2"));
        Assert.That(dialog.RouteSet, Is.Empty);
        Assert.That((dialog.IsSecure, dialog.OwnsCallId), Is.EqualTo((false, true)));
    }

    [TestCase(100, ";tag=b", "Contact: <sip:bob@192.0.2.2>", TestName = "100")]
    [TestCase(180, "", "Contact: <sip:bob@192.0.2.2>", TestName = "A provisional response without a tag")]
    [TestCase(300, ";tag=b", "Contact: <sip:bob@192.0.2.2>", TestName = "A redirection")]
    [TestCase(486, ";tag=b", "Contact: <sip:bob@192.0.2.2>", TestName = "A refusal")]
    [TestCase(200, ";tag=b", "", TestName = "A 2xx without Contact")]
    [TestCase(200, ";tag=b", "Contact: *", TestName = "A 2xx with a star in Contact")]
    [TestCase(200, ";tag=b", "Contact: <tel:+15551234>", TestName = "A 2xx whose Contact is no SIP URI")]
    [TestCase(200, ";tag=a\"b", "Contact: <sip:bob@192.0.2.2>", TestName = "A tag that is no token")]
    public void No_dialog_begins_with(int status, string tag, string contact) =>
        Assert.That(Dialog.ForClient(Invite(), Response(status, contact, tag)), Is.Null);

    [Test, Description("RFC 3261 §12.1.2")]
    public void A_peer_of_RFC_2543_has_no_tag_and_To_stays_without()
    {
        var dialog = Dialog.ForClient(Invite(), Response(200, toTag: ""))!;

        Assert.That(dialog.Id.RemoteTag, Is.Empty);
        Assert.That(Text(dialog.CreateRequest(SipMethod.Bye)), Does.Contain("\r\nTo: Bob <sip:bob@example.com>\r\n"));
    }

    [Test]
    public void A_provisional_response_without_Contact_leaves_the_Request_URI_until_the_2xx_comes()
    {
        var dialog = Dialog.ForClient(Invite(), Response(183, ""))!;
        Assert.That(dialog.RemoteTarget.ToString(), Is.EqualTo("sip:bob@example.com"));

        dialog.Confirm(Response(200));

        Assert.That(dialog.RemoteTarget.ToString(), Is.EqualTo("sip:bob@192.0.2.2"));
        Assert.That(dialog.State, Is.EqualTo(DialogState.Confirmed));
    }

    [Test, Description("SIP-20; RFC 3261 §12.1.2, §12.2.1.1")]
    public void The_caller_asks_by_the_recorded_route_in_reverse()
    {
        var dialog = Dialog.ForClient(Invite(), Response(200, Contact + "Record-Route: <sip:p2.example.com;lr;x=y>, <sip:p1.example.com;lr>;rr\nRecord-Route: <sip:p0.example.com;lr>"))!;

        Assert.That(Text(dialog.CreateRequest(SipMethod.Bye)), Is.EqualTo(Lines(
            "BYE sip:bob@192.0.2.2 SIP/2.0",
            "Route: <sip:p0.example.com;lr>",
            "Route: <sip:p1.example.com;lr>",
            "Route: <sip:p2.example.com;lr;x=y>",
            "Max-Forwards: 70",
            "From: \"Alice\" <sip:alice@example.com>;tag=a",
            "To: Bob <sip:bob@example.com>;tag=b",
            "Call-ID: call-1",
            "CSeq: 8 BYE",
            "Content-Length: 0")));
        Assert.That(dialog.NextHop.ToString(), Is.EqualTo("sip:p0.example.com;lr"));
    }

    [Test, Description("RFC 3261 §12.1.2")]
    public void A_route_keeps_its_parameters_octet_for_octet()
    {
        var invite = SipRequest.Parse(Wire.Raw(Wire.Text(Invite().Octets).Replace("\r\n\r\n", "\r\nRecord-Route: <sip:p1.example.com;lr;x=\xFF\xFE>\r\n\r\n", StringComparison.Ordinal)));

        Assert.That(Text(Dialog.ForServer(invite, "b")!.CreateRequest(SipMethod.Bye)), Does.Contain("\r\nRoute: <sip:p1.example.com;lr;x=\xFF\xFE>\r\n"));
    }

    [Test, Description("RFC 3261 §12.1.1")]
    public void The_called_end_asks_by_the_recorded_route_in_order_and_begins_to_count_with_1()
    {
        var invite = Invite("Contact: \"A\" <sip:alice@192.0.2.1:5070>;x\nRecord-Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>");
        var dialog = Dialog.ForServer(invite, "b")!;

        Assert.That((dialog.Id, dialog.State, dialog.OwnsCallId), Is.EqualTo((new DialogId("call-1", "b", "a"), DialogState.Early, false)));
        Assert.That(Text(dialog.CreateRequest(SipMethod.Bye)), Is.EqualTo(Lines(
            "BYE sip:alice@192.0.2.1:5070 SIP/2.0",
            "Route: <sip:p2.example.com;lr>",
            "Route: <sip:p1.example.com;lr>",
            "Max-Forwards: 70",
            "From: Bob <sip:bob@example.com>;tag=b",
            "To: \"Alice\" <sip:alice@example.com>;tag=a",
            "Call-ID: call-1",
            "CSeq: 1 BYE",
            "Content-Length: 0")));
        Assert.That(dialog.NextHop.ToString(), Is.EqualTo("sip:p2.example.com;lr"));

        dialog.Confirm();
        Assert.That(dialog.State, Is.EqualTo(DialogState.Confirmed));
        Assert.That(dialog.RouteSet, Has.Count.EqualTo(2), "the route set is that of the INVITE");
    }

    [Test, Description("RFC 3261 §12.2.1.1, its example")]
    public void A_strict_router_gets_the_Request_URI_and_the_target_is_the_last_route()
    {
        var dialog = Dialog.ForClient(Invite(), Response(200, "Contact: <sip:user@remoteua>\nRecord-Route: <sip:proxy4>,<sip:proxy3;lr>,<sip:proxy2>,<sip:proxy1>"))!;

        var request = dialog.CreateRequest(SipMethod.Options).Build();

        Assert.That(request.RequestUriText.ToString(), Is.EqualTo("sip:proxy1"));
        Assert.That(request.Values(SipHeaderNames.Route).Select(route => route.ToString()), Is.EqualTo([
            "<sip:proxy2>", "<sip:proxy3;lr>", "<sip:proxy4>", "<sip:user@remoteua>"]));
        Assert.That(dialog.NextHop.ToString(), Is.EqualTo("sip:proxy1"));
    }

    [Test, Description("RFC 3261 §12.2.1.1, §19.1.1")]
    public void What_a_Request_URI_may_not_have_is_left_out_of_it()
    {
        var strict = Dialog.ForClient(Invite(), Response(200, Contact + "Record-Route: <sip:proxy1;a;method=BYE;b=c?Subject=x>"))!;
        var direct = Dialog.ForClient(Invite(), Response(200, "Contact: <sip:bob@192.0.2.2;transport=tcp?Subject=x>"))!;

        Assert.That(strict.CreateRequest(SipMethod.Bye).RequestUri!.ToString(), Is.EqualTo("sip:proxy1;a;b=c"));
        Assert.That(direct.CreateRequest(SipMethod.Bye).RequestUri!.ToString(), Is.EqualTo("sip:bob@192.0.2.2;transport=tcp"));
    }

    [TestCase("sip:bob@example.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6")]
    [TestCase("sip:tgruu.7hs==jd7vnzga5w7fajsc7-ajd6fabz0f8g5@example.com;gr")]
    [Description("SIP-66; RFC 5627 §3")]
    public void A_GRUU_is_asked_as_it_was_written(string gruu)
    {
        var dialog = Dialog.ForClient(Invite(), Response(200, $"Contact: <{gruu}>;+sip.instance=\"<urn:uuid:x>\""))!;

        Assert.That(dialog.RemoteTarget.IsGruu);
        Assert.That(dialog.RemoteTarget.ToString(), Is.EqualTo(gruu));
        Assert.That(dialog.CreateRequest(SipMethod.Bye).RequestUri!.ToString(), Is.EqualTo(gruu));
    }

    [Test, Description("RFC 3261 §13.2.2.4")]
    public void The_2xx_gives_an_early_dialog_its_route_set_anew_and_leaves_the_numbers()
    {
        var dialog = Dialog.ForClient(Invite(), Response(183, Contact + "Record-Route: <sip:p1.example.com;lr>"))!;
        dialog.CreateRequest(new SipMethod("PRACK")).Dispose();
        dialog.OnRequest(Within("UPDATE", 40));

        dialog.Confirm(Response(200, "Contact: <sip:bob@192.0.2.3>\nRecord-Route: <sip:p3.example.com;lr>,<sip:p2.example.com;lr>"));

        Assert.That(dialog.State, Is.EqualTo(DialogState.Confirmed));
        Assert.That(dialog.RouteSet.Select(route => route.ToString()), Is.EqualTo(["sip:p2.example.com;lr", "sip:p3.example.com;lr"]));
        Assert.That(dialog.RemoteTarget.ToString(), Is.EqualTo("sip:bob@192.0.2.3"));
        Assert.That(dialog.NextCSeq(), Is.EqualTo(9));
        Assert.That(dialog.OnRequest(Within("BYE", 39)), Is.EqualTo(DialogRequestOrder.OutOfOrder));
    }

    [Test]
    public void A_repeated_2xx_or_one_after_the_end_changes_nothing()
    {
        var confirmed = Dialog.ForClient(Invite(), Response(200))!;
        confirmed.RefreshTarget(Within("UPDATE", 40, "Contact: <sip:bob@192.0.2.9>"));
        confirmed.Confirm(Response(200));

        var ended = Dialog.ForClient(Invite(), Response(180))!;
        ended.Terminate();
        ended.Confirm(Response(200));

        Assert.That(confirmed.RemoteTarget.ToString(), Is.EqualTo("sip:bob@192.0.2.9"));
        Assert.That(ended.State, Is.EqualTo(DialogState.Terminated));
    }

    [Test, Description("SIP-17; RFC 3261 §13.2.2.4")]
    public void An_ACK_has_the_number_and_the_credentials_of_its_INVITE()
    {
        var invite = Invite("Authorization: Digest username=\"a\", realm=\"r1\"\nProxy-Authorization: Digest username=\"a\", realm=\"r2\"\nProxy-Authorization: Digest username=\"a\", realm=\"r3\"");
        var dialog = Dialog.ForClient(invite, Response(200, Contact + "Record-Route: <sip:p1.example.com;lr>"))!;
        dialog.CreateRequest(SipMethod.Options).Dispose();

        Assert.That(Text(dialog.CreateAck(invite)), Is.EqualTo(Lines(
            "ACK sip:bob@192.0.2.2 SIP/2.0",
            "Route: <sip:p1.example.com;lr>",
            "Max-Forwards: 70",
            "From: \"Alice\" <sip:alice@example.com>;tag=a",
            "To: Bob <sip:bob@example.com>;tag=b",
            "Call-ID: call-1",
            "CSeq: 7 ACK",
            "Authorization: Digest username=\"a\", realm=\"r1\"",
            "Proxy-Authorization: Digest username=\"a\", realm=\"r2\"",
            "Proxy-Authorization: Digest username=\"a\", realm=\"r3\"",
            "Content-Length: 0")));
        Assert.That(dialog.NextCSeq(), Is.EqualTo(9), "an ACK takes no number");
    }

    [Test, Description("SIP-20")]
    public void Threads_that_ask_at_once_get_numbers_without_gaps()
    {
        var dialog = Dialog.ForServer(Invite(), "b")!;
        var numbers = new uint[1_000];

        Parallel.For(0, numbers.Length, i => numbers[i] = dialog.NextCSeq());

        Assert.That(numbers.Order(), Is.EqualTo(Enumerable.Range(1, numbers.Length)));
    }

    [Test, Description("SIP-21; RFC 3261 §12.2.2")]
    public void Only_a_lower_number_is_out_of_order()
    {
        var dialog = Dialog.ForServer(Invite(), "b")!;

        Assert.That(Order(("INFO", 6), ("INFO", 7), ("INFO", 12), ("UPDATE", 12), ("INFO", 11), ("INFO", 13)), Is.EqualTo("OutOfOrder InOrder InOrder InOrder OutOfOrder InOrder"));

        string Order(params (string Method, int Number)[] requests) =>
            string.Join(' ', requests.Select(request => dialog.OnRequest(Within(request.Method, request.Number))));
    }

    [Test, Description("RFC 3261 §12.1.2")]
    public void The_first_number_of_the_called_end_is_any()
    {
        var dialog = Dialog.ForClient(Invite(), Response(200))!;

        Assert.That(dialog.OnRequest(Within("BYE", 1)), Is.EqualTo(DialogRequestOrder.InOrder));
        Assert.That(dialog.OnRequest(Within("BYE", 0)), Is.EqualTo(DialogRequestOrder.OutOfOrder));
    }

    [TestCase("ACK")]
    [TestCase("CANCEL")]
    [Description("RFC 3261 §12.2.1.1")]
    public void The_number_of_an_INVITE_is_no_matter_of_order(string method)
    {
        var dialog = Dialog.ForServer(Invite(), "b")!;
        dialog.OnRequest(Within("INFO", 9));

        Assert.That(dialog.OnRequest(Within(method, 7)), Is.EqualTo(DialogRequestOrder.InOrder));
        Assert.That(dialog.OnRequest(Within(method, 99)), Is.EqualTo(DialogRequestOrder.InOrder));
        Assert.That(dialog.OnRequest(Within("INFO", 10)), Is.EqualTo(DialogRequestOrder.InOrder), "99 was not remembered");
    }

    [Test, Description("RFC 3261 §12.2")]
    public void A_refresh_changes_the_target_and_never_the_route()
    {
        var dialog = Dialog.ForServer(Invite("Contact: <sip:alice@192.0.2.1>\nRecord-Route: <sip:p1.example.com;lr>"), "b")!;

        dialog.RefreshTarget(Within("INVITE", 8, "Contact: <sip:alice@192.0.2.7;transport=tcp>\nRecord-Route: <sip:p9.example.com;lr>"));
        Assert.That(dialog.RemoteTarget.ToString(), Is.EqualTo("sip:alice@192.0.2.7;transport=tcp"));
        Assert.That(dialog.RouteSet.Single().ToString(), Is.EqualTo("sip:p1.example.com;lr"));

        dialog.RefreshTarget(Within("UPDATE", 9));
        dialog.RefreshTarget(Within("UPDATE", 10, "Contact: <tel:+15551234>"));
        Assert.That(dialog.RemoteTarget.ToString(), Is.EqualTo("sip:alice@192.0.2.7;transport=tcp"), "without a usable Contact nothing changes");
    }

    [TestCase("sips:bob@example.com", "TLS", true)]
    [TestCase("sips:bob@example.com", "WSS", true)]
    [TestCase("sips:bob@example.com", "TCP", false)]
    [TestCase("sip:bob@example.com", "TLS", false)]
    [Description("RFC 3261 §12.1.1")]
    public void The_called_end_is_secure_when_a_SIPS_URI_came_over_TLS(string uri, string transport, bool secure) =>
        Assert.That(Dialog.ForServer(Invite(uri: uri, transport: transport), "b")!.IsSecure, Is.EqualTo(secure));

    [TestCase("")]
    [TestCase("Contact: <tel:+15551234>")]
    [TestCase("Contact: *")]
    public void A_request_without_a_SIP_URI_in_Contact_begins_no_dialog(string contact) =>
        Assert.That(Dialog.ForServer(Invite(contact), "b"), Is.Null);

    [Test]
    public void Names_go_back_as_they_came_but_for_folds_and_NUL()
    {
        var folded = Dialog.ForServer(Raw("From: \"J\xF6rg\"\r\n  <sip:alice@example.com>;tag=a;x=y"), "b")!;
        var nul = Dialog.ForServer(Raw("From: \"a\\\0b\" <sip:alice@example.com>;tag=a"), "b")!;
        var untagged = Dialog.ForServer(Raw("From: sip:alice@example.com"), "b")!;

        Assert.That(Text(folded.CreateRequest(SipMethod.Bye)), Does.Contain("\r\nTo: \"J\xF6rg\" <sip:alice@example.com>;tag=a\r\n"));
        Assert.That(Text(nul.CreateRequest(SipMethod.Bye)), Does.Contain("\r\nTo: <sip:alice@example.com>;tag=a\r\n"));
        Assert.That(Text(untagged.CreateRequest(SipMethod.Bye)), Does.Contain("\r\nTo: <sip:alice@example.com>\r\n"));
        Assert.That(Dialog.ForServer(Raw("From: <not a uri>;tag=a"), "b"), Is.Null);
        Assert.That(Dialog.ForServer(Raw("From: <sip:alice@example.com>;tag=\0"), "b"), Is.Null);
        Assert.That(Dialog.ForServer(Raw("From: <sip:alice@example.com>;tag=a", "1\0"), "b"), Is.Null);

        static SipRequest Raw(string from, string callId = "1") => SipRequest.Parse(Wire.Raw(
            "INVITE sip:bob@example.com SIP/2.0\r\n"
            + "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
            + from + "\r\n"
            + "To: <sip:bob@example.com>\r\nCall-ID: " + callId + "\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@192.0.2.1>\r\n\r\n"));
    }

    private static string Text(SipRequestBuilder request) => Wire.Text(request.Build().Octets);

    private static string Lines(params string[] lines) => string.Join("\r\n", lines) + "\r\n\r\n";
}
