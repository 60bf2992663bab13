using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace SipPush.Sdp;

/// <summary>When a file was made, changed and read: <c>a=file-date</c> (RFC 5547 §6). To the second; what can't be read is left out.</summary>
public sealed record FileDate
{
    private static readonly string[] Days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    private static readonly string[] Months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    /// <summary>When it was created.</summary>
    public DateTimeOffset? Creation { get; init; }

    /// <summary>When it was last changed.</summary>
    public DateTimeOffset? Modification { get; init; }

    /// <summary>When it was last read.</summary>
    public DateTimeOffset? Read { get; init; }

    /// <summary>Reads <c>creation:"…" modification:"…" read:"…"</c> in any order; false when it is anything else or says nothing.</summary>
    public static bool TryParse(string value, [NotNullWhen(true)] out FileDate? date)
    {
        ArgumentNullException.ThrowIfNull(value);
        date = null;
        var read = new FileDate();
        var rest = value.AsSpan();
        while (!(rest = rest.TrimStart(' ')).IsEmpty)
        {
            var colon = rest.IndexOf(":\"");
            var end = colon < 0 ? -1 : rest[(colon + 2)..].IndexOf('"');
            if (end < 0 || !TryParseDateTime(rest.Slice(colon + 2, end), out var time))
            {
                return false;
            }

            switch (rest[..colon])
            {
                case "creation" when read.Creation is null:
                    read = read with { Creation = time };
                    break;
                case "modification" when read.Modification is null:
                    read = read with { Modification = time };
                    break;
                case "read" when read.Read is null:
                    read = read with { Read = time };
                    break;
                default:
                    return false;
            }

            rest = rest[(colon + 3 + end)..];
        }

        date = read.Creation is null && read.Modification is null && read.Read is null ? null : read;
        return date is not null;
    }

    /// <summary>As it stands behind <c>file-date:</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Append("creation", Creation);
        Append("modification", Modification);
        Append("read", Read);
        return text.ToString();

        void Append(string name, DateTimeOffset? time)
        {
            if (time is { } known)
            {
                text.Append(text.Length > 0 ? " " : "").Append(name).Append(":\"").Append(ToText(known)).Append('"');
            }
        }
    }

    // RFC 5322 §3.3, with a numeric zone: "Mon, 15 May 2006 15:01:31 +0300".
    private static string ToText(DateTimeOffset time) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Days[(int)time.DayOfWeek]}, {time.Day} {Months[time.Month - 1]} {time.Year:D4} {time.Hour:D2}:{time.Minute:D2}:{time.Second:D2} {(time.Offset < TimeSpan.Zero ? '-' : '+')}{Math.Abs(time.Offset.Hours):D2}{Math.Abs(time.Offset.Minutes):D2}");

    // [day-name ","] day month year hour ":" minute [":" second] zone; the name of the day says nothing new.
    private static bool TryParseDateTime(ReadOnlySpan<char> value, out DateTimeOffset time)
    {
        time = default;
        var comma = value.IndexOf(',');
        if (comma >= 0)
        {
            value = value[(comma + 1)..];
        }

        value = value.Trim(' ');
        var day = Field(ref value);
        var month = Array.IndexOf(Months, Field(ref value).ToString()) + 1;
        var year = Field(ref value);
        var clock = Field(ref value);
        var zone = value;
        Span<Range> parts = stackalloc Range[4];
        var count = clock.Split(parts, ':');
        if (!TryRead(day, 1, 2, out var dayNumber) || month == 0 || !TryRead(year, 4, 4, out var yearNumber) || yearNumber == 0 || count is not (2 or 3)
            || !TryRead(clock[parts[0]], 2, 2, out var hour) || hour > 23
            || !TryRead(clock[parts[1]], 2, 2, out var minute) || minute > 59
            || !TryRead(count == 3 ? clock[parts[2]] : "00", 2, 2, out var second) || second > 60
            || dayNumber < 1 || dayNumber > DateTime.DaysInMonth(yearNumber, month)
            || !TryReadZone(zone, out var offset))
        {
            return false;
        }

        // A leap second is the last one that there is here.
        var local = new DateTime(yearNumber, month, dayNumber, hour, minute, Math.Min(second, 59), DateTimeKind.Unspecified);
        var ticks = local.Ticks - offset.Ticks;
        if (ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks)
        {
            return false;
        }

        time = new DateTimeOffset(local, offset);
        return true;
    }

    private static bool TryReadZone(ReadOnlySpan<char> zone, out TimeSpan offset)
    {
        offset = default;
        if (zone is "GMT" or "UT" or "Z")
        {
            return true;
        }

        if (zone is not ['+' or '-', _, _, _, _] || !TryRead(zone[1..3], 2, 2, out var hours) || !TryRead(zone[3..], 2, 2, out var minutes) || minutes > 59)
        {
            return false;
        }

        offset = new TimeSpan(hours, minutes, 0);
        offset = zone[0] == '-' ? -offset : offset;
        return offset.Duration() <= TimeSpan.FromHours(14);
    }

    private static ReadOnlySpan<char> Field(ref ReadOnlySpan<char> rest)
    {
        var field = SdpGrammar.TakeField(ref rest);
        rest = rest.TrimStart(' ');
        return field;
    }

    private static bool TryRead(ReadOnlySpan<char> digits, int fewest, int most, out int number)
    {
        number = 0;
        return digits.Length >= fewest && digits.Length <= most && SdpGrammar.IsDigits(digits) && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
