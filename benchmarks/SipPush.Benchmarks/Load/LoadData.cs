namespace SipPush.Benchmarks.Load;

/// <summary>The octets of a run. Only the first eight differ: the number of the slot that waits for the answer.</summary>
internal static class LoadData
{
    public const int SlotLength = 8;

    /// <summary>882 octets.</summary>
    public static byte[] Request() => Read("message.sip");

    /// <summary>345 octets.</summary>
    public static byte[] Response() => Read("ok200.sip");

    private static byte[] Read(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Data", name));
}
