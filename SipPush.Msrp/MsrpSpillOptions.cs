namespace SipPush.Msrp;

/// <summary>Where a message goes whose reader is too slow (<see cref="MsrpLimits.MinimumReaderRate"/>): what it has not read yet waits in a temporary file, and neither the sender nor the other sessions of the
/// connection wait for it any more. The file is removed when the message has been read, has failed or is disposed of, and when the endpoint is.</summary>
public sealed record MsrpSpillOptions
{
    /// <summary>The folder of the temporary files; that of the system by default.</summary>
    public string Folder { get; init; } = Path.GetTempPath();

    /// <summary>Octets of one message that wait in its file; 256 MiB by default. More get 413.</summary>
    public long Limit
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 256L << 20;
}
