namespace SipPush.Msrp.Connections;

/// <summary>A request without a body that waits for its response.</summary>
internal sealed class PendingRequest(long deadline)
{
    private readonly TaskCompletionSource<MsrpResponse> _response = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public long Deadline { get; } = deadline;

    public Task<MsrpResponse> Response => _response.Task;

    public void Complete(MsrpResponse response) => _response.TrySetResult(response);

    public void Fail(Exception failure) => _response.TrySetException(failure);
}
