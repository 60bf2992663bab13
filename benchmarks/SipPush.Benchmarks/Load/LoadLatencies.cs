using System.Numerics;

namespace SipPush.Benchmarks.Load;

/// <summary>How long things took, in 20 kB that never grow: octaves of 64 steps each, so that a percentile is off by at most 1.6 %.
/// One thread at a time.</summary>
internal sealed class LoadLatencies
{
    private const int Steps = 64;
    private const int StepBits = 6;

    private readonly long[] _histogram = new long[(64 - StepBits + 1) * Steps];

    /// <param name="ticks">Between two values of <see cref="LoadMeter.Now"/>.</param>
    public void Add(long ticks) => _histogram[Bucket(ticks)]++;

    /// <summary>In microseconds; null when there was nothing.</summary>
    /// <param name="share">0.5 for the median.</param>
    public double? Percentile(double share)
    {
        var wanted = (long)Math.Ceiling(share * _histogram.Sum());

        if (wanted == 0)
        {
            return null;
        }

        var bucket = 0;
        for (var seen = _histogram[0]; seen < wanted; seen += _histogram[bucket])
        {
            bucket++;
        }
        return Math.Round(Value(bucket) * 1e6 / TimeProvider.System.TimestampFrequency, 1);
    }

    private static int Bucket(long ticks)
    {
        var value = (ulong)Math.Max(0, ticks);

        if (value < Steps)
        {
            return (int)value;
        }

        var octave = 63 - BitOperations.LeadingZeroCount(value) - StepBits;
        return ((octave + 1) * Steps) + (int)((value >> octave) - Steps);
    }

    private static long Value(int bucket)
    {
        var octave = (bucket / Steps) - 1;
        return octave < 0 ? bucket : (Steps + (bucket % Steps) + 1L) << octave;
    }
}
