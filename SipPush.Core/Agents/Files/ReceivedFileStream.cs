using System.Security.Cryptography;

namespace SipPush;

/// <summary>The content of a file that comes, checked while it is read against what was said of it (RFC 5547 §8.3.1): length, and, of a whole file, hash.</summary>
/// <param name="content">The octets.</param>
/// <param name="file">What was said.</param>
/// <param name="judged">Told once whether it is right, before the last read says so.</param>
internal sealed class ReceivedFileStream(Stream content, PushFileOffer file, Action<bool> judged) : ForwardStream
{
    private readonly IncrementalHash[] _hashes = file.Start == 0 && file.ReachesEnd ? [.. file.Expected.Select(hash => IncrementalHash.CreateHash(hash.Algorithm))] : [];
    private long _length;
    private string? _wrong;
    private bool _isJudged;

    public override int Read(Span<byte> buffer)
    {
        var count = content.Read(buffer);
        Check(buffer[..count], isEnd: count == 0 && !buffer.IsEmpty);
        return count;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await content.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Check(buffer.Span[..count], isEnd: count == 0 && !buffer.IsEmpty);
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            content.Dispose();
            foreach (var hash in _hashes)
            {
                hash.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    private void Check(ReadOnlySpan<byte> octets, bool isEnd)
    {
        if (!_isJudged)
        {
            _length += octets.Length;
            if (_length > file.Length || (isEnd && _length < file.Length))
            {
                Judge($"The file has {_length} octets{(isEnd ? "" : " at least")}, {file.Length} were announced");
            }
            else if (isEnd)
            {
                Judge(file.Expected.Zip(_hashes).Any(pair => !pair.Second.GetHashAndReset().AsSpan().SequenceEqual(pair.First.Digest.Span)) ? "The file does not have the hash that was announced" : null);
            }
            else
            {
                foreach (var hash in _hashes)
                {
                    hash.AppendData(octets);
                }
            }
        }

        if (_wrong is not null)
        {
            throw new InvalidDataException(_wrong);
        }
    }

    private void Judge(string? wrong)
    {
        _isJudged = true;
        _wrong = wrong;
        judged(wrong is null);
    }
}
