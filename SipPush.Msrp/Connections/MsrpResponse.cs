using System.Text;
using SipPush.Msrp.Framing;

namespace SipPush.Msrp.Connections;

/// <summary>A response that somebody awaited, with what stands in it.</summary>
internal sealed record MsrpResponse(int Status, string Comment, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    public static MsrpResponse Of(MsrpHead head)
    {
        var headers = new KeyValuePair<string, string>[head.HeaderCount];
        for (var i = 0; i < headers.Length; i++)
        {
            headers[i] = new(Encoding.UTF8.GetString(head.HeaderName(i)), Encoding.UTF8.GetString(head.HeaderValue(i)));
        }

        return new MsrpResponse(head.StatusCode, Encoding.UTF8.GetString(head.Comment), headers);
    }

    /// <summary>The value of the first header of that name, or null.</summary>
    public string? this[string name] => All(name).FirstOrDefault();

    /// <summary>The values of all headers of that name, in order.</summary>
    public IEnumerable<string> All(string name) =>
        Headers.Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value);
}
