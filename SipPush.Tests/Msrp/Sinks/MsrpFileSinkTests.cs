using System.Security.Cryptography;
using SipPush.Msrp;

namespace SipPush.Tests.Msrp.Sinks;

public sealed class MsrpFileSinkTests
{
    private static readonly byte[] Content = Octets(300_000);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sippush-sink-");

    [TearDown]
    public void Remove() => _folder.Delete(recursive: true);

    [Test]
    public async Task A_file_has_its_name_only_when_it_is_whole()
    {
        await using var sink = await MsrpFileSink.OpenAsync(Options());

        await sink.WriteAsync(0, Content.AsMemory(0, 100_000));
        await sink.WriteAsync(100_000, Content.AsMemory(100_000));
        Assert.That(File.Exists(Target), Is.False);
        Assert.That(sink.FilePath, Is.Null);

        await sink.CompleteAsync(Content.Length);

        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllBytes(Target), Is.EqualTo(Content));
            Assert.That(sink.FilePath, Is.EqualTo(Target));
            Assert.That(Files, Is.EqualTo(["photo.jpg"]));
        });
    }

    // The digests of "abc" are those of FIPS 180-4's examples.
    [Test]
    public async Task Digests_that_were_announced_are_checked_and_others_computed()
    {
        var sha1 = new MsrpFileHash(HashAlgorithmName.SHA1, Convert.FromHexString("A9993E364706816ABA3E25717850C26C9CD0D89D"));
        var sha256 = new MsrpFileHash(HashAlgorithmName.SHA256, Convert.FromHexString("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
        await using var sink = await MsrpFileSink.OpenAsync(Options() with
        {
            Length = 3,
            Expected = [sha1],
            Compute = [HashAlgorithmName.SHA1, HashAlgorithmName.SHA256],
        });

        await sink.WriteAsync(0, "a"u8.ToArray());
        await sink.WriteAsync(1, "bc"u8.ToArray());
        await sink.CompleteAsync(3);

        Assert.That(sink.Digests, Is.EqualTo([sha1, sha256]));
    }

    [Test, Description("Edge 31, MSRP-17")]
    public async Task What_comes_out_of_order_or_over_other_octets_is_hashed_as_it_stands_in_the_end()
    {
        await using var sink = await MsrpFileSink.OpenAsync(Options() with { Expected = [Sha256(Content)] });

        await sink.WriteAsync(200_000, Content.AsMemory(200_000));
        await sink.WriteAsync(0, Octets(120_000, seed: 2));
        await sink.WriteAsync(0, Content.AsMemory(0, 110_000));
        await sink.WriteAsync(100_000, Content.AsMemory(100_000, 100_000));
        await sink.CompleteAsync(Content.Length);

        Assert.That(File.ReadAllBytes(Target), Is.EqualTo(Content));
    }

    [Test]
    public async Task Any_order_of_pieces_gives_the_file()
    {
        var random = new Random(5547);

        for (var run = 0; run < 20; run++)
        {
            var path = Path.Combine(_folder.FullName, $"file {run}");
            await using var sink = await MsrpFileSink.OpenAsync(new MsrpFileSinkOptions { Path = path, Expected = [Sha256(Content)] });

            foreach (var (start, end) in Chunking.ReassemblerTests.Split(random, Content.Length))
            {
                await sink.WriteAsync(start, Content.AsMemory(start..end));
            }
            await sink.CompleteAsync(Content.Length);

            Assert.That(File.ReadAllBytes(path), Is.EqualTo(Content));
        }
    }

    [Test, Description("MSRP-18")]
    public async Task What_was_written_beyond_the_end_is_cut_off()
    {
        await using var sink = await MsrpFileSink.OpenAsync(Options() with { Expected = [Sha256(Content.AsSpan(0, 1000))] });

        await sink.WriteAsync(0, Content);
        await sink.CompleteAsync(1000);

        Assert.That(File.ReadAllBytes(Target), Is.EqualTo(Content[..1000]));
    }

    [Test, Description("Edge 51")]
    public async Task An_empty_file_is_a_file()
    {
        await using var sink = await MsrpFileSink.OpenAsync(Options() with { Length = 0, Expected = [Sha256([])] });

        await sink.CompleteAsync(0);

        Assert.That(File.ReadAllBytes(Target), Is.Empty);
    }

    [Test, Description("Edge 51")]
    public async Task A_wrong_digest_leaves_nothing_behind()
    {
        await using var sink = await MsrpFileSink.OpenAsync(Options() with { KeepPartial = true, Expected = [Sha256(Content)] });
        await sink.WriteAsync(0, Octets(Content.Length, seed: 2));

        Assert.That(async () => await sink.CompleteAsync(Content.Length), Throws.InstanceOf<InvalidDataException>());

        Assert.That(Files, Is.Empty);
        Assert.That(sink.FilePath, Is.Null);
        Assert.That(sink.Digests, Is.Empty);
    }

    [Test, Description("Edge 51")]
    public async Task Another_length_than_announced_is_an_error()
    {
        await using var sink = await MsrpFileSink.OpenAsync(Options() with { Length = 1000 });

        Assert.That(async () => await sink.WriteAsync(999, Content.AsMemory(0, 2)), Throws.InstanceOf<InvalidDataException>());
        Assert.That(async () => await sink.WriteAsync(long.MaxValue, Content), Throws.InstanceOf<InvalidDataException>());
        await sink.WriteAsync(0, Content.AsMemory(0, 999));
        Assert.That(async () => await sink.CompleteAsync(999), Throws.InstanceOf<InvalidDataException>());

        Assert.That(Files, Is.Empty);
    }

    [Test]
    public async Task A_file_that_was_not_written_to_its_end_is_an_error()
    {
        await using var sink = await MsrpFileSink.OpenAsync(Options());
        await sink.WriteAsync(0, Content.AsMemory(0, 999));

        Assert.That(async () => await sink.CompleteAsync(1000), Throws.InstanceOf<InvalidDataException>());
        Assert.That(Files, Is.Empty);
    }

    [Test]
    public async Task No_file_is_written_over()
    {
        await using var sink = await MsrpFileSink.OpenAsync(Options());
        await sink.WriteAsync(0, Content);
        await File.WriteAllTextAsync(Target, "mine");

        Assert.That(async () => await MsrpFileSink.OpenAsync(Options()), Throws.InstanceOf<IOException>());
        Assert.That(async () => await sink.CompleteAsync(Content.Length), Throws.InstanceOf<IOException>());

        await sink.DisposeAsync();
        Assert.That(File.ReadAllText(Target), Is.EqualTo("mine"));
        Assert.That(Files, Is.EqualTo(["photo.jpg"]));
    }

    [TestCase(true), TestCase(false)]
    public async Task An_abort_or_a_disposal_leaves_nothing_behind(bool abort)
    {
        var sink = await MsrpFileSink.OpenAsync(Options());
        await sink.WriteAsync(0, Content);
        Assert.That(Files, Has.Length.EqualTo(1));

        await (abort ? sink.AbortAsync(new IOException("The connection was lost.")) : sink.DisposeAsync());

        Assert.That(Files, Is.Empty);
        Assert.That(async () => await sink.WriteAsync(0, Content), Throws.InstanceOf<ObjectDisposedException>());
        await sink.DisposeAsync();
    }

    [Test, Description("Edge 51")]
    public async Task A_transfer_that_broke_off_is_taken_up_where_it_ended()
    {
        var first = await MsrpFileSink.OpenAsync(Options() with { KeepPartial = true, Length = Content.Length });
        await first.WriteAsync(0, Content.AsMemory(0, 100_000));
        await first.WriteAsync(200_000, Content.AsMemory(200_000, 1000));
        await first.AbortAsync(new IOException("The connection was lost."));

        Assert.That(first.PartialLength, Is.EqualTo(100_000));
        Assert.That(new FileInfo(first.PartialPath).Length, Is.EqualTo(100_000), "no holes are kept");

        await using var second = await MsrpFileSink.OpenAsync(Options() with
        {
            PartialPath = first.PartialPath,
            ResumeFrom = first.PartialLength,
            Length = Content.Length,
            Expected = [Sha256(Content)],
        });
        await second.WriteAsync(0, Content.AsMemory(100_000, 50_000));
        await second.WriteAsync(50_000, Content.AsMemory(150_000));
        await second.CompleteAsync(200_000);

        Assert.That(File.ReadAllBytes(Target), Is.EqualTo(Content));
        Assert.That(Files, Is.EqualTo(["photo.jpg"]));
    }

    [Test]
    public async Task What_is_resumed_out_of_order_is_hashed_as_a_whole()
    {
        var partial = Path.Combine(_folder.FullName, "partial");
        await File.WriteAllBytesAsync(partial, Content[..150_000]);

        await using var sink = await MsrpFileSink.OpenAsync(Options() with { PartialPath = partial, ResumeFrom = 100_000, Expected = [Sha256(Content)] });
        Assert.That(new FileInfo(partial).Length, Is.EqualTo(100_000));
        await sink.WriteAsync(100_000, Content.AsMemory(200_000));
        await sink.WriteAsync(0, Content.AsMemory(100_000, 100_000));
        await sink.CompleteAsync(200_000);

        Assert.That(File.ReadAllBytes(Target), Is.EqualTo(Content));
    }

    [Test]
    public async Task A_partial_file_that_is_too_short_is_refused_and_stays()
    {
        var partial = Path.Combine(_folder.FullName, "partial");
        await File.WriteAllBytesAsync(partial, Content[..1000]);

        Assert.That(async () => await MsrpFileSink.OpenAsync(Options() with { PartialPath = partial, ResumeFrom = 1001 }), Throws.InstanceOf<InvalidDataException>());
        Assert.That(async () => await MsrpFileSink.OpenAsync(Options() with { ResumeFrom = 1000 }), Throws.ArgumentException);

        Assert.That(new FileInfo(partial).Length, Is.EqualTo(1000));
    }

    [Test]
    public async Task A_transfer_without_a_first_octet_keeps_nothing()
    {
        await using (var sink = await MsrpFileSink.OpenAsync(Options() with { KeepPartial = true }))
        {
            await sink.WriteAsync(1000, Content);
        }
        Assert.That(Files, Is.Empty);
    }

    [Test]
    public void A_folder_that_does_not_exist_and_an_unknown_digest_are_errors()
    {
        var elsewhere = Options() with { Path = Path.Combine(_folder.FullName, "elsewhere", "photo.jpg") };

        Assert.That(async () => await MsrpFileSink.OpenAsync(elsewhere), Throws.InstanceOf<IOException>());
        Assert.That(async () => await MsrpFileSink.OpenAsync(Options() with { Compute = [new HashAlgorithmName("MD1")] }), Throws.InstanceOf<CryptographicException>());
        Assert.That(Files, Is.Empty);
    }

    [Test]
    public async Task A_write_that_was_cancelled_is_not_counted()
    {
        await using var sink = await MsrpFileSink.OpenAsync(Options() with { Expected = [Sha256(Content)] });
        await sink.WriteAsync(0, Content.AsMemory(0, 1000));

        Assert.That(async () => await sink.WriteAsync(1000, Octets(1000, seed: 2), new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(sink.PartialLength, Is.EqualTo(1000));

        await sink.WriteAsync(1000, Content.AsMemory(1000));
        await sink.CompleteAsync(Content.Length);
        Assert.That(sink.FilePath, Is.EqualTo(Target));
    }

    private string Target => Path.Combine(_folder.FullName, "photo.jpg");

    private string[] Files => [.. _folder.GetFiles().Select(file => file.Name)];

    private MsrpFileSinkOptions Options() => new() { Path = Target };

    private static MsrpFileHash Sha256(ReadOnlySpan<byte> content) => new(HashAlgorithmName.SHA256, SHA256.HashData(content));

    private static byte[] Octets(int length, int seed = 1)
    {
        var octets = new byte[length];
        new Random(seed).NextBytes(octets);
        return octets;
    }
}
