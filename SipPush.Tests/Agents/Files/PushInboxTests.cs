using System.Security.Cryptography;
using SipPush.Msrp;
using SipPush.Sdp;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

public sealed class PushInboxTests
{
    private static readonly SipUri Somebody = SipUri.Parse("sip:a@example.com");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sippush-inbox-");

    private string[] Names => [.. _folder.GetFiles().Select(file => file.Name).Order(StringComparer.Ordinal)];

    private string Incoming => Path.Combine(_folder.FullName, ".incoming");

    [TearDown]
    public void Remove() => _folder.Delete(recursive: true);

    [Test]
    public async Task A_MESSAGE_is_written_under_a_name_of_its_type_and_hashed_by_SHA_256()
    {
        var inbox = Open();

        var file = await inbox.SaveAsync(Message("abc"));

        Assert.Multiple(() =>
        {
            Assert.That(Names, Is.EqualTo(["push.txt"]));
            Assert.That(File.ReadAllText(file.Path), Is.EqualTo("abc"));
            Assert.That(file.Length, Is.EqualTo(3));
            Assert.That(file.Sha256, Is.EqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
            Assert.That(file.Sha1, Is.Null);
        });
    }

    [Test]
    public async Task Nothing_is_ever_overwritten()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "push.txt"), "mine");
        var inbox = Open();

        await inbox.SaveAsync(Message("one"));
        await inbox.SaveAsync(Message("two"));

        Assert.That(Names, Is.EqualTo(["push (2).txt", "push (3).txt", "push.txt"]));
        Assert.That(Read("push.txt"), Is.EqualTo("mine"));
        Assert.That(Read("push (3).txt"), Is.EqualTo("two"));
    }

    [Test]
    public async Task Many_at_once_get_each_a_name()
    {
        var inbox = Open();

        var files = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => Task.Run(() => inbox.SaveAsync(Message($"{number}")).AsTask())));

        Assert.That(files.Select(file => file.Path).Distinct().Count(), Is.EqualTo(40));
        Assert.That(files.Select(file => File.ReadAllText(file.Path)), Is.EqualTo(Enumerable.Range(0, 40).Select(number => $"{number}")));
    }

    [Test]
    public async Task What_there_is_no_room_for_is_not_written()
    {
        var inbox = Open(new PushInboxOptions { MaximumBytes = 10 });
        await inbox.SaveAsync(Message("12345678"));

        var full = Assert.CatchAsync<IOException>(async () => await inbox.SaveAsync(Message("abc")));
        await inbox.SaveAsync(Message("ab"));

        Assert.That(full!.Message, Is.EqualTo("The inbox is full"));
        Assert.That(Names, Has.Length.EqualTo(2));
        Assert.That(Directory.GetFiles(Incoming), Is.Empty);
    }

    [Test]
    public async Task Files_that_are_taken_away_make_room()
    {
        var inbox = Open(new PushInboxOptions { MaximumFiles = 1 });
        var first = await inbox.SaveAsync(Message("1"));
        Assert.CatchAsync<IOException>(async () => await inbox.SaveAsync(Message("2")));

        File.Delete(first.Path);
        await inbox.SaveAsync(Message("3"));

        Assert.That(Read("push.txt"), Is.EqualTo("3"));
    }

    [Test]
    public async Task A_full_disk_leaves_nothing_and_the_next_push_may_fit()
    {
        var room = 5L;
        var inbox = Open(new PushInboxOptions { Disk = sink => new FullDisk(sink, () => room) });

        Assert.CatchAsync<IOException>(async () => await inbox.SaveAsync(Message("too long")));
        Assert.That(_folder.GetFiles("*", SearchOption.AllDirectories), Is.Empty);

        room = 100;
        await inbox.SaveAsync(Message("too long"));
        Assert.That(Read("push.txt"), Is.EqualTo("too long"));
    }

    [Test]
    public void Leftovers_of_a_crash_are_removed_unless_they_can_be_resumed()
    {
        Directory.CreateDirectory(Incoming);
        foreach (var name in (string[])["17.part", "0123456789abcdef0123456789abcdef.part", "fedcba9876543210fedcba9876543210.part", "17.whole", "00000000000000000000000000000000.part"])
        {
            File.WriteAllText(Path.Combine(Incoming, name), name.StartsWith('0') && name[1] == '0' ? "" : "left");
        }

        var clock = new ManualTimeProvider();
        foreach (var file in new DirectoryInfo(Incoming).GetFiles())
        {
            file.LastWriteTimeUtc = clock.GetUtcNow().UtcDateTime.AddHours(file.Name.StartsWith('f') ? -25 : -23);
        }

        Open(new PushInboxOptions { TimeProvider = clock });

        Assert.That(new DirectoryInfo(Incoming).GetFiles().Select(file => file.Name), Is.EqualTo(["0123456789abcdef0123456789abcdef.part"]));
    }

    [Test]
    public async Task Whoever_wants_to_sees_the_octets_before_they_are_written()
    {
        var inbox = Open();
        var seen = "";

        await inbox.SaveAsync(Message("abc"), (octets, _) =>
        {
            seen += System.Text.Encoding.UTF8.GetString(octets.Span);
            Assert.That(new DirectoryInfo(Incoming).GetFiles().Single().Length, Is.Zero);
            return ValueTask.CompletedTask;
        });

        Assert.That(seen, Is.EqualTo("abc"));
        Assert.That(Read("push.txt"), Is.EqualTo("abc"));
    }

    [Test]
    public void Of_what_is_refused_on_its_way_nothing_is_left()
    {
        var inbox = Open();

        Assert.ThrowsAsync<InvalidDataException>(async () => await inbox.SaveAsync(Message("a virus"), (_, _) => throw new InvalidDataException("a virus")));

        Assert.That(_folder.GetFiles("*", SearchOption.AllDirectories), Is.Empty);
    }

    [Test]
    public async Task SHA_256_is_computed_beside_another_hash_where_it_is_always_wanted()
    {
        await using var pair = await FilePair.StartAsync();
        var inbox = pair.OpenInbox(new PushInboxOptions { AlwaysSha256 = true });

        var sending = pair.SendAsync(pair.File("a.txt", "abc"u8.ToArray(), "text/plain"));
        await using var push = (await pair.TakeAsync()).Single();
        var file = await inbox.SaveAsync(push);

        Assert.That(file.Sha1, Is.EqualTo("a9993e364706816aba3e25717850c26c9cd0d89d"));
        Assert.That(file.Sha256, Is.EqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
        Assert.That((await sending).Single().IsSuccess);
    }

    [Test]
    public void A_folder_that_is_a_file_is_told_by_its_name()
    {
        var path = Path.Combine(_folder.FullName, "file");
        File.WriteAllText(path, "mine");

        Assert.That(() => PushInbox.Open(path), Throws.InstanceOf<IOException>().With.Message.Contains($"'{path}'"));
    }

    [TestCase("size:8", 200)]
    [TestCase("size:11", 413)]
    [TestCase("size:9", 480)]
    public async Task An_offer_is_decided_by_the_room_that_there_is(string selector, int status)
    {
        var inbox = Open(new PushInboxOptions { MaximumBytes = 10 });
        await inbox.SaveAsync(Message("12"));

        var decision = inbox.Decide(Offer(selector));

        Assert.That(decision.Status, Is.EqualTo(status));
        Assert.That(decision.RetryAfter, Is.EqualTo(status == 480 ? TimeSpan.FromMinutes(1) : null));
    }

    [Test]
    public async Task An_offer_is_taken_again_when_files_have_been_taken_away()
    {
        var inbox = Open(new PushInboxOptions { MaximumBytes = 10, MaximumFiles = 1 });
        var first = await inbox.SaveAsync(Message("12345678"));
        Assert.That(inbox.Decide(Offer("size:8")).Status, Is.EqualTo(480));

        File.Delete(first.Path);

        Assert.That(inbox.Decide(Offer("size:8")).Status, Is.EqualTo(200));
    }

    [Test]
    public void What_could_be_resumed_gives_way_to_what_is_offered_now()
    {
        Directory.CreateDirectory(Incoming);
        File.WriteAllText(Path.Combine(Incoming, "0123456789abcdef0123456789abcdef.part"), "12345678");
        var inbox = Open(new PushInboxOptions { MaximumBytes = 10 });

        Assert.That(inbox.Decide(Offer("size:10")).Status, Is.EqualTo(200));
        Assert.That(inbox.Decide(Offer("size:11")).Status, Is.EqualTo(413));
    }

    [Test]
    public void Of_several_files_those_are_taken_that_fit()
    {
        var inbox = Open(new PushInboxOptions { MaximumBytes = 10 });

        var decision = inbox.Decide(Offer("size:6", "size:5", "size:4"));

        Assert.That(decision.Files!.Select(file => file.Size), Is.EqualTo([6, 4]));
    }

    [Test]
    public void A_range_is_refused_when_the_beginning_is_not_here()
    {
        var inbox = Open();
        var offer = Offer($"size:6 hash:sha-1:{string.Join(':', Enumerable.Repeat("00", 20))}");
        offer = offer with { Files = [new PushFileOffer(0, offer.Files[0].Transfer with { Range = new FileRange(4, 6) })] };

        Assert.That(inbox.Decide(offer).Status, Is.EqualTo(488));
    }

    private PushInbox Open(PushInboxOptions? options = null) => PushInbox.Open(_folder.FullName, options);

    private string Read(string name) => File.ReadAllText(Path.Combine(_folder.FullName, name));

    private static IncomingPush Message(string text) => new(Offer() with { ContentType = "text/plain", Bytes = System.Text.Encoding.UTF8.GetBytes(text), Length = text.Length, Mode = PushMode.Message });

    private static PushOffer Offer(params string[] selectors) => new()
    {
        From = Somebody,
        To = Somebody,
        Application = PushApplicationId.Default,
        ContentType = "text/plain",
        Mode = PushMode.Session,
        Request = SipRequest.Parse("MESSAGE sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@example.com>;tag=1\r\nTo: <sip:a@example.com>\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\n\r\n"u8),
        Files = [.. selectors.Select((selector, index) => new PushFileOffer(index, new FileTransfer { Selector = Selector(selector), TransferId = $"t{index}" }))],
    };

    private static FileSelector Selector(string text) => FileSelector.TryParse(text, out var selector) ? selector : throw new FormatException(text);

    private sealed class FullDisk(MsrpSink disk, Func<long> room) : MsrpSink
    {
        public override ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> octets, CancellationToken cancellationToken = default) =>
            offset + octets.Length <= room() ? disk.WriteAsync(offset, octets, cancellationToken) : throw new IOException("No space left on device");

        public override ValueTask CompleteAsync(long length, CancellationToken cancellationToken = default) => disk.CompleteAsync(length, cancellationToken);

        public override ValueTask AbortAsync(Exception reason) => disk.AbortAsync(reason);

        public override ValueTask DisposeAsync() => disk.DisposeAsync();
    }
}
