using System.Security.Cryptography;
using SipPush.Msrp;
using SipPush.Sdp;

namespace SipPush;

/// <summary>A file that is pushed as one (RFC 5547): the far end learns its name, type, size and SHA-1 before it takes it, and checks them afterwards.</summary>
/// <remarks>It is read twice: once for the hash, before it is offered, unless that is given, and once when it is sent. It must not change in between.</remarks>
public sealed record PushFile
{
    // As large as the pieces in which the far end writes it.
    private const int PieceSize = 256 * 1024;

    private readonly ReadOnlyMemory<byte> _octets;
    private readonly Func<long, CancellationToken, ValueTask<Stream>>? _open;
    private readonly FileHash? _sha1;

    private PushFile(string? name, string contentType, long size)
    {
        Name = name;
        ContentType = FieldText.CheckedMediaType(contentType, nameof(contentType));
        Size = size;
    }

    private PushFile(string? name, string contentType, ReadOnlyMemory<byte> octets)
        : this(name, contentType, octets.Length) => _octets = octets;

    private PushFile(string? name, string contentType, long size, Func<long, CancellationToken, ValueTask<Stream>> open, FileHash? sha1)
        : this(name, contentType, size) => (_open, _sha1) = (open, sha1);

    /// <summary>The name that the far end is told, which need not follow it; null for none.</summary>
    /// <exception cref="ArgumentException">It is empty.</exception>
    public string? Name
    {
        get;
        init => field = value is "" ? throw new ArgumentException("A name is not empty", nameof(Name)) : value;
    }

    /// <summary>The media type, with its parameters.</summary>
    public string ContentType { get; }

    /// <summary>Octets of the whole file.</summary>
    public long Size { get; }

    /// <summary>What is to become of it: <c>render</c>, which is meant by null, or <c>attachment</c>.</summary>
    public string? Disposition { get; init; }

    /// <summary>When it was made and changed; of <see cref="FromPath"/> what the file system says.</summary>
    public FileDate? Date { get; init; }

    /// <summary>A small picture that stands for it, shown before it is taken (RFC 5547 §8.8); null for none. It goes with the INVITE, so it should have no more octets than it needs. A far end that
    /// does not take it is offered the file without.</summary>
    /// <exception cref="ArgumentException">It is not in memory.</exception>
    public PushContent? Icon
    {
        get;
        init => field = value is null or { IsInMemory: true } ? value : throw new ArgumentException("An icon is in memory", nameof(Icon));
    }

    /// <summary>Octets at its beginning that the far end has already, from an attempt that broke off (<see cref="DeliveryReport.ResumeAt"/>): only what follows is sent. Default 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or nothing follows.</exception>
    public long ResumeFrom
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            if (value > 0)
            {
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(value, Size);
            }

            field = value;
        }
    }

    /// <summary>Told how far it has come, by threads of the library; it must not block. Counts what is sent now, not what was there before. Null for nobody.</summary>
    public IProgress<PushProgress>? Progress { get; init; }

    /// <summary>Gives this file up; the others go on. What the far end has of it is told to be abandoned.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>A file of the file system, under its own name and with its dates.</summary>
    /// <exception cref="ArgumentException"><paramref name="contentType"/> is no media type.</exception>
    /// <exception cref="IOException">There is no such file.</exception>
    public static PushFile FromPath(string path, string contentType)
    {
        var file = new FileInfo(path);
        return new PushFile(file.Name, contentType, file.Length, (offset, _) => ValueTask.FromResult<Stream>(Open(file.FullName, offset)), null)
        {
            Date = new FileDate { Creation = ToSecond(file.CreationTimeUtc), Modification = ToSecond(file.LastWriteTimeUtc) },
        };
    }

    /// <summary>A file that is in memory. The memory is not copied.</summary>
    /// <exception cref="ArgumentException"><paramref name="contentType"/> is no media type, or the name is empty.</exception>
    public static PushFile FromBytes(string name, ReadOnlyMemory<byte> octets, string contentType)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new PushFile(name, contentType, octets);
    }

    /// <summary>A file of which the application has the octets somewhere: in a database, behind a service, encrypted.</summary>
    /// <param name="name">Its name; null for none.</param>
    /// <param name="size">Octets of the whole file.</param>
    /// <param name="contentType">The media type, with its parameters.</param>
    /// <param name="open">Opens it at an octet counted from 0, for the hash and each attempt to send it; the stream is read to its end, or less far, and disposed of. An <see cref="IOException"/> says
    /// that it can't be read.</param>
    /// <param name="sha1">The SHA-1 of the whole file, 20 octets, where it is known; otherwise the file is read for it before it is offered.</param>
    /// <exception cref="ArgumentException"><paramref name="contentType"/> is no media type, the name is empty, the size negative or the hash of another length.</exception>
    public static PushFile FromStream(string? name, long size, string contentType, Func<long, CancellationToken, ValueTask<Stream>> open, ReadOnlyMemory<byte>? sha1 = null)
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        if (sha1 is { Length: not SHA1.HashSizeInBytes })
        {
            throw new ArgumentException("A SHA-1 has 20 octets", nameof(sha1));
        }

        return new PushFile(name, contentType, size, open, sha1 is { } given ? FileHash.Sha1(given.Span) : null);
    }

    /// <summary>What is said of it, its hash included, which is computed here unless it is known.</summary>
    /// <exception cref="IOException">It can't be read, or has not the length that was said.</exception>
    internal async ValueTask<FileSelector> DescribeAsync(CancellationToken cancellationToken)
    {
        // The parameters of the type travel in the Content-Type of the message.
        var end = ContentType.IndexOf(';', StringComparison.Ordinal);
        return new FileSelector
        {
            Name = Name,
            Type = (end < 0 ? ContentType : ContentType[..end]).Trim(),
            Size = Size,
            Hashes = [_sha1 ?? await HashAsync(cancellationToken).ConfigureAwait(false)],
        };
    }

    /// <summary>The message that carries it from an octet on; what it reads from is disposed of by the caller, after the message.</summary>
    /// <exception cref="IOException">It can't be opened.</exception>
    internal async ValueTask<(OutgoingMsrpMessage Message, Stream? Source)> OpenAsync(long offset, CancellationToken cancellationToken)
    {
        if (_open is null)
        {
            return (OutgoingMsrpMessage.FromMemory(ContentType, _octets[(int)offset..]), null);
        }

        var source = await _open(offset, cancellationToken).ConfigureAwait(false);
        return (OutgoingMsrpMessage.FromStream(ContentType, source, Size - offset), source);
    }

    private static DateTimeOffset ToSecond(DateTime time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    private static FileStream Open(string path, long offset) =>
        new FileStream(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.Asynchronous | FileOptions.SequentialScan, Share = FileShare.Read }) { Position = offset };

    private async ValueTask<FileHash> HashAsync(CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        if (_open is null)
        {
            hash.AppendData(_octets.Span);
            return FileHash.Sha1(hash.GetHashAndReset());
        }

        var source = await _open(0, cancellationToken).ConfigureAwait(false);
        await using (source.ConfigureAwait(false))
        {
            var piece = new byte[(int)Math.Clamp(Size, 1, PieceSize)];
            var length = 0L;
            int count;
            while (length <= Size && (count = await source.ReadAsync(piece, cancellationToken).ConfigureAwait(false)) > 0)
            {
                hash.AppendData(piece, 0, count);
                length += count;
            }

            if (length != Size)
            {
                throw new IOException($"'{Name}' has {length} octets{(length > Size ? " at least" : "")}, not {Size} as was said");
            }
        }

        return FileHash.Sha1(hash.GetHashAndReset());
    }
}
