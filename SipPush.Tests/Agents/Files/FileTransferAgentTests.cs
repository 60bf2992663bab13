using System.Security.Cryptography;
using SipPush.Msrp;
using SipPush.Sip;

namespace SipPush.Tests.Agents;

public sealed class FileTransferAgentTests
{
    private static readonly byte[] Abc = "abc"u8.ToArray();

    [Test, Description("SDP-29, SDP-30, SDP-31, SDP-34")]
    public async Task Each_file_has_a_media_description_and_each_is_taken_or_refused()
    {
        await using var pair = await FilePair.StartAsync(new PushReceiverOptions
        {
            MaxSize = 1_000,
            DecideAsync = (offer, _) => ValueTask.FromResult(PushDecision.AcceptFiles(offer.Files.Where(file => file.Name != "no.txt"))),
        });

        var sending = pair.SendAsync(
            PushFile.FromBytes("a \"b\".txt", Abc, "text/plain;charset=utf-8") with { Disposition = "attachment" },
            PushFile.FromBytes("no.txt", Abc, "text/plain"),
            PushFile.FromBytes("large.bin", new byte[1_001], "application/octet-stream"));
        var push = (await pair.TakeAsync()).Single();
        var content = await ReadAsync(push);
        var reports = await sending;

        Assert.Multiple(() =>
        {
            Assert.That(content, Is.EqualTo(Abc));
            Assert.That(push.File!.Name, Is.EqualTo("a \"b\".txt"));
            Assert.That(push.File.Disposition, Is.EqualTo("attachment"));
            Assert.That(push.ContentType, Is.EqualTo("text/plain;charset=utf-8"));
            Assert.That(push.Length, Is.EqualTo(3));
            Assert.That(push.Envelope, Is.Null);
            Assert.That(reports.Select(report => report.Outcome), Is.EqualTo([MsrpSendOutcome.Acknowledged, MsrpSendOutcome.Refused, MsrpSendOutcome.Refused]));
            Assert.That(reports.Select(report => report.File!.Name), Is.EqualTo(["a \"b\".txt", "no.txt", "large.bin"]));
            Assert.That(pair.Descriptions, Is.EqualTo([Lines(
                """
                v=0
                o=push ORIGIN 1 IN IP4 near.invalid
                s=-
                c=IN IP4 near.invalid
                t=0 0
                m=message PORT TCP/MSRP *
                a=setup:actpass
                a=sendonly
                a=accept-types:application/vnd.oma.push *
                a=path:msrp://near.invalid:PORT/SESSION;tcp
                a=file-transfer-id:ID
                a=file-selector:name:"a %22b%22.txt" type:text/plain size:3 hash:sha-1:A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D
                a=file-disposition:attachment
                m=message PORT TCP/MSRP *
                a=setup:actpass
                a=sendonly
                a=accept-types:application/vnd.oma.push *
                a=path:msrp://near.invalid:PORT/SESSION;tcp
                a=file-transfer-id:ID
                a=file-selector:name:"no.txt" type:text/plain size:3 hash:sha-1:A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D
                m=message PORT TCP/MSRP *
                a=setup:actpass
                a=sendonly
                a=accept-types:application/vnd.oma.push *
                a=path:msrp://near.invalid:PORT/SESSION;tcp
                a=file-transfer-id:ID
                a=file-selector:name:"large.bin" type:application/octet-stream size:1001 hash:sha-1:EC:62:5E:9A:58:ED:AD:DA:B8:1F:EC:59:B7:81:8D:2F:8B:63:6C:D1
                """), Lines(
                """
                v=0
                o=bob ORIGIN 1 IN IP4 far.invalid
                s=-
                c=IN IP4 far.invalid
                t=0 0
                m=message PORT TCP/MSRP *
                a=setup:passive
                a=recvonly
                a=accept-types:*
                a=max-size:1000
                a=path:msrp://far.invalid:PORT/SESSION;tcp
                a=file-transfer-id:ID
                a=file-selector:name:"a %22b%22.txt" type:text/plain size:3 hash:sha-1:A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D
                m=message 0 TCP/MSRP *
                a=file-transfer-id:ID
                a=file-selector:name:"no.txt" type:text/plain size:3 hash:sha-1:A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D
                m=message 0 TCP/MSRP *
                a=file-transfer-id:ID
                a=file-selector:name:"large.bin" type:application/octet-stream size:1001 hash:sha-1:EC:62:5E:9A:58:ED:AD:DA:B8:1F:EC:59:B7:81:8D:2F:8B:63:6C:D1
                """)]));
            Assert.That(pair.Sip.Count(message => message.StartsWith("BYE ", StringComparison.Ordinal)), Is.EqualTo(1), "the sender says BYE when all are through");
        });
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2_048)]
    [TestCase(2_049)]
    [TestCase(64 * 1024)]
    [TestCase(5_000_000)]
    public async Task A_file_of_any_size_arrives_in_the_inbox_and_is_reported(int size)
    {
        await using var pair = await FilePair.StartAsync();
        var inbox = pair.OpenInbox();
        var octets = FilePair.Octets(size);

        var sending = pair.SendAsync(new PushOptions { SuccessReport = true }, pair.File("photo.jpg", octets, "image/jpeg"));
        await using var push = (await pair.TakeAsync()).Single();
        var file = await inbox.SaveAsync(push);
        await push.CompleteAsync();
        var report = (await sending).Single();

        Assert.Multiple(() =>
        {
            Assert.That(report.Outcome, Is.EqualTo(MsrpSendOutcome.Reported), report.Reason);
            Assert.That(report.Bytes, Is.EqualTo(size));
            Assert.That(Path.GetFileName(file.Path), Is.EqualTo("photo.jpg"));
            Assert.That(File.ReadAllBytes(file.Path), Is.EqualTo(octets));
            Assert.That(file.Sha1, Is.EqualTo(Sha1(octets)));
            Assert.That(file.Sha256, Is.Null, "it is hashed once");
            Assert.That(Directory.GetFiles(Path.Combine(pair.Folder.FullName, "inbox", ".incoming")), Is.Empty);
        });
    }

    [TestCase("what was sent", "The file does not have the hash that was announced")]
    [Description("SDP-37, D56")]
    public async Task A_file_that_is_not_what_was_said_makes_the_last_read_throw_and_its_sender_hears_of_it(string sent, string reason)
    {
        var path = "";
        await using var pair = await FilePair.StartAsync(Swapping(() => path, System.Text.Encoding.UTF8.GetBytes(sent)));
        var file = pair.File("a.txt", "what was said"u8.ToArray(), "text/plain");
        path = Path.Combine(pair.Folder.FullName, "a.txt");

        var sending = pair.SendAsync(new PushOptions { SuccessReport = true }, file);
        await using var push = (await pair.TakeAsync()).Single();

        var failure = Assert.ThrowsAsync<InvalidDataException>(async () => await ReadAsync(push));
        await push.CompleteAsync();
        var report = (await sending).Single();

        Assert.Multiple(() =>
        {
            Assert.That(failure!.Message, Is.EqualTo(reason));
            Assert.That(report.Outcome, Is.EqualTo(MsrpSendOutcome.Refused));
            Assert.That(report.StatusCode, Is.EqualTo(400));
            Assert.That(report.ResumeAt, Is.Null);
        });
    }

    [Test, Description("SDP-37")]
    public async Task The_inbox_keeps_nothing_of_a_file_with_a_wrong_hash()
    {
        var path = "";
        await using var pair = await FilePair.StartAsync(Swapping(() => path, FilePair.Octets(100_000)));
        var inbox = pair.OpenInbox();
        var file = pair.File("a.bin", new byte[100_000]);
        path = Path.Combine(pair.Folder.FullName, "a.bin");
        var sending = pair.SendAsync(new PushOptions { SuccessReport = true }, file);
        await using var push = (await pair.TakeAsync()).Single();

        Assert.ThrowsAsync<InvalidDataException>(async () => await inbox.SaveAsync(push));
        var report = (await sending).Single();

        Assert.Multiple(() =>
        {
            Assert.That(report.Outcome, Is.EqualTo(MsrpSendOutcome.Refused));
            Assert.That(report.StatusCode, Is.EqualTo(400));
            Assert.That(Directory.GetFiles(Path.Combine(pair.Folder.FullName, "inbox"), "*", SearchOption.AllDirectories), Is.Empty);
        });
    }

    [Test, Description("SDP-35")]
    public async Task A_lost_connection_is_resumed_in_the_dialog_behind_what_was_acknowledged()
    {
        await using var pair = await FilePair.StartAsync();
        var inbox = pair.OpenInbox();
        var octets = FilePair.Octets(12_000_000);
        pair.Relay.CutAfter = 600;

        var sending = pair.SendAsync(new PushOptions { SuccessReport = true }, pair.File("film.mp4", octets, "video/mp4") with { Icon = PushContent.FromBytes("icon"u8.ToArray(), "image/png") });
        await using (var first = (await pair.TakeAsync()).Single())
        {
            Assert.CatchAsync<IOException>(async () => await inbox.SaveAsync(first));
        }

        var taking = pair.TakeAsync();
        await using var push = (await pair.PassTimeAsync(taking)).Single();
        var file = await inbox.SaveAsync(push);
        await push.CompleteAsync();
        var report = (await pair.PassTimeAsync(sending)).Single();

        Assert.Multiple(() =>
        {
            Assert.That(report.Outcome, Is.EqualTo(MsrpSendOutcome.Reported), report.Reason);
            Assert.That(push.File!.Start, Is.GreaterThan(0));
            Assert.That(push.Length, Is.EqualTo(12_000_000 - push.File.Start));
            Assert.That(file.ResumedFrom, Is.EqualTo(push.File.Start));
            Assert.That(File.ReadAllBytes(file.Path), Is.EqualTo(octets));
            Assert.That(pair.Sip.Count(message => message.StartsWith("INVITE ", StringComparison.Ordinal)), Is.EqualTo(2));
            Assert.That(pair.Sip.Select(CallIdOf).Distinct().Count(), Is.EqualTo(1), "in the same dialog");
            Assert.That(pair.Descriptions[2], Does.Contain($"a=file-range:{push.File.Start + 1}-12000000\n"));
            Assert.That(pair.Descriptions[0], Does.Contain("\na=file-icon:cid:"));
            Assert.That(pair.Descriptions[2], Does.Not.Contain("file-icon"), "it came with the INVITE");
            Assert.That(pair.Descriptions[3], Does.Contain($"a=file-range:{push.File.Start + 1}-12000000\n"));
            Assert.That(pair.Sip.SelectMany(TransferIdsOf).Distinct().Count(), Is.EqualTo(2), "one more transfer, one more id");
        });
    }

    [Test]
    public async Task What_is_lost_can_be_resumed_by_the_application_in_a_new_session()
    {
        await using var pair = await FilePair.StartAsync();
        var inbox = pair.OpenInbox();
        var octets = FilePair.Octets(12_000_000);
        var film = pair.File("film.mp4", octets, "video/mp4");
        pair.Relay.CutAfter = 600;

        var sending = pair.SendAsync(new PushOptions { ResumeAttempts = 0 }, film);
        await using (var first = (await pair.TakeAsync()).Single())
        {
            Assert.CatchAsync<IOException>(async () => await inbox.SaveAsync(first));
        }

        var lost = (await pair.PassTimeAsync(sending)).Single();
        var again = pair.SendAsync(new PushOptions { SuccessReport = true }, film with { ResumeFrom = lost.ResumeAt!.Value });
        await using var push = (await pair.TakeAsync()).Single();
        var file = await inbox.SaveAsync(push);
        await push.CompleteAsync();
        var report = (await again).Single();

        Assert.Multiple(() =>
        {
            Assert.That(lost.IsSuccess, Is.False);
            Assert.That(report.Outcome, Is.EqualTo(MsrpSendOutcome.Reported));
            Assert.That(report.Bytes, Is.EqualTo(12_000_000 - lost.ResumeAt));
            Assert.That(file.ResumedFrom, Is.EqualTo(lost.ResumeAt));
            Assert.That(File.ReadAllBytes(file.Path), Is.EqualTo(octets));
        });
    }

    [Test, Description("SDP-35")]
    public async Task A_range_that_the_far_end_can_not_take_is_refused_and_the_file_is_sent_whole()
    {
        PushInbox? inbox = null;
        await using var pair = await FilePair.StartAsync(new PushReceiverOptions { MaxSize = 16 << 20, DecideAsync = (offer, _) => ValueTask.FromResult(inbox!.Decide(offer)) });
        inbox = pair.OpenInbox(new PushInboxOptions { KeepPartial = TimeSpan.Zero });
        var octets = FilePair.Octets(12_000_000);
        pair.Relay.CutAfter = 600;

        var sending = pair.SendAsync(new PushOptions { SuccessReport = true }, pair.File("film.mp4", octets, "video/mp4"));
        await using (var first = (await pair.TakeAsync()).Single())
        {
            Assert.CatchAsync<IOException>(async () => await inbox.SaveAsync(first));
        }

        await using var push = (await pair.PassTimeAsync(pair.TakeAsync())).Single();
        var file = await inbox.SaveAsync(push);
        await push.CompleteAsync();
        var report = (await pair.PassTimeAsync(sending)).Single();

        Assert.Multiple(() =>
        {
            Assert.That(report.Outcome, Is.EqualTo(MsrpSendOutcome.Reported), report.Reason);
            Assert.That(push.File!.Start, Is.Zero);
            Assert.That(File.ReadAllBytes(file.Path), Is.EqualTo(octets));
        });
    }

    [Test]
    public async Task A_file_that_is_given_up_leaves_the_others_alone()
    {
        await using var pair = await FilePair.StartAsync(new PushReceiverOptions { MaxSize = 64 << 20 });
        using var giveUp = new CancellationTokenSource();

        var sending = pair.SendAsync(
            PushFile.FromBytes("long.bin", new byte[32 << 20], "application/octet-stream") with { Cancellation = giveUp.Token },
            PushFile.FromBytes("other.bin", new byte[8 << 20], "application/octet-stream"));
        var pushes = (await pair.TakeAsync(2)).ToDictionary(push => push.File!.Name!);
        await giveUp.CancelAsync();
        Assert.CatchAsync<IOException>(async () => await ReadAsync(pushes["long.bin"]));
        var other = await ReadAsync(pushes["other.bin"]);
        var reports = await sending;

        Assert.Multiple(() =>
        {
            Assert.That(other, Has.Length.EqualTo(8 << 20));
            Assert.That(reports[0].IsSuccess, Is.False);
            Assert.That(reports[0].Error, Is.InstanceOf<OperationCanceledException>());
            Assert.That(reports[1].IsSuccess);
            Assert.That(pair.Sip.Last(message => message.StartsWith("INVITE ", StringComparison.Ordinal)), Does.Contain("\nm=message 0 TCP/MSRP *\n"), "its place is given back");
        });
    }

    [Test, Description("SDP-32, SDP-33")]
    public async Task A_later_offer_goes_on_begins_or_ends_a_transfer_by_its_id()
    {
        var asked = new List<string>();
        await using var pair = await FilePair.StartAsync(new PushReceiverOptions
        {
            DecideAsync = (offer, _) =>
            {
                asked.Add(string.Join(' ', offer.Files.Select(file => $"{file.Name}:{file.TransferId}")));
                return ValueTask.FromResult(PushDecision.Accept);
            },
        });
        var invite = await pair.UserAgent.InviteAsync(SipUri.Parse("sip:bob@192.0.2.10;transport=tcp"), new InviteOptions { Offer = Body(1, "name:\"a.txt\" size:3", "t1") });
        await using var call = invite.Session!;
        var first = MediaOf(call.RemoteDescription);

        var unchanged = await OfferAsync(2, "name:\"a.txt\" size:3", "t1");
        var restarted = await OfferAsync(3, "name:\"a.txt\" size:3", "t2");
        var other = await OfferAsync(4, "name:\"b.txt\" size:3", "t2");

        Assert.Multiple(() =>
        {
            Assert.That(first, Does.Not.StartWith("m=message 0").And.Contains("a=file-transfer-id:t1\r\n"));
            Assert.That(unchanged, Is.EqualTo(first), "nothing new: the same session goes on");
            Assert.That(restarted, Does.Contain("a=file-transfer-id:t2\r\n").And.Not.StartWith("m=message 0"));
            Assert.That(PathOf(restarted), Is.Not.EqualTo(PathOf(first)), "a new transfer has a session of its own");
            Assert.That(other, Is.EqualTo("m=message 0 TCP/MSRP *\r\na=file-transfer-id:t2\r\na=file-selector:name:\"b.txt\" size:3\r\n"));
            Assert.That(asked, Is.EqualTo(["a.txt:t1", "a.txt:t2"]));
        });

        async Task<string> OfferAsync(int version, string selector, string id)
        {
            Assert.That((await call.ReinviteAsync(Body(version, selector, id))).StatusCode, Is.EqualTo(200));
            return MediaOf(call.RemoteDescription);
        }

        static SipBody Body(int version, string selector, string id) => new("application/sdp", System.Text.Encoding.UTF8.GetBytes(
            $"""
            v=0
            o=- 1 {version} IN IP4 near.invalid
            s=-
            c=IN IP4 near.invalid
            t=0 0
            m=message 7654 TCP/MSRP *
            a=setup:actpass
            a=sendonly
            a=accept-types:*
            a=path:msrp://near.invalid:7654/jshA7weztas{version};tcp
            a=file-transfer-id:{id}
            a=file-selector:{selector}

            """.ReplaceLineEndings("\r\n")));

        static string MediaOf(SipBody? body)
        {
            var text = System.Text.Encoding.UTF8.GetString(body!.Value.Octets.Span);
            return text[text.IndexOf("m=", StringComparison.Ordinal)..];
        }

        static string PathOf(string media) => media.Split("\r\n").First(line => line.StartsWith("a=path:", StringComparison.Ordinal));
    }

    [Test]
    public async Task A_refused_INVITE_is_an_exception()
    {
        await using var pair = await FilePair.StartAsync(new PushReceiverOptions { DecideAsync = (_, _) => ValueTask.FromResult(PushDecision.Reject(603)) });

        var refused = Assert.ThrowsAsync<PushException>(async () => await pair.SendAsync(PushFile.FromBytes("a", Abc, "text/plain")));

        Assert.That(refused!.Result.StatusCode, Is.EqualTo(603));
    }

    private static async Task<byte[]> ReadAsync(IncomingPush push)
    {
        using var octets = new MemoryStream();
        await push.Content.CopyToAsync(octets);
        return octets.ToArray();
    }

    private static string Sha1(byte[] octets)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(octets);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Lines(string text) => text.ReplaceLineEndings("\n") + "\n";

    private static string CallIdOf(string message) => message.Split('\n').First(line => line.StartsWith("Call-ID:", StringComparison.Ordinal));

    private static IEnumerable<string> TransferIdsOf(string message) => message.Split('\n').Where(line => line.StartsWith("a=file-transfer-id:", StringComparison.Ordinal));

    // The file is another one by the time that it is sent: it was hashed before it was offered.
    private static PushReceiverOptions Swapping(Func<string> path, byte[] octets) => new()
    {
        DecideAsync = async (_, token) =>
        {
            await File.WriteAllBytesAsync(path(), octets, token);
            return PushDecision.Accept;
        },
    };
}
