using SipPush.Msrp;

namespace SipPush.Tests.Torture;

/// <summary>A file to receive into, with the faults that a scenario orders.</summary>
/// <param name="open">Opens the file when the first octet is there.</param>
/// <param name="fault">What happens when that many octets are to have been written: throws, or does nothing.</param>
internal sealed class MsrpScriptedSink(Func<ValueTask<MsrpFileSink>> open, Action<long> fault) : MsrpSink
{
    private MsrpFileSink? _file;
    private long _written;

    public string? FilePath => _file?.FilePath;

    public override async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> octets, CancellationToken cancellationToken = default)
    {
        _file ??= await open();
        fault(_written += octets.Length);
        await _file.WriteAsync(offset, octets, cancellationToken);
    }

    public override async ValueTask CompleteAsync(long length, CancellationToken cancellationToken = default)
    {
        _file ??= await open();
        await _file.CompleteAsync(length, cancellationToken);
    }

    public override ValueTask AbortAsync(Exception reason) => _file?.AbortAsync(reason) ?? ValueTask.CompletedTask;

    public override ValueTask DisposeAsync() => _file?.DisposeAsync() ?? ValueTask.CompletedTask;
}
