namespace SipPush.Samples;

/// <summary>What a sample's process ends with.</summary>
public static class SampleExit
{
    /// <summary>What was to be delivered was.</summary>
    public const int Delivered = 0;

    /// <summary>Something was not delivered, or the sample could not do its work.</summary>
    public const int NotDelivered = 1;

    /// <summary>The command line asks for something that is not there.</summary>
    public const int Usage = 2;
}
