namespace SipPush.Sip;

/// <summary>
/// The counts a nonce has been used with (RFC 7616 §3.4): each is good once, in whatever order requests that were sent at once
/// come in, as long as it is less than <see cref="Window"/> behind the highest. The caller locks.
/// </summary>
internal sealed class NonceCounts(TimeSpan issued)
{
    public const int Window = 64;

    private uint _highest;

    // Bit i stands for _highest - i.
    private ulong _used = 1;

    public TimeSpan Issued { get; } = issued;

    /// <summary>Uses a count; false when it has been used or can no longer be told. Null is a request without a count, which
    /// is good only for a nonce not used before and leaves nothing of it.</summary>
    public bool TryUse(uint? count)
    {
        if (count is null)
        {
            if (_highest > 0)
            {
                return false;
            }

            (_highest, _used) = (uint.MaxValue, ulong.MaxValue);
            return true;
        }

        if (count > _highest)
        {
            var ahead = count.Value - _highest;
            _used = (ahead < Window ? _used << (int)ahead : 0) | 1;
            _highest = count.Value;
            return true;
        }

        var behind = _highest - count.Value;
        if (behind >= Window || (_used & (1ul << (int)behind)) != 0)
        {
            return false;
        }

        _used |= 1ul << (int)behind;
        return true;
    }
}
