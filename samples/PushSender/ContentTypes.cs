using System.Collections.Frozen;

namespace SipPush.Samples.PushSender;

/// <summary>What the name of a file suggests of its media type.</summary>
public static class ContentTypes
{
    private static readonly FrozenDictionary<string, string> ByExtension = new Dictionary<string, string>
    {
        [".gif"] = "image/gif",
        [".html"] = "text/html",
        [".jpeg"] = "image/jpeg",
        [".jpg"] = "image/jpeg",
        [".json"] = "application/json",
        [".mms"] = "application/vnd.wap.mms-message",
        [".pdf"] = "application/pdf",
        [".png"] = "image/png",
        [".sic"] = "application/vnd.wap.sic",
        [".slc"] = "application/vnd.wap.slc",
        [".txt"] = "text/plain;charset=utf-8",
        [".xml"] = "text/xml",
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The media type of a file; octets when the name says nothing.</summary>
    public static string Of(FileInfo file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return ByExtension.GetValueOrDefault(file.Extension, "application/octet-stream");
    }
}
