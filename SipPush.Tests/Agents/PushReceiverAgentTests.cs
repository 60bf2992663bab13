using SipPush.Sip;

namespace SipPush.Tests.Agents;

public sealed class PushReceiverAgentTests
{
    private const string Mms = "Content-Type: application/vnd.wap.mms-message\nX-Wap-Application-Id: x-wap-application:mms.ua\nPush-Flag: 7\n\noctets";

    private AgentWire _wire = null!;
    private int _requests;

    [TearDown]
    public async Task Stop() => await _wire.DisposeAsync();

    [Test]
    [Description("PUSH-10, PUSH-11, SIP-84, SIP-85")]
    public async Task The_message_of_the_flow_is_answered_and_handed_over()
    {
        await using var receiver = await StartAsync(new PushReceiverOptions { Applications = ["mms.ua"] });

        var answer = await _wire.AskAsync("""
            MESSAGE sip:user@192.0.2.4 SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK123dsghds
            Via: SIP/2.0/TCP psa.domain.com;branch=z9hG4bK776sgdkse;received=192.0.2.10
            Max-Forwards: 69
            P-Asserted-Identity: <sip:psa@domain.com>
            P-Called-Party-ID: <sip:user@domain.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>
            From: <sip:psa.domain.com>;tag=49583
            To: "Bob" <sip:user@domain.com>
            Supported: gruu
            Accept-Contact: *;+g.3gpp.icsi-ref="urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush";+g.oma.pusheventapp="mms.ua";require;explicit
            Call-ID: 723459815768908@998sdasdh09
            CSeq: 1 MESSAGE
            Content-Type: application/vnd.oma.push
            Content-Length: <CL>

            Content-Type: application/vnd.wap.mms-message
            X-Wap-Application-Id: x-wap-application:mms.ua

            octets
            """);

        Assert.That(answer, Is.EqualTo("""
            SIP/2.0 200 OK
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK123dsghds
            Via: SIP/2.0/TCP psa.domain.com;branch=z9hG4bK776sgdkse;received=192.0.2.10
            From: <sip:psa.domain.com>;tag=49583
            To: "Bob" <sip:user@domain.com>;tag=0000000000000001
            Call-ID: 723459815768908@998sdasdh09
            CSeq: 1 MESSAGE
            Content-Length: 0


            """.ReplaceLineEndings("\n")));
        await using var push = await NextAsync(receiver);
        Assert.That((push.From.ToString(), push.FromIsAsserted), Is.EqualTo(("sip:psa@domain.com", true)));
        Assert.That(push.To.ToString(), Is.EqualTo("sip:user@domain.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
        Assert.That((push.Application, push.ContentType, push.Length), Is.EqualTo(((PushApplicationId)"mms.ua", "application/vnd.wap.mms-message", 6L)));
        using var reader = new StreamReader(push.Content);
        Assert.That(await reader.ReadToEndAsync(), Is.EqualTo("octets"));
        await push.CompleteAsync();
        Assert.That(push.IsCompleted, Is.True);
    }

    [Test]
    [Description("PUSH-21, SIP-81, SIP-84")]
    public async Task From_a_peer_that_is_not_trusted_only_its_own_word_is_shown()
    {
        await using var receiver = await StartAsync(new PushReceiverOptions(), trusted: false);

        await PushAsync(Mms, "P-Asserted-Identity: <sip:bank@domain.com>\nP-Called-Party-ID: sip:other@domain.com");

        var push = await NextAsync(receiver);
        Assert.That((push.From.ToString(), push.FromIsAsserted, push.To.ToString()), Is.EqualTo(("sip:psa.domain.com", false, "sip:user@domain.com")));
        Assert.That(push.Flags, Is.EqualTo(PushFlags.LastPushMessage));
    }

    [Test]
    [Description("PUSH-21, SIP-84")]
    public async Task From_a_trusted_peer_the_flags_and_a_bare_called_party_count()
    {
        await using var receiver = await StartAsync(new PushReceiverOptions());

        await PushAsync(Mms, "P-Asserted-Identity: <tel:+1>, <sip:bank@domain.com>\nP-Called-Party-ID: sip:other@domain.com");

        var push = await NextAsync(receiver);
        Assert.That((push.From.ToString(), push.To.ToString(), (int)push.Flags), Is.EqualTo(("sip:bank@domain.com", "sip:other@domain.com", 7)));
    }

    [TestCase("*;+g.oma.pusheventapp=\"ulp.ua\"", "Content-Type: application/vnd.wap.mms-message\nX-Wap-Application-Id: mms.ua\n\n", "ulp.ua")]
    [TestCase("*;+g.oma.pusheventapp=\"sms.ua,ulp.ua\"", "Content-Type: text/plain\n\n", "ulp.ua")]
    [TestCase("*;audio", "Content-Type: application/vnd.wap.mms-message\nX-Wap-Application-Id: 0x10\n\n", "ulp.ua")]
    [TestCase("*", "Content-Type: application/vnd.wap.mms-message\n\n", "mms.ua")]
    [TestCase("*", "Content-Type: application/vnd.omaloc-supl-init\n\n", "ulp.ua")]
    [TestCase("*", "Content-Type: text/plain\n\n", "wml.ua")]
    [TestCase("*", "<a/>", "wml.ua")]
    [TestCase("*;+g.oma.pusheventapp=\"sms.ua\"", "Content-Type: text/plain\n\n", null)]
    [TestCase("*", "Content-Type: text/plain\nX-Wap-Application-Id: sms.ua\n\n", null)]
    [Description("PUSH-15, PUSH-16, PUSH-18")]
    public async Task The_application_is_found_in_order(string acceptContact, string body, string? application)
    {
        await using var receiver = await StartAsync(new PushReceiverOptions { Applications = ["mms.ua", "ulp.ua", "wml.ua"] });

        var answer = await PushAsync(body, $"Accept-Contact: {acceptContact}");

        Assert.That(answer, Does.StartWith(application is null ? "SIP/2.0 480 " : "SIP/2.0 200 "));
        if (application is not null)
        {
            Assert.That((await NextAsync(receiver)).Application.ResourceIdentifier, Is.EqualTo(application));
        }
    }

    [TestCase("image/png", "x", "", "SIP/2.0 415 Unsupported Media Type", "\nAccept: application/vnd.oma.push, text/*, application/json\n")]
    [TestCase("application/vnd.oma.push", "Content-Type: image/png\n\nx", "", "SIP/2.0 415 ", "\nAccept: application/vnd.oma.push, text/*, application/json\n")]
    [TestCase("text/plain", "x", "Content-Encoding: gzip", "SIP/2.0 415 ", "\nAccept-Encoding: identity\n")]
    [TestCase("text/plain", "12345678901234567890123456789012345678901", "", "SIP/2.0 413 ", "")]
    [TestCase("application/vnd.oma.push", "nonsense", "", "SIP/2.0 400 The push message can't be read: MissingEmptyLine", "")]
    [TestCase("application/vnd.oma.push", "Date: x\n\nx", "", "SIP/2.0 400 The push message can't be read: MissingContentType", "")]
    [TestCase("text/plain", "x", "Require: tea", "SIP/2.0 420 ", "\nUnsupported: tea\n")]
    [TestCase("text/plain", "x", "Content-Encoding: identity", "SIP/2.0 200 OK", "")]
    [TestCase("TEXT/html;charset=utf-8", "x", "", "SIP/2.0 200 OK", "")]
    [Description("PUSH-19, PUSH-22, SIP-85")]
    public async Task What_cannot_be_taken_is_answered_as_the_table_says(string type, string body, string headers, string status, string line)
    {
        await using var receiver = await StartAsync(new PushReceiverOptions { AcceptTypes = ["text/*", "application/json"], MaxSize = 40 });

        var answer = await PushAsync(body, headers, type);

        Assert.That(answer, Does.StartWith(status).And.Contain(line).And.EndWith("\nContent-Length: 0\n\n").And.Not.Contain("Contact:"));
    }

    [TestCase("tel:+4930", "", 416)]
    [TestCase("sip:user@192.0.2.10", ";tag=1", 481)]
    public async Task A_strange_address_is_refused(string requestUri, string toTag, int status)
    {
        await using var receiver = await StartAsync(new PushReceiverOptions());

        Assert.That(await PushAsync("x", "", "text/plain", requestUri, toTag), Does.StartWith($"SIP/2.0 {status} "));
    }

    [Test]
    public async Task A_sender_that_must_be_trusted_and_is_not_gets_403()
    {
        await using var receiver = await StartAsync(new PushReceiverOptions { RequireTrustedSender = true }, trusted: false);

        Assert.That(await PushAsync(Mms), Does.StartWith("SIP/2.0 403 "));
    }

    [TestCase("Expires: 60", ExpiredPushPolicy.Discard, 200, true)]
    [TestCase("Date: Fri, 31 Dec 1999 23:59:30 GMT\nExpires: 60", ExpiredPushPolicy.Discard, 200, true)]
    [TestCase("Date: Fri, 31 Dec 1999 23:58:30 GMT\nExpires: 60", ExpiredPushPolicy.Discard, 200, false)]
    [TestCase("Date: Fri, 31 Dec 1999 23:58:30 GMT\nExpires: 60", ExpiredPushPolicy.Reject, 480, false)]
    [TestCase("Date: Fri, 31 Dec 1999 23:58:30 GMT\nExpires: 60", ExpiredPushPolicy.Deliver, 200, true)]
    [TestCase("Expires: 4294967295", ExpiredPushPolicy.Discard, 200, true)]
    [Description("SIP-89")]
    public async Task A_push_whose_time_is_over_is_treated_as_the_policy_says(string headers, ExpiredPushPolicy policy, int status, bool delivered)
    {
        var receiver = await StartAsync(new PushReceiverOptions { ExpiredPolicy = policy });

        Assert.That(await PushAsync(Mms, headers), Does.StartWith($"SIP/2.0 {status} "));
        Assert.That(await RestAsync(receiver), Has.Count.EqualTo(delivered ? 1 : 0));
    }

    [Test]
    public async Task When_the_queue_is_full_the_sender_is_asked_to_wait()
    {
        await using var receiver = await StartAsync(new PushReceiverOptions { QueueLength = 1 });

        Assert.That(await PushAsync(Mms), Does.StartWith("SIP/2.0 200 "));
        Assert.That(await PushAsync(Mms), Does.StartWith("SIP/2.0 480 ").And.Contain("\nRetry-After: 5\n"));
        await NextAsync(receiver);
        Assert.That(await PushAsync(Mms), Does.StartWith("SIP/2.0 200 "));
    }

    [Test]
    public async Task A_retransmission_is_answered_again_and_delivered_once()
    {
        var receiver = await StartAsync(new PushReceiverOptions());

        var first = await PushAsync(Mms);
        _requests--;
        var second = await PushAsync(Mms);

        Assert.That(second, Is.EqualTo(first));
        Assert.That(await RestAsync(receiver), Has.Count.EqualTo(1));
    }

    [Test]
    [Description("SIP-88")]
    public async Task The_application_decides()
    {
        var decisions = new Queue<PushDecision>([PushDecision.Store, PushDecision.Reject(603, "No tea", TimeSpan.FromSeconds(9)), PushDecision.Accept]);
        PushOffer? offered = null;
        var receiver = await StartAsync(new PushReceiverOptions
        {
            DecideAsync = (offer, _) =>
            {
                offered = offer;
                return ValueTask.FromResult(decisions.Dequeue());
            },
        });

        Assert.That(await PushAsync(Mms), Does.StartWith("SIP/2.0 202 Accepted\n"));
        Assert.That(offered!.Bytes.Length, Is.EqualTo(6));
        Assert.That(await PushAsync(Mms), Does.StartWith("SIP/2.0 603 No tea\n").And.Contain("\nRetry-After: 9\n"));
        Assert.That(await PushAsync(Mms), Does.StartWith("SIP/2.0 200 OK\n"));
        Assert.That(await RestAsync(receiver), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_decision_that_takes_too_long_is_480_and_its_token_is_cancelled()
    {
        var asked = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        var receiver = await StartAsync(new PushReceiverOptions
        {
            DecideAsync = async (_, token) =>
            {
                token.Register(cancelled.SetResult);
                asked.SetResult();
                await cancelled.Task;
                return PushDecision.Accept;
            },
        });

        await SendAsync(Mms);
        await asked.Task;
        string? answer = null;
        while (answer?.StartsWith("SIP/2.0 100 ", StringComparison.Ordinal) != false)
        {
            // The wait begins on another thread, so the clock goes on until it has.
            _wire.Clock.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
            answer = _wire.Arrived > 0 ? await _wire.NextAsync() : null;
        }

        Assert.That(answer, Does.StartWith("SIP/2.0 480 ").And.Contain("\nRetry-After: 5\n"));
        await cancelled.Task;
        Assert.That(await RestAsync(receiver), Is.Empty);
    }

    [Test]
    public async Task A_decision_that_fails_is_500()
    {
        await using var receiver = await StartAsync(new PushReceiverOptions { DecideAsync = (_, _) => throw new InvalidOperationException("no") });

        Assert.That(await PushAsync(Mms), Does.StartWith("SIP/2.0 500 "));
    }

    [Test]
    [Description("PUSH-01, PUSH-02")]
    public async Task It_registers_with_the_service_and_all_its_applications()
    {
        await using var receiver = await StartAsync(new PushReceiverOptions { Applications = ["mms.ua", "wml.ua", "x-wap-microsoft:localcontent.ua"] });
        _wire.Answer = request => AgentWire.Response(request, 200, "Contact: <sip:user@192.0.2.10:5060>;pub-gruu=\"sip:user@domain.com;gr=1\";+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\";expires=60");

        await using var registration = await receiver.RegisterAsync();

        Assert.That(await _wire.NextAsync(), Does.Contain(
            "\nContact: <sip:user@192.0.2.10:5060>;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>\""
            + ";+g.3gpp.icsi-ref=\"urn%3Aurn-7%3A3gpp-service.ims.icsi.omapush\""
            + ";+g.oma.pusheventapp=\"mms.ua,wml.ua,x-wap-microsoft%3Alocalcontent.ua\"\n"));
        Assert.That(registration.Binding!.PublicGruu!.ToString(), Is.EqualTo("sip:user@domain.com;gr=1"));
    }

    private async Task<PushReceiverAgent> StartAsync(PushReceiverOptions options, bool trusted = true)
    {
        _requests = 0;
        _wire = await AgentWire.StartAsync("sip:user@domain.com", trusted);
        return new PushReceiverAgent(_wire.UserAgent, options);
    }

    private async Task<string> PushAsync(string body, string headers = "", string type = PushMessage.MediaType, string requestUri = "sip:user@192.0.2.10", string toTag = "")
    {
        await SendAsync(body, headers, type, requestUri, toTag);
        return await _wire.NextAsync();
    }

    private Task SendAsync(string body, string headers = "", string type = PushMessage.MediaType, string requestUri = "sip:user@192.0.2.10", string toTag = "") =>
        _wire.SendAsync($"""
            MESSAGE {requestUri} SIP/2.0
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{++_requests}
            Max-Forwards: 69
            From: <sip:psa.domain.com>;tag=49583
            To: <sip:user@domain.com>{toTag}
            Call-ID: {_requests}@psa
            CSeq: 1 MESSAGE
            Content-Type: {type}{(headers.Length > 0 ? "\n" : "")}{headers}
            Content-Length: <CL>


            """ + body);

    private static async Task<IncomingPush> NextAsync(PushReceiverAgent receiver)
    {
        await foreach (var push in receiver.ReceiveAllAsync())
        {
            return push;
        }

        throw new InvalidOperationException("The receiver has ended");
    }

    private static async Task<List<IncomingPush>> RestAsync(PushReceiverAgent receiver)
    {
        await receiver.DisposeAsync();
        var pushes = new List<IncomingPush>();
        await foreach (var push in receiver.ReceiveAllAsync())
        {
            pushes.Add(push);
        }

        return pushes;
    }
}
