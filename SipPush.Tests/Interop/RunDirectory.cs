namespace SipPush.Tests.Interop;

/// <summary>A directory of its own for one process, gone afterwards. Its path is short: a Unix socket has room for 107 octets.</summary>
internal sealed class RunDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sp").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Text of a file in here, empty when there is none.</summary>
    public string Read(string name) => System.IO.File.Exists(File(name)) ? System.IO.File.ReadAllText(File(name)) : "";

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A file that a dying process still wrote; it is in the temporary directory anyway.
        }
    }
}
