using System.Net;
using System.Security.Cryptography.X509Certificates;
using SipPush.Diagnostics;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;

namespace SipPush.Tests.Readme;

/// <summary>The call site as README.md shows it, here so that it compiles and runs.</summary>
internal static class ReadmeExamples
{
    public static async Task<PushResult> SendAsync(CancellationToken stop)
    {
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Listen = [SipEndPoint.Parse("udp:127.0.0.1:5080"), SipEndPoint.Parse("tcp:127.0.0.1:5080")],
            TrustDomain = TrustDomain.Of("127.0.0.1"),       // who may tell us of registrations: the core
        }, stop);

        var userAgent = stack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:psa@example.com"),
            OutboundProxies = [SipUri.Parse("sip:127.0.0.1:5062;transport=tcp;lr")],
            IsTrusted = true,                                // an application server asserts its identity
        });

        await using var sender = new PushSenderAgent(userAgent, new PushSenderOptions { Application = "mms.ua" });

        var bob = SipUri.Parse("sip:bob@example.com");
        await sender.Registrations.WaitForAsync(bob, "mms.ua", stop);
        return await sender.SendAsync(bob, PushContent.FromText("The kettle is on."), stop);
    }

    public static async Task ReceiveAsync(Stream file, CancellationToken stop)
    {
        await using var stack = await SipStack.StartAsync(new SipStackOptions
        {
            Listen = [SipEndPoint.Parse("udp:127.0.0.1:5070"), SipEndPoint.Parse("tcp:127.0.0.1:5070")],
            TrustDomain = TrustDomain.Of("127.0.0.1:5060"),
        }, stop);

        var userAgent = stack.CreateUserAgent(new SipUserAgentOptions
        {
            AddressOfRecord = SipUri.Parse("sip:bob@example.com"),
            OutboundProxies = [SipUri.Parse("sip:127.0.0.1:5060;lr")],
            Credentials = [new SipCredential("bob", "secret")],
            InstanceId = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        });

        await using var receiver = new PushReceiverAgent(userAgent, new PushReceiverOptions { Applications = ["mms.ua"] });
        await using var registration = await receiver.RegisterAsync(new RegistrationOptions(), stop);

        await foreach (var push in receiver.ReceiveAllAsync(stop))
        {
            await using (push)
            {
                await push.Content.CopyToAsync(file, stop);
            }
        }
    }

    public static async Task<DeliveryReport> PushInSessionAsync(PushSenderAgent sender, SipUri bob, string path, Action<long, long?> show, CancellationToken stop)
    {
        var options = new PushOptions
        {
            SuccessReport = true,                        // the receiver is to say when it has all of it
            Progress = new Progress<PushProgress>(now => show(now.BytesAcknowledged, now.TotalBytes)),
        };
        await using var session = await sender.OpenSessionAsync(bob, options, stop);

        var report = await session.SendAsync(PushContent.FromFile(path, "video/mp4"), stop);
        await session.SendAsync(PushContent.FromText("It boils."), stop);    // more of them, one after the other or at once
        await session.EndAsync(stop);

        return report;                                   // Outcome (Reported), StatusCode, Bytes, Elapsed
    }

    public static async Task SendFilesAsync(PushSenderAgent sender, SipUri bob, string path, byte[] photo, CancellationToken stop)
    {
        PushFile[] files = [PushFile.FromPath(path, "video/mp4"), PushFile.FromBytes("kettle.png", photo, "image/png")];
        var reports = await sender.SendFilesAsync(bob, files, new PushOptions { SuccessReport = true, ResumeAttempts = 3 }, stop);

        if (reports[0].ResumeAt is { } there)            // still lost after three attempts; the far end has so much of it
        {
            await sender.SendFilesAsync(bob, [files[0] with { ResumeFrom = there }], cancellationToken: stop);
        }
    }

    public static async Task TakeAsync(SipUserAgent userAgent, string folder, CancellationToken stop)
    {
        var inbox = PushInbox.Open(folder, new PushInboxOptions { MaximumBytes = 20L << 30 });
        await using var receiver = new PushReceiverAgent(userAgent, new PushReceiverOptions
        {
            MaxSize = 1L << 30,
            DecideAsync = (offer, _) => ValueTask.FromResult(
                offer.From.Host.ToString() == "example.com" ? inbox.Decide(offer) : PushDecision.Reject(603)),
        });

        await foreach (var push in receiver.ReceiveAllAsync(stop))
        {
            await using (push)
            {
                var file = await inbox.SaveAsync(push, stop);    // while it comes; throws when it does not come whole
                await push.CompleteAsync(stop);                  // the report, if the sender has asked for one
            }
        }
    }

    public static async Task MoveAsync(SipUserAgent userAgent, SipUri bob, PushContent content, CancellationToken stop)
    {
        await using var sender = new PushSenderAgent(userAgent, new PushSenderOptions
        {
            Media = new PushMediaOptions { EndsWithConnection = false },
        });
        await using var session = await sender.OpenSessionAsync(bob, cancellationToken: stop);

        var report = await session.SendAsync(content, stop);
        if (report.Outcome == MsrpSendOutcome.ConnectionLost)
        {
            await session.MoveAsync(stop);                       // a re-INVITE with another path, in the same dialog
            await session.SendAsync(content, stop);
        }
    }

    public static async Task<DeliveryReport> PushSecurelyAsync(
        SipUserAgent userAgent, SipUri bob, IPEndPoint local, X509Certificate2 certificate, WireRecorder recorder, CancellationToken stop)
    {
        await using var endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions
        {
            ListenSecure = local,
            Tls = new MsrpTlsOptions { Certificate = certificate, AsksForCertificates = true },
            Tap = recorder.Msrp,
        });
        await using var sender = new PushSenderAgent(userAgent, new PushSenderOptions
        {
            Media = new PushMediaOptions { Endpoint = endpoint, Tls = TlsUse.Required },
        });

        await using var session = await sender.OpenSessionAsync(bob, cancellationToken: stop);
        return await session.SendAsync(PushContent.FromText("Nobody else can read this."), stop);
    }

    public static async Task<MsrpSendResult> MsrpAsync(Func<MsrpPath, Task<MsrpPath>> exchange, Stream file, CancellationToken stop)
    {
        await using var endpoint = MsrpEndpoint.Start(new MsrpEndpointOptions { Listen = new IPEndPoint(IPAddress.Loopback, 2855) });
        await using var session = endpoint.CreateSession(new MsrpSessionOptions { AcceptTypes = ["image/*"], MaxSize = 1L << 30 });

        var remote = await exchange(session.LocalPath);      // ours for theirs
        await session.StartAsync(new MsrpRemote { Path = remote, Role = MsrpRole.Active }, stop);

        var photo = OutgoingMsrpMessage.FromFile("image/png", "kettle.png") with { SuccessReport = true };
        var result = await session.SendAsync(photo, stop);   // Reported, once the far end has all of it

        await foreach (var message in session.ReceiveAllAsync(stop))
        {
            await using (message)
            {
                await message.AsStream().CopyToAsync(file, stop);
            }
        }

        return result;
    }

    public static void TakeSessions(SipUserAgent userAgent, byte[] answer, List<Task> sessions)
    {
        userAgent.HandleInvitations(async (invitation, token) =>
        {
            await invitation.ProgressAsync(180, cancellationToken: token);
            var session = await invitation.AcceptAsync(new SipBody("application/sdp", answer), token);
            sessions.Add(ServeAsync(session));               // until session.Completion, which says how it ended
        });
    }

    public static async Task<int> OpenSessionAsync(SipUserAgent userAgent, SipUri bob, byte[] offer, byte[] changed, CancellationToken stop)
    {
        var result = await userAgent.InviteAsync(bob, new InviteOptions { Offer = new SipBody("application/sdp", offer) }, stop);
        if (result.Session is not { } session)
        {
            return result.StatusCode;                        // refused, no answer, or not sent
        }

        await using (session)
        {
            await session.UpdateAsync(new SipBody("application/sdp", changed), stop);
            return result.StatusCode;
        }
    }

    private static async Task ServeAsync(SipSession session)
    {
        await using (session)
        {
            await session.Completion;
        }
    }
}
