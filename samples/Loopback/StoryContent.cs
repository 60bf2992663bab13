namespace SipPush.Samples.Loopback;

/// <summary>What goes in the session, as a stream: a file, or octets that are made up while they are read.</summary>
internal static class StoryContent
{
    private const int MadeUp = 10_000_000;

    /// <summary>Opens it, and says how long it is.</summary>
    /// <exception cref="SampleException">The file can't be read.</exception>
    public static (HashingStream Stream, long Length) Open(FileInfo? file)
    {
        if (file is null)
        {
            var octets = new byte[MadeUp];
            new Random(20_261_121).NextBytes(octets);
            return (new HashingStream(new MemoryStream(octets, writable: false)), MadeUp);
        }

        var stream = ContentFile.Open(file);
        return (new HashingStream(stream), stream.Length);
    }
}
