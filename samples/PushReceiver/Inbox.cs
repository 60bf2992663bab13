using System.Collections.Frozen;
using System.Globalization;

namespace SipPush.Samples.PushReceiver;

/// <summary>Writes pushes to files. The names are its own: a counter, the digest of the content, and an extension from a table.</summary>
/// <param name="directory">Where the files go; created when it is not there.</param>
public sealed class Inbox(DirectoryInfo directory)
{
    private static readonly FrozenDictionary<string, string> Extensions = new Dictionary<string, string>
    {
        ["application/json"] = ".json",
        ["application/pdf"] = ".pdf",
        ["application/vnd.wap.mms-message"] = ".mms",
        ["application/vnd.wap.sic"] = ".sic",
        ["application/vnd.wap.slc"] = ".slc",
        ["application/xml"] = ".xml",
        ["image/gif"] = ".gif",
        ["image/jpeg"] = ".jpg",
        ["image/png"] = ".png",
        ["text/html"] = ".html",
        ["text/plain"] = ".txt",
        ["text/vnd.wap.si"] = ".xml",
        ["text/vnd.wap.sl"] = ".xml",
        ["text/xml"] = ".xml",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private int _written;

    /// <summary>Writes a push while it comes, and gives the path of its file, which has its name only once it is whole. A file that is there already is left alone.</summary>
    /// <param name="contentType">The media type, which chooses the extension and nothing else.</param>
    /// <param name="content">The content.</param>
    /// <param name="cancellationToken">Stops the writing; then nothing of it is left.</param>
    /// <exception cref="IOException">The file can't be written, or the content did not come whole.</exception>
    public async Task<string> WriteAsync(string contentType, ContentCopy content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        directory.Create();

        var partial = Path.Combine(directory.FullName, $".{Path.GetRandomFileName()}.partial");
        try
        {
            await using (var file = new FileStream(partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                await content.RunAsync(file, cancellationToken);
            }

            while (true)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{Interlocked.Increment(ref _written):D4}-{content.Sha256[..12]}{ExtensionOf(contentType)}");
                var path = Path.Combine(directory.FullName, name);
                if (!File.Exists(path))
                {
                    File.Move(partial, path);
                    return path;
                }
            }
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }

    /// <summary>The extension of a media type; <c>.bin</c> of one that is not in the table.</summary>
    public static string ExtensionOf(string contentType)
    {
        ArgumentNullException.ThrowIfNull(contentType);
        var type = contentType.Split(';', 2)[0].Trim();
        return Extensions.GetValueOrDefault(type, ".bin");
    }
}
