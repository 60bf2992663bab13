using System.Security.Cryptography;
using SipPush.Msrp;
using SipPush.Sdp;

namespace SipPush;

/// <summary>A file that is pushed as one (RFC 5547): the far end learns its name, type, size and SHA-1 before it takes it, and checks them afterwards.</summary>
/// <remarks>It is read twice: once for the hash, before it is offered, and once when it is sent. It must not change in between.</remarks>
public sealed record PushFile
{
    // As large as the pieces in which the far end writes it.
    private const int PieceSize = 256 * 1024;

    private readonly string? _path;
    private readonly ReadOnlyMemory<byte> _octets;

    private PushFile(string? path, ReadOnlyMemory<byte> octets, string name, string contentType, long size)
    {
        _path = path;
        _octets = octets;
        Name = name;
        ContentType = FieldText.CheckedMediaType(contentType, nameof(contentType));
        Size = size;
    }

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
        return new PushFile(file.FullName, default, file.Name, contentType, file.Length)
        {
            Date = new FileDate { Creation = ToSecond(file.CreationTimeUtc), Modification = ToSecond(file.LastWriteTimeUtc) },
        };
    }

    /// <summary>A file that is in memory. The memory is not copied.</summary>
    /// <exception cref="ArgumentException"><paramref name="contentType"/> is no media type, or the name is empty.</exception>
    public static PushFile FromBytes(string name, ReadOnlyMemory<byte> octets, string contentType)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new PushFile(null, octets, name, contentType, octets.Length);
    }

    /// <summary>What is said of it, its hash included, which is computed here.</summary>
    /// <exception cref="IOException">It can't be read, or has changed its length.</exception>
    internal async ValueTask<FileSelector> DescribeAsync(CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        if (_path is null)
        {
            hash.AppendData(_octets.Span);
        }
        else
        {
            await HashAsync(_path, hash, cancellationToken).ConfigureAwait(false);
        }

        // The parameters of the type travel in the Content-Type of the message.
        var type = ContentType.AsSpan();
        var end = type.IndexOf(';');
        return new FileSelector
        {
            Name = Name,
            Type = (end < 0 ? type : type[..end]).Trim().ToString(),
            Size = Size,
            Hashes = [FileHash.Sha1(hash.GetHashAndReset())],
        };
    }

    /// <summary>The message that carries it from an octet on; what it reads from is disposed of by the caller, after the message.</summary>
    internal OutgoingMsrpMessage Open(long offset, out Stream? source)
    {
        if (_path is null)
        {
            source = null;
            return OutgoingMsrpMessage.FromMemory(ContentType, _octets[(int)offset..]);
        }

        source = OpenFile(_path);
        source.Position = offset;
        return OutgoingMsrpMessage.FromStream(ContentType, source, Size - offset);
    }

    private static DateTimeOffset ToSecond(DateTime time) => new(time.Ticks - (time.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);

    private static FileStream OpenFile(string path) =>
        new(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.Asynchronous | FileOptions.SequentialScan, Share = FileShare.Read });

    private async ValueTask HashAsync(string path, IncrementalHash hash, CancellationToken cancellationToken)
    {
        var file = OpenFile(path);
        await using (file.ConfigureAwait(false))
        {
            var piece = new byte[(int)Math.Clamp(Size, 1, PieceSize)];
            var length = 0L;
            int count;
            while ((count = await file.ReadAsync(piece, cancellationToken).ConfigureAwait(false)) > 0)
            {
                hash.AppendData(piece, 0, count);
                length += count;
            }

            if (length != Size)
            {
                throw new IOException($"'{path}' has {length} octets, not {Size} as before");
            }
        }
    }
}
