namespace SipPush.Tests.Agents;

/// <summary>A disk that is full, fails or stands still when a test says so, in front of real files.</summary>
internal sealed class FaultyDisk : IDisposable
{
    private readonly ManualResetEventSlim _running = new(initialState: true);
    private readonly SemaphoreSlim _flushed = new(0);
    private FileStream? _file;
    private int _waiting;

    /// <summary>The octets that still fit; what is more is written in part, and then it is full.</summary>
    public long Room { get; set; } = long.MaxValue;

    public bool FailsToFlush { get; set; }

    /// <summary>Whether no new file can be made.</summary>
    public bool IsClosed { get; set; }

    /// <summary>What is in the file that was opened last.</summary>
    public string Text
    {
        get
        {
            var octets = new byte[RandomAccess.GetLength(_file!.SafeFileHandle)];
            return System.Text.Encoding.UTF8.GetString(octets, 0, RandomAccess.Read(_file.SafeFileHandle, octets, 0));
        }
    }

    /// <summary>Whether somebody waits for it to go on.</summary>
    public bool IsWaitedFor => Volatile.Read(ref _waiting) > 0;

    public Stream Open(FileStream file)
    {
        if (IsClosed)
        {
            file.Dispose();
            throw new IOException("No file can be made");
        }

        _file = file;
        return new Face(this, file);
    }

    public void Halt() => _running.Reset();

    public void Resume() => _running.Set();

    /// <summary>Waits for a flush that nobody has waited for yet.</summary>
    public async Task FlushedAsync() => Assert.That(await _flushed.WaitAsync(TimeSpan.FromSeconds(20)), "Nothing was flushed");

    public bool HasFlushed() => _flushed.Wait(0);

    public void Dispose()
    {
        _running.Dispose();
        _flushed.Dispose();
    }

    private void Wait()
    {
        Interlocked.Increment(ref _waiting);
        _running.Wait();
        Interlocked.Decrement(ref _waiting);
    }

    private sealed class Face(FaultyDisk disk, FileStream file) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => true;

        public override long Length => file.Length;

        public override long Position { get => file.Position; set => file.Position = value; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            disk.Wait();
            var fits = (int)Math.Min(disk.Room, buffer.Length);
            file.Write(buffer[..fits]);
            disk.Room -= fits;
            if (fits < buffer.Length)
            {
                throw new IOException("The disk is full");
            }
        }

        public override void Flush()
        {
            disk.Wait();
            if (disk.FailsToFlush)
            {
                throw new IOException("The disk has failed");
            }

            disk._flushed.Release();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => file.ReadAsync(buffer, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => file.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

        public override void SetLength(long value) => file.SetLength(value);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                file.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
