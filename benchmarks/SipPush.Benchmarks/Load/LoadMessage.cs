using System.Buffers.Text;
using SipPush.Sip;
using SipPush.Sip.Parsing;

namespace SipPush.Benchmarks.Load;

/// <summary>The MESSAGE of <see cref="LoadData"/>, again and again with another Call-ID and branch: each begins a transaction of its
/// own and none is the repetition of another. One thread at a time.</summary>
internal sealed class LoadMessage
{
    private const int DigitCount = 16;

    private static long _next;

    private readonly byte[] _octets;
    private readonly MessageIndex _index = new();
    private readonly int _callId;
    private readonly int _branch;
    private ulong _number = (ulong)Interlocked.Increment(ref _next) << 40;

    /// <param name="via">The Via value up to its branch, as a peer would have sent it; null leaves Via to the stack that sends.</param>
    public LoadMessage(string? via)
    {
        using var builder = new SipRequestBuilder(SipRequest.Parse(LoadData.Request()));
        builder.Remove(SipHeaderNames.Via);
        if (via is not null)
        {
            builder.Prepend(SipHeaderNames.Via, $"{via};branch=z9hG4bK{new string('0', DigitCount)}");
        }
        builder.Set(SipHeaderNames.CallId, new string('0', DigitCount));

        var request = builder.Build();
        _octets = request.Octets.ToArray();
        SipParser.Parse(_octets, new SipLimits(), _index);
        _callId = _index.Entries[_index.Find(HeaderId.CallId)].ValueStart;
        _branch = via is null ? _callId : _octets.AsSpan().IndexOf("z9hG4bK"u8) + "z9hG4bK"u8.Length;
    }

    /// <summary>The next request as it comes over the wire; valid until the next call.</summary>
    public ReadOnlySpan<byte> NextOctets()
    {
        _number++;
        Utf8Formatter.TryFormat(_number, _octets.AsSpan(_callId), out _, new System.Buffers.StandardFormat('x', DigitCount));
        _octets.AsSpan(_callId, DigitCount).CopyTo(_octets.AsSpan(_branch));
        return _octets;
    }

    /// <summary>The next request for a stack to send.</summary>
    public SipRequest NextRequest() => SipRequest.Copy(NextOctets(), _index);
}
