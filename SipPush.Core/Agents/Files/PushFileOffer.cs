using System.Security.Cryptography;
using SipPush.Msrp;
using SipPush.Sdp;

namespace SipPush;

/// <summary>A file that a sender offers (RFC 5547), as it describes it. All of it is the peer's word, until the file has come and been checked.</summary>
public sealed record PushFileOffer
{
    internal PushFileOffer(int index, FileTransfer transfer, PushContent? icon = null)
    {
        Index = index;
        Transfer = transfer;
        Icon = icon;
    }

    /// <summary>The name; null when there is none. Hostile text: it may hold path separators, dots, control characters, anything. <see cref="PushInbox"/> makes a name of it that is safe.</summary>
    public string? Name => Transfer.Selector.Name;

    /// <summary>The media type with its parameters; null when it is not said.</summary>
    public string? ContentType => Transfer.Selector.ContentType;

    /// <summary>Octets of the whole file; null when it is not said.</summary>
    public long? Size => Transfer.Selector.Size;

    /// <summary>Octets that will be sent: fewer than <see cref="Size"/> when the offer is of a range. Null when it is not known.</summary>
    public long? Length => Transfer.Length;

    /// <summary>The first octet of the file that will be sent, counted from 0. What lies before it the sender takes to be here: who does not have it refuses the file.</summary>
    public long Start => (Transfer.Range?.Start ?? 1) - 1;

    /// <summary>The SHA-1 of the whole file; null when it is not said.</summary>
    public ReadOnlyMemory<byte>? Sha1 => HashOf("sha-1");

    /// <summary>The SHA-256 of the whole file; null when it is not said.</summary>
    public ReadOnlyMemory<byte>? Sha256 => HashOf("sha-256");

    /// <summary>What the sender would have done with it: <c>render</c>, <c>attachment</c> or another token; null when it is not said, which means <c>render</c>.</summary>
    public string? Disposition => Transfer.Disposition;

    /// <summary>When it was made, changed and read; null when it is not said.</summary>
    public FileDate? Date => Transfer.Date;

    /// <summary>A small picture that stands for the file (RFC 5547 §8.8); null when there is none. Octets and type are the peer's word.</summary>
    public PushContent? Icon { get; }

    /// <summary>The id of this transfer. Text of the peer.</summary>
    public string TransferId => Transfer.TransferId ?? "";

    /// <summary>The number of its media description.</summary>
    internal int Index { get; }

    internal FileTransfer Transfer { get; }

    /// <summary>Whether the range, if there is one, goes to the end of the file.</summary>
    internal bool ReachesEnd => Transfer.Range?.Stop is not { } stop || stop == Size;

    /// <summary>The digests that the whole file has to have.</summary>
    internal IReadOnlyList<MsrpFileHash> Expected
    {
        get
        {
            var expected = new List<MsrpFileHash>(2);
            Add(Sha1, HashAlgorithmName.SHA1);
            Add(Sha256, HashAlgorithmName.SHA256);
            return expected;

            void Add(ReadOnlyMemory<byte>? digest, HashAlgorithmName algorithm)
            {
                if (digest is { } octets)
                {
                    expected.Add(new MsrpFileHash(algorithm, octets));
                }
            }
        }
    }

    private ReadOnlyMemory<byte>? HashOf(string algorithm) => Transfer.Selector.Hash(algorithm) is { } hash ? (ReadOnlyMemory<byte>?)hash.ToOctets() : null;
}
