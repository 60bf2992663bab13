using System.Text;
using SipPush.Sip;
using SipPush.Tests.Support;

namespace SipPush.Tests.Agents;

public sealed class FileRegistrationStoreTests
{
    private static readonly PushRegistration Bob = new()
    {
        Aor = SipUri.Parse("sip:bob@example.com"),
        RegisteredAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero),
        Expires = new DateTimeOffset(2026, 1, 2, 4, 4, 5, 678, TimeSpan.Zero).AddTicks(9),
        PublicGruu = SipUri.Parse("sip:bob@example.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        Applications = ["mms.ua", "x-vendor:tea.ua"],
        Icsis = ["urn:urn-7:3gpp-service.ims.icsi.omapush"],
        ServiceInfo = "two\nlines",
        CallId = "1@scscf",
        CSeq = 7,
    };

    private RegistrationFolder _folder = null!;
    private FaultyDisk _disk = null!;
    private ManualTimeProvider _clock = null!;

    [SetUp]
    public void CreateFolder() => (_folder, _disk, _clock) = (new RegistrationFolder(), new FaultyDisk(), new ManualTimeProvider());

    [TearDown]
    public void DeleteFolder()
    {
        _disk.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task The_file_is_text()
    {
        await using (var store = await _folder.OpenAsync())
        {
            await store.SetAsync(Bob, default);
            await store.FlushAsync();
            await store.RemoveAsync(Bob.Aor, default);
        }

        Assert.That(_folder.Text, Is.EqualTo("""
            SipPush registrations 1
            ef8a5510 {"op":"set","aor":"sip:bob@example.com","registeredAt":"2026-01-02T03:04:05.678+00:00","expires":"2026-01-02T04:04:05.6780009+00:00","publicGruu":"sip:bob@example.com;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6","applications":["mms.ua","x-vendor%3Atea.ua"],"icsis":["urn:urn-7:3gpp-service.ims.icsi.omapush"],"serviceInfo":"two\nlines","callId":"1@scscf","cSeq":7}
            f63188d3 {"op":"remove","aor":"sip:bob@example.com"}

            """.ReplaceLineEndings("\n")));
    }

    [Test]
    public void The_checksum_is_CRC_32C() => Assert.That(RegistrationRecord.Checksum("123456789"u8), Is.EqualTo(0xE3069283));

    [Test]
    public async Task Everything_of_a_registration_comes_back_octet_for_octet()
    {
        var text = SipUri.Parse("sip:té@example.com;gr");
        Assert.That(SipUri.TryParse(new SipText(Encoding.Latin1.GetBytes("sip:\u00ff\u0080\\@example.com;gr")), out var notText), Is.True);
        PushRegistration[] all =
        [
            Bob,
            new() { Aor = SipUri.Parse("tel:+1-201-555-0123"), Expires = DateTimeOffset.MaxValue },
            RegistrationFolder.User(1) with { PublicGruu = text, TemporaryGruu = notText, ServiceInfo = "\0\r\n\"\\<é>\u2028\U0001F375", CallId = "ä\t", CSeq = uint.MaxValue },
            RegistrationFolder.User(2) with { Applications = ["12345", "x-oma-application:ulp.ua", "x:%2C", "*"], Expires = Bob.Expires.ToOffset(TimeSpan.FromHours(-3)) },
        ];

        await using (var store = await _folder.OpenAsync())
        {
            foreach (var registration in all)
            {
                Assert.That(await store.SetAsync(registration, default), Is.True);
            }
        }

        Assert.That(await _folder.ReadAsync(), Is.EqualTo(all.Select(RegistrationFolder.Show).Order(StringComparer.Ordinal)));
        Assert.That(_folder.Warnings, Is.Empty);
    }

    [Test]
    public async Task The_last_word_about_a_user_counts()
    {
        await using (var store = await _folder.OpenAsync())
        {
            await store.SetAsync(RegistrationFolder.User(1), default);
            await store.SetAsync(RegistrationFolder.User(2), default);
            await store.FlushAsync();
            await store.SetAsync(RegistrationFolder.User(1, version: 2), default);
            await store.RemoveAsync(RegistrationFolder.User(2).Aor, default);
            await store.RemoveAsync(RegistrationFolder.User(3).Aor, default);
        }

        await using var again = await _folder.OpenAsync();
        Assert.That((await again.FindAsync(RegistrationFolder.User(1).Aor, default))!.CSeq, Is.EqualTo(2));
        Assert.That(await again.FindAsync(RegistrationFolder.User(2).Aor, default), Is.Null);
    }

    [Test]
    public async Task Ten_thousand_registrations_are_there_again()
    {
        string[] before;
        await using (var store = await _folder.OpenAsync())
        {
            for (var i = 0; i < 10_000; i++)
            {
                await store.SetAsync(RegistrationFolder.User(i), default);
            }

            before = await RegistrationFolder.ListAsync(store);
        }

        Assert.That((before.Length, (await _folder.ReadAsync()).SequenceEqual(before)), Is.EqualTo((10_000, true)));
    }

    [Test]
    public async Task Many_who_write_at_once_and_a_file_written_anew_among_them_lose_nothing()
    {
        string[] before;
        await using (var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { CompactionSize = 5_000, MaximumWaiting = 16 }))
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
            {
                var random = new Random(writer);
                for (uint i = 0; i < 500; i++)
                {
                    var user = RegistrationFolder.User((writer * 100) + random.Next(10), i);
                    await (random.Next(4) == 0 ? store.RemoveAsync(user.Aor, default) : new ValueTask(store.SetAsync(user, default).AsTask()));
                }
            })));
            before = await RegistrationFolder.ListAsync(store);
        }

        Assert.That(before, Is.Not.Empty);
        Assert.That(await _folder.ReadAsync(), Is.EqualTo(before));
        Assert.That(_folder.Octets, Has.Length.LessThan(60_000));
    }

    [Test]
    public async Task What_is_dead_is_left_out_when_there_is_too_much_of_it()
    {
        await using (var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { CompactionSize = 0, CompactionRatio = 3, Open = _disk.Open }))
        {
            await store.SetAsync(Bob, default);
            for (uint i = 0; i < 100; i++)
            {
                await store.SetAsync(RegistrationFolder.User(1, i), default);
                await store.FlushAsync();

                // It is written anew after those who waited have been told: the second time that is over.
                await store.FlushAsync();
                Assert.That(_disk.Text.Count('\n'), Is.LessThanOrEqualTo(7));
            }
        }

        Assert.That(File.Exists(_folder.NewFile), Is.False);
        Assert.That(await _folder.ReadAsync(), Is.EqualTo(new[] { RegistrationFolder.Show(Bob), RegistrationFolder.Show(RegistrationFolder.User(1, 99)) }));
    }

    [Test]
    public async Task What_was_left_of_writing_it_anew_is_removed()
    {
        await using (var store = await _folder.OpenAsync())
        {
            await store.SetAsync(Bob, default);
        }

        var whole = _folder.Octets;
        for (var length = 0; length <= whole.Length; length += 20)
        {
            await File.WriteAllBytesAsync(_folder.NewFile, whole[..length]);
            Assert.That(await _folder.ReadAsync(), Has.Length.EqualTo(1));
            Assert.That(File.Exists(_folder.NewFile), Is.False);
        }
    }

    [Test]
    public async Task A_link_in_the_place_of_the_new_file_leads_nowhere()
    {
        var elsewhere = Path.Combine(Path.GetDirectoryName(_folder.File)!, "elsewhere");
        await File.WriteAllTextAsync(elsewhere, "not yours");
        await using (var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { CompactionSize = 0, CompactionRatio = 3 }))
        {
            File.CreateSymbolicLink(_folder.NewFile, elsewhere);
            for (uint i = 0; i < 5; i++)
            {
                await store.SetAsync(RegistrationFolder.User(1, i), default);
                await store.FlushAsync();
            }
        }

        Assert.That(await File.ReadAllTextAsync(elsewhere), Is.EqualTo("not yours"));
        Assert.That(new FileInfo(_folder.File).LinkTarget, Is.Null);
        Assert.That(await _folder.ReadAsync(), Is.EqualTo(new[] { RegistrationFolder.Show(RegistrationFolder.User(1, 4)) }));
    }

    [Test]
    public async Task When_it_cannot_be_written_anew_the_old_file_goes_on()
    {
        await using (var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { CompactionSize = 0, Open = _disk.Open }))
        {
            await store.SetAsync(Bob, default);
            await store.FlushAsync();
            _disk.IsClosed = true;
            for (uint i = 0; i < 10; i++)
            {
                await store.SetAsync(Bob with { CSeq = i }, default);
                await store.FlushAsync();
            }
        }

        Assert.That(_folder.Warnings, Is.Not.Empty.And.All.EqualTo("FILE can't be written anew and goes on growing for now"));
        Assert.That(_folder.Warnings, Has.Length.LessThan(10));
        Assert.That(await _folder.ReadAsync(), Is.EqualTo(new[] { RegistrationFolder.Show(Bob with { CSeq = 9 }) }));
    }

    [Test]
    public async Task A_second_store_on_the_same_file_is_refused()
    {
        var first = await _folder.OpenAsync(new FileRegistrationStoreOptions { CompactionSize = 0 });
        await first.SetAsync(Bob, default);
        Assert.That(async () => await _folder.OpenAsync(), Throws.InstanceOf<IOException>().With.Message.Contains("another process"));

        await first.RemoveAsync(Bob.Aor, default);
        await first.FlushAsync();
        Assert.That(async () => await _folder.OpenAsync(), Throws.InstanceOf<IOException>(), "The file has been written anew");

        await first.DisposeAsync();
        Assert.That(await _folder.ReadAsync(), Is.Empty);
    }

    [TestCase("Dear Bob,\n")]
    [TestCase("SipPush registrations 2\n")]
    [TestCase("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")]
    public async Task What_is_something_else_is_refused_and_left_as_it_is(string text)
    {
        await File.WriteAllTextAsync(_folder.File, text);

        Assert.That(async () => await _folder.OpenAsync(), Throws.InstanceOf<InvalidDataException>());
        Assert.That(_folder.Text, Is.EqualTo(text));
    }

    [Test]
    public async Task What_a_later_version_says_is_passed_over()
    {
        using (var file = new FileStream(_folder.File, FileMode.Create))
        {
            file.Write("SipPush registrations 1\n"u8);
            foreach (var json in (string[])["""{"op":"pause","aor":"sip:u1@example.com"}""", """{"op":"set","aor":"sip:u1@example.com"}""", "[1]", """{"op":"remove","aor":"\u4e2d"}"""])
            {
                file.Write(Line(json));
            }

            file.Write(Line("""{"op":"set","aor":"sip:u2@example.com","expires":"2026-01-02T03:04:05Z","colour":"red"}"""));
        }

        Assert.That(await _folder.ReadAsync(), Is.EqualTo(new[] { "sip:u2@example.com|0001-01-01T00:00:00.0000000+00:00|2026-01-02T03:04:05.0000000+00:00|-|-|||-||0" }));
        Assert.That(_folder.Warnings, Is.EqualTo(["4 records in FILE are of a later version and passed over"]));
    }

    [Test]
    public async Task A_line_longer_than_a_record_may_be_is_passed_over([Values(900, 1_025, 70_000, 300_000)] int length)
    {
        await using (var store = await _folder.OpenAsync())
        {
            await store.SetAsync(RegistrationFolder.User(1), default);
        }

        var line = _folder.Octets[24..];
        await File.AppendAllTextAsync(_folder.File, new string('x', length) + "\n");
        using (var file = new FileStream(_folder.File, FileMode.Append))
        {
            file.Write(line);
        }

        await using (var again = await _folder.OpenAsync(new FileRegistrationStoreOptions { MaximumRecord = 1_024 }))
        {
            Assert.That(await RegistrationFolder.ListAsync(again), Has.Length.EqualTo(1));
        }

        Assert.That(_folder.Warnings, Is.EqualTo(["1 records in FILE are damaged and passed over: some users may be known as they were before"]));
        Assert.That(_folder.Octets, Has.Length.EqualTo(24 + line.Length + length + 1 + line.Length));
    }

    [Test]
    public async Task What_is_too_large_for_a_record_is_known_until_the_end_only()
    {
        var large = Bob with { ServiceInfo = new string('x', 1_000) };
        await using (var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { MaximumRecord = 1_024 }))
        {
            await store.SetAsync(Bob, default);
            await store.FlushAsync();
            Assert.That(await store.SetAsync(large, default), Is.True);
            Assert.That(await store.FindAsync(Bob.Aor, default), Is.EqualTo(large));
        }

        Assert.That(await _folder.ReadAsync(), Is.Empty);
        Assert.That(_folder.Warnings, Is.EqualTo(["The registration of sip:bob@example.com needs more than 1024 octets in FILE and is kept in memory only"]));
    }

    [Test]
    public async Task Without_room_a_new_user_is_refused_also_when_the_file_has_more()
    {
        await using (var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { MaximumRegistrations = 2 }))
        {
            Assert.That(await store.SetAsync(RegistrationFolder.User(1), default), Is.True);
            Assert.That(await store.SetAsync(RegistrationFolder.User(2), default), Is.True);
            Assert.That(await store.SetAsync(RegistrationFolder.User(3), default), Is.False);
            Assert.That(await store.SetAsync(RegistrationFolder.User(2, 2), default), Is.True);
        }

        await using var smaller = await _folder.OpenAsync(new FileRegistrationStoreOptions { MaximumRegistrations = 1 });
        Assert.That(await RegistrationFolder.ListAsync(smaller), Has.Length.EqualTo(1));
        Assert.That(_folder.Warnings, Has.Length.EqualTo(1).And.All.EndsWith("in FILE there is no room"));
    }

    [Test]
    public async Task A_record_is_written_at_once_and_on_the_disk_after_the_interval()
    {
        await using var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { TimeProvider = _clock, Open = _disk.Open });
        await _disk.FlushedAsync();

        await store.SetAsync(Bob, default);
        await UntilAsync(() => _clock.ActiveTimers == 1);

        Assert.That(_disk.Text, Does.Contain("sip:bob@example.com"));
        Assert.That(_disk.HasFlushed(), Is.False);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await _disk.FlushedAsync();
    }

    [Test]
    public async Task Without_an_interval_a_change_ends_when_it_is_on_the_disk()
    {
        await using var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { FlushInterval = TimeSpan.Zero, TimeProvider = _clock, Open = _disk.Open });
        await _disk.FlushedAsync();
        _disk.Halt();

        var setting = store.SetAsync(Bob, default).AsTask();
        var known = await store.FindAsync(Bob.Aor, default);
        var early = setting.IsCompleted;
        _disk.Resume();
        await setting;

        Assert.That((known, early, _disk.HasFlushed(), _clock.ActiveTimers), Is.EqualTo((Bob, false, true, 0)));
    }

    [Test]
    public async Task When_too_many_changes_wait_the_next_one_waits_for_room()
    {
        await using var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { MaximumWaiting = 1, TimeProvider = _clock, Open = _disk.Open });
        _disk.Halt();

        await store.SetAsync(RegistrationFolder.User(1), default);
        await UntilAsync(() => _disk.IsWaitedFor);
        await store.SetAsync(RegistrationFolder.User(2), default);
        var third = store.SetAsync(RegistrationFolder.User(3), default).AsTask();
        var early = third.IsCompleted;
        _disk.Resume();

        Assert.That((early, await third), Is.EqualTo((false, true)));
    }

    [Test]
    public async Task A_full_disk_stops_nobody_and_is_made_up_for_when_there_is_room([Values(0, 1, 100, 500)] int room)
    {
        await using (var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { TimeProvider = _clock, Open = _disk.Open }))
        {
            await store.SetAsync(RegistrationFolder.User(1), default);
            await store.FlushAsync();
            _disk.Room = room;
            for (var i = 2; i < 10; i++)
            {
                Assert.That(await store.SetAsync(RegistrationFolder.User(i), default), Is.True);
            }

            await store.RemoveAsync(RegistrationFolder.User(1).Aor, default);
            await store.FlushAsync();
            Assert.That(await RegistrationFolder.ListAsync(store), Has.Length.EqualTo(8));
            Assert.That(_folder.Warnings, Is.Not.Empty.And.All.EqualTo("Registrations can't be written to FILE; tried again in 00:00:10"));
            Assert.That(File.Exists(_folder.NewFile), Is.False);

            _disk.Room = long.MaxValue;
            while (_disk.HasFlushed())
            {
                // Those of the time before.
            }

            await UntilAsync(() => _clock.ActiveTimers == 1);
            _clock.Advance(TimeSpan.FromSeconds(10));
            await _disk.FlushedAsync();
            await store.SetAsync(Bob, default);
        }

        Assert.That(await _folder.ReadAsync(), Has.Length.EqualTo(9));
    }

    [Test]
    public async Task What_could_not_be_flushed_is_written_anew()
    {
        await using (var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { FlushInterval = TimeSpan.Zero, TimeProvider = _clock, Open = _disk.Open }))
        {
            await store.SetAsync(RegistrationFolder.User(1), default);
            _disk.FailsToFlush = true;
            await store.SetAsync(RegistrationFolder.User(2), default);
            await store.SetAsync(RegistrationFolder.User(3), default);
            _disk.FailsToFlush = false;
            Assert.That(_folder.Warnings, Is.Not.Empty);
        }

        Assert.That(await _folder.ReadAsync(), Has.Length.EqualTo(3));
        Assert.That(_folder.Text.Count('\n'), Is.EqualTo(4));
    }

    [Test]
    public async Task A_disk_that_never_comes_back_leaves_the_file_as_it_was()
    {
        await using (var store = await _folder.OpenAsync(new FileRegistrationStoreOptions { TimeProvider = _clock, Open = _disk.Open }))
        {
            await store.SetAsync(RegistrationFolder.User(1), default);
            await store.FlushAsync();
            _disk.Room = 50;
            await store.SetAsync(RegistrationFolder.User(2), default);
        }

        Assert.That(await _folder.ReadAsync(), Has.Length.EqualTo(1));
        Assert.That(_folder.Warnings[^1], Is.EqualTo("The last 50 octets of FILE are a record that was not written to its end: they are cut off"));
    }

    [Test]
    public async Task After_its_end_nothing_is_taken()
    {
        var store = await _folder.OpenAsync();
        await store.DisposeAsync();
        await store.DisposeAsync();

        Assert.That(async () => await store.SetAsync(Bob, default), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(async () => await store.RemoveAsync(Bob.Aor, default), Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public async Task Nobody_else_may_read_it()
    {
        await using var store = await _folder.OpenAsync();

        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("There are no such modes");
        }
        else
        {
            Assert.That(File.GetUnixFileMode(_folder.File), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
    }

    [Test]
    public async Task A_link_stays_a_link()
    {
        var link = Path.Combine(Path.GetDirectoryName(_folder.File)!, "link");
        await using (await _folder.OpenAsync())
        {
        }

        File.CreateSymbolicLink(link, _folder.File);
        await using (var store = await FileRegistrationStore.OpenAsync(link, new FileRegistrationStoreOptions { CompactionSize = 0 }))
        {
            await store.SetAsync(Bob, default);
            await store.RemoveAsync(Bob.Aor, default);
            await store.SetAsync(Bob, default);
        }

        Assert.That(new FileInfo(link).LinkTarget, Is.EqualTo(_folder.File));
        Assert.That(await _folder.ReadAsync(), Has.Length.EqualTo(1));
    }

    [Test]
    public void Options_that_make_no_sense_are_refused()
    {
        FileRegistrationStoreOptions[] wrong =
        [
            new() { FlushInterval = TimeSpan.FromTicks(-1) }, new() { MaximumRegistrations = 0 }, new() { MaximumWaiting = 0 }, new() { MaximumRecord = 1_023 },
            new() { CompactionRatio = 1 }, new() { CompactionSize = -1 },
        ];

        foreach (var options in wrong)
        {
            Assert.That(async () => await _folder.OpenAsync(options), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
    }

    private static byte[] Line(string json)
    {
        var line = new System.Buffers.ArrayBufferWriter<byte>();
        RegistrationRecord.WriteLine(line, Encoding.UTF8.GetBytes(json));
        return line.WrittenSpan.ToArray();
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (var start = TimeProvider.System.GetTimestamp(); !condition();)
        {
            Assert.That(TimeProvider.System.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(20)));
            await Task.Yield();
        }
    }
}
