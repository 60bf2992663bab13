namespace SipPush.Sip;

/// <summary>What becomes of a <see cref="MemoryPacket"/>.</summary>
/// <param name="Copies">How often it arrives; 0 when it is lost.</param>
/// <param name="Delay">How much later; what is delayed can be overtaken, on TCP-like flows too.</param>
public readonly record struct MemoryFate(int Copies, TimeSpan Delay)
{
    /// <summary>It arrives at once.</summary>
    public static MemoryFate Deliver { get; } = new(1, TimeSpan.Zero);

    /// <summary>It is lost.</summary>
    public static MemoryFate Drop { get; } = new(0, TimeSpan.Zero);

    /// <summary>It arrives twice, at once.</summary>
    public static MemoryFate Duplicate { get; } = new(2, TimeSpan.Zero);

    /// <summary>It arrives <paramref name="delay"/> later by the network's clock.</summary>
    public static MemoryFate Late(TimeSpan delay) => new(1, delay);
}
