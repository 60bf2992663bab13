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

    /// <summary>Writes a push and gives the path of its file. A file that is there already is left alone.</summary>
    /// <param name="contentType">The media type, which chooses the extension and nothing else.</param>
    /// <param name="sha256">The digest of the content, in hexadecimal.</param>
    /// <param name="content">The content.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    /// <exception cref="IOException">The file can't be written.</exception>
    public async Task<string> WriteAsync(string contentType, string sha256, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(sha256);
        directory.Create();

        while (true)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{++_written:D4}-{sha256[..12]}{ExtensionOf(contentType)}");
            var path = Path.Combine(directory.FullName, name);
            if (File.Exists(path))
            {
                continue;
            }

            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
            await file.WriteAsync(content, cancellationToken);
            return path;
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
