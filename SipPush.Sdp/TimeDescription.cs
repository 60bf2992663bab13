namespace SipPush.Sdp;

/// <summary>When the session is active: a <c>t=</c> line with the <c>r=</c> and <c>z=</c> lines that belong to it (RFC 8866 §5.9 to 5.11).</summary>
public sealed record TimeDescription
{
    /// <summary>From one time to another.</summary>
    /// <param name="start">Digits: seconds since 1900, or 0.</param>
    /// <param name="stop">Digits: seconds since 1900, or 0.</param>
    /// <exception cref="ArgumentException">One of them is not digits.</exception>
    public TimeDescription(string start, string stop)
    {
        Start = SdpGrammar.CheckDigits(start, nameof(start));
        Stop = SdpGrammar.CheckDigits(stop, nameof(stop));
    }

    /// <summary>Always: <c>t=0 0</c>, which is what offers and answers have (RFC 3264 §5).</summary>
    public static TimeDescription Unbounded { get; } = new("0", "0");

    /// <summary>Seconds since 1900; 0 where there is no start.</summary>
    public string Start { get; }

    /// <summary>Seconds since 1900; 0 where there is no end.</summary>
    public string Stop { get; }

    /// <summary>The values of the <c>r=</c> lines.</summary>
    public IReadOnlyList<string> Repeats { get; internal init; } = [];

    /// <summary>The value of the <c>z=</c> line; null where there is none.</summary>
    public string? Zones { get; internal init; }

    /// <summary>As it stands behind <c>t=</c>.</summary>
    public override string ToString() => $"{Start} {Stop}";

    internal static TimeDescription? Read(ReadOnlySpan<char> value)
    {
        var start = SdpGrammar.TakeField(ref value);
        return SdpGrammar.IsDigits(start) && SdpGrammar.IsDigits(value)
            ? start is "0" && value is "0" ? Unbounded : new TimeDescription(start.ToString(), value.ToString())
            : null;
    }

    internal static bool IsRepeat(ReadOnlySpan<char> value)
    {
        var count = 0;
        do
        {
            count++;
        }
        while (SdpGrammar.IsTypedTime(SdpGrammar.TakeField(ref value)) && !value.IsEmpty);

        return value.IsEmpty && count >= 3;
    }

    internal static bool IsZones(ReadOnlySpan<char> value)
    {
        while (SdpGrammar.IsDigits(SdpGrammar.TakeField(ref value)))
        {
            var offset = SdpGrammar.TakeField(ref value);
            if (!SdpGrammar.IsTypedTime(offset.StartsWith("-") ? offset[1..] : offset))
            {
                return false;
            }

            if (value.IsEmpty)
            {
                return true;
            }
        }

        return false;
    }
}
