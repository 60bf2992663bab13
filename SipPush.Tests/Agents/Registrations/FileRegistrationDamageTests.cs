using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using SipPush.Sip;
using SipPush.Tests.Interop;

namespace SipPush.Tests.Agents;

/// <summary>What is found in a file of registrations after a crash, or after damage: some of what was written, and nothing else.</summary>
[Parallelizable]
public sealed class FileRegistrationDamageTests
{
    private RegistrationFolder _folder = null!;
    private byte[] _whole = null!;
    private string[] _lines = null!;
    private string[] _said = null!;

    [SetUp]
    public async Task WriteFile()
    {
        _folder = new RegistrationFolder();
        await using (var store = await _folder.OpenAsync())
        {
            for (var i = 1; i <= 6; i++)
            {
                await store.SetAsync(RegistrationFolder.User(i), default);
                await store.FlushAsync();
            }

            await store.RemoveAsync(RegistrationFolder.User(2).Aor, default);
            await store.FlushAsync();
            await store.SetAsync(RegistrationFolder.User(3, version: 2), default);
        }

        _whole = _folder.Octets;
        _lines = Encoding.ASCII.GetString(_whole).Split('\n')[1..^1];
        _said = await ReplayAsync(_whole);
        Assert.That(_said, Has.Length.EqualTo(8).And.Length.EqualTo(_lines.Length));
    }

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public async Task Cut_anywhere_it_has_what_was_written_whole_and_goes_on()
    {
        var random = new Random(5);
        var last = _whole.Length - (_lines[^1].Length + _lines[^2].Length + _lines[^3].Length + 3);
        for (var length = 0; length < _whole.Length; length += length is < 60 || length >= last ? 1 : random.Next(1, 10))
        {
            var records = Math.Max(0, _whole.AsSpan(0, length).Count((byte)'\n') - 1);

            Assert.That(await ReplayAsync(_whole[..length]), Is.EqualTo(_said[..records]), $"Cut to {length}");

            // The open has cut off what was torn, so it can be written on.
            var left = _folder.Octets;
            Assert.That(left, Is.EqualTo(_whole[..left.Length]));
            Assert.That(left[^1], Is.EqualTo((byte)'\n'));
        }
    }

    [Test]
    public async Task After_a_cut_what_is_written_next_is_there_again()
    {
        var random = new Random(3);
        for (var i = 0; i < 50; i++)
        {
            await File.WriteAllBytesAsync(_folder.File, _whole[..random.Next(_whole.Length)]);
            string[] before;
            await using (var store = await _folder.OpenAsync())
            {
                await store.SetAsync(RegistrationFolder.User(100 + i), default);
                before = await RegistrationFolder.ListAsync(store);
            }

            Assert.That(before, Does.Contain(RegistrationFolder.Show(RegistrationFolder.User(100 + i))));
            Assert.That(await _folder.ReadAsync(), Is.EqualTo(before));
        }

        Assert.That(_folder.Warnings, Is.Not.Empty.And.All.Contain("they are cut off"));
    }

    [Test]
    public async Task With_a_flipped_bit_the_record_it_is_in_is_missing_and_no_other()
    {
        // One bit of each octet, and of the last record and the line end before it each bit.
        var random = new Random(7);
        var header = _whole.AsSpan().IndexOf((byte)'\n') + 1;
        var last = 8 * (_whole.Length - _lines[^1].Length - 2);
        for (var bit = 8 * header; bit < 8 * _whole.Length; bit += bit < last - 16 ? 8 + random.Next(8) - (bit % 8) : 1)
        {
            var damaged = (byte[])_whole.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));

            // Without its line end a record takes the next one with it; the last is torn.
            var record = _whole.AsSpan(0, bit / 8).Count((byte)'\n') - 1;
            var missing = _whole[bit / 8] == '\n' ? 2 : 1;
            string[] expected = [.. _said[..record], .. _said[Math.Min(record + missing, _said.Length)..]];

            Assert.That(await ReplayAsync(damaged), Is.EqualTo(expected), $"Bit {bit}");
        }
    }

    [Test]
    public async Task With_a_flipped_bit_in_its_first_line_it_is_refused()
    {
        for (var bit = 0; bit < 8 * 24; bit++)
        {
            var damaged = (byte[])_whole.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.That(async () => await ReplayAsync(damaged), Throws.InstanceOf<InvalidDataException>());
        }
    }

    [Test]
    public async Task Nothing_is_found_that_was_not_written_whatever_happens_to_it()
    {
        var random = new Random(11);
        var found = 0;
        for (var run = 0; run < 500; run++)
        {
            var damaged = _whole.ToList();
            for (var blow = random.Next(1, 5); blow > 0; blow--)
            {
                var at = random.Next(24, damaged.Count);
                var length = Math.Min(random.Next(1, 200), damaged.Count - at);
                switch (random.Next(5))
                {
                    case 0:
                        damaged.RemoveRange(at, length);
                        break;
                    case 1:
                        damaged.InsertRange(at, damaged.GetRange(random.Next(24, damaged.Count - length + 1), length));
                        break;
                    case 2:
                        damaged.InsertRange(at, new byte[random.Next(10_000)]);
                        break;
                    default:
                        for (var i = at; i < at + length; i++)
                        {
                            damaged[i] = (byte)random.Next(256);
                        }
                        break;
                }

                if (damaged.Count < 30)
                {
                    break;
                }
            }

            var replayed = await ReplayAsync([.. damaged]);
            Assert.That(replayed.Distinct(), Is.SubsetOf(_said), $"Run {run}");
            found += replayed.Length;
        }

        Assert.That(found, Is.GreaterThan(500));
    }

    [Test]
    public async Task A_sender_killed_in_the_middle_leaves_a_file_of_what_it_was_told()
    {
        using var core = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var told = new HashSet<string>(StringComparer.Ordinal);
        File.Delete(_folder.File);

        using var sender = Start(((IPEndPoint)core.Client.LocalEndPoint!).Port);
        try
        {
            var address = await ListeningAsync(sender);
            var answered = 0;
            while (answered < 300)
            {
                var name = $"sip:u{told.Count}@example.com";
                told.Add(name);
                await core.SendAsync(Register(name), address);
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
                Assert.That(Encoding.ASCII.GetString((await core.ReceiveAsync(patience.Token)).Buffer), Does.StartWith("SIP/2.0 200 "));
                answered++;
            }

            // What was answered may still wait to be written, however long that takes there: a part has to be in the file before the end.
            Assert.That(await Poll.UntilAsync(() => new FileInfo(_folder.File).Length > 15_000, TimeSpan.FromSeconds(20)), Is.True);
            Assert.That(async () => await _folder.OpenAsync(), Throws.InstanceOf<IOException>(), "The file is another process's");
            for (var i = 0; i < 200; i++)
            {
                var name = $"sip:u{told.Count}@example.com";
                told.Add(name);
                await core.SendAsync(Register(name), address);
            }
        }
        finally
        {
            sender.Kill();
            await sender.WaitForExitAsync();
        }

        await using var store = await _folder.OpenAsync();
        var known = new List<string>();
        await foreach (var registration in store.ListAsync(default))
        {
            Assert.That(registration.CallId, Is.EqualTo($"{registration.Aor}-call"));
            known.Add(registration.Aor.ToString());
        }

        Assert.That(known, Is.SubsetOf(told).And.Unique);
        Assert.That(known, Has.Count.GreaterThan(20));
        Assert.That(_folder.Warnings, Is.Empty.Or.All.Contain("they are cut off"));
    }

    private async Task<string[]> ReplayAsync(byte[] octets)
    {
        await File.WriteAllBytesAsync(_folder.File, octets);
        var said = new List<string>();
        using var log = await RegistrationLog.OpenAsync(
            _folder.File,
            new FileRegistrationStoreOptions { MaximumRecord = 1_024 },
            (aor, registration) => said.Add(registration is null ? $"{aor} is gone" : RegistrationFolder.Show(registration)),
            default);
        return [.. said];
    }

    private Process Start(int core)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var argument in (string[])
            [
                Path.Combine(AppContext.BaseDirectory, "PushSender.dll"), "--aor", "sip:psa@example.com", "--core", $"127.0.0.1:{core};transport=udp", "--listen", "127.0.0.1:0",
                "--to", "sip:nobody@example.com", "--app", "mms.ua", "--text", "x", "--wait-for-registration", "120", "--registrations", _folder.File,
            ])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private static async Task<IPEndPoint> ListeningAsync(Process sender)
    {
        const string Listening = "Listening on ";
        string? line, address = null;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        while ((line = await sender.StandardOutput.ReadLineAsync(patience.Token)) is not null && !line.StartsWith("Waiting until", StringComparison.Ordinal))
        {
            address ??= line.StartsWith(Listening, StringComparison.Ordinal) && !line.Contains("tcp", StringComparison.Ordinal) ? line[Listening.Length..].Trim() : null;
        }

        Assert.That((line, address), Is.Not.EqualTo(((string?)null, (string?)null)));
        var uri = SipUri.Parse(address!);
        return new IPEndPoint(uri.HostAddress()!, uri.Port!.Value);
    }

    private static byte[] Register(string aor) => Encoding.ASCII.GetBytes($"""
        REGISTER sip:psa@example.com SIP/2.0
        Via: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK{aor.GetHashCode(StringComparison.Ordinal):x8}
        Max-Forwards: 70
        From: <sip:scscf.example.com>;tag=1
        To: <{aor}>
        Contact: <sip:scscf.example.com>
        Call-ID: {aor}-call
        CSeq: 1 REGISTER
        Expires: 3600
        Content-Length: 0


        """.ReplaceLineEndings("\r\n"));
}
