using System.Buffers;
using System.IO.Pipelines;

namespace SipPush.Msrp.Chunking;

/// <summary>Where the octets of an outgoing message come from. The write loop of the connection is its only user: it looks at what is there, takes some of it, and
/// comes back when <see cref="Wait"/> has called.</summary>
internal abstract class BodySource : IAsyncDisposable
{
    /// <summary>Octets that are here now.</summary>
    public abstract long Buffered { get; }

    /// <summary>The first of them, which stay valid until <see cref="Advance"/> or <see cref="Wait"/>; empty only when none are here.</summary>
    public abstract ReadOnlyMemory<byte> Available { get; }

    /// <summary>All of them, for as long.</summary>
    public abstract ReadOnlySequence<byte> Octets { get; }

    /// <summary>Whether nothing comes after what is <see cref="Buffered"/>, as far as is known.</summary>
    public abstract bool IsEnding { get; }

    /// <summary>Why no more can be had; null when all is well.</summary>
    public virtual Exception? Failure => null;

    /// <summary>So many octets are done with.</summary>
    public abstract void Advance(int count);

    /// <summary>Has <paramref name="ready"/> called once, by any thread, as soon as there is more than there was when it was looked at: octets, the end or a failure. False when there is
    /// already, and nothing will be called.</summary>
    public abstract bool Wait(Action ready);

    /// <summary>The message has ended, one way or another. Nothing else is called after it.</summary>
    public abstract ValueTask DisposeAsync();

    public static BodySource Of(OutgoingMsrpMessage message) => message.Source switch
    {
        ReadOnlyMemory<byte> memory => new MemoryBodySource(memory),
        Stream stream => new StreamBodySource(stream, ownsStream: false, message.Length),
        PipeReader pipe => new PipeBodySource(pipe, message.Length),
        FileInfo file => new StreamBodySource(Open(file), ownsStream: true, message.Length),
        _ => throw new InvalidOperationException("A message has no other source"),
    };

    // The source reads large pieces by itself, so a buffer of the stream would only be one copy more.
    private static FileStream Open(FileInfo file) =>
        new(file.FullName, new FileStreamOptions { BufferSize = 0, Options = FileOptions.Asynchronous | FileOptions.SequentialScan, Share = FileShare.Read });
}
