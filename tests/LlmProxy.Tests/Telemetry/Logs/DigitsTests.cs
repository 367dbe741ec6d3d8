using System.Buffers;
using System.Globalization;
using System.Text;
using LlmProxy.Telemetry.Logs;
using LlmProxy.Wire;

namespace LlmProxy.Tests.Telemetry.Logs;

public sealed class DigitsTests
{
    [Fact]
    public void Usd_AnyAmount_ReadsAsTheFrameworkWritesIt()
    {
        var random = new Random(7);
        foreach (decimal amount in (decimal[])[0, 0.00004m, 0.00005m, 0.0001m, 1, 12.30m, 0.0042m, 123456789012.34567m, -0.5m, decimal.MaxValue, 0.000000004m, 0.000000005m])
        {
            AssertUsd(amount);
        }

        for (int round = 0; round < 20_000; round++)
        {
            AssertUsd(new decimal(random.Next(), random.Next(20) == 0 ? random.Next() : 0, random.Next(200) == 0 ? random.Next() : 0, false, (byte)random.Next(0, 20)));
        }
    }

    [Fact]
    public void Time_AnyLength_ReadsAsTheFrameworkWritesIt()
    {
        var random = new Random(8);
        foreach (long ticks in (long[])[0, 1, 499, 500, 501, 99_499, 99_500, 99_999, 100_000, 104_999, 105_000, 99_995_000, 99_999_999, 100_000_000, 36_000_000_000_000, -400, -3_000])
        {
            AssertTime(ticks);
        }

        for (int round = 0; round < 20_000; round++)
        {
            AssertTime(random.NextInt64((long)Math.Pow(10, random.Next(1, 14))));
        }
    }

    [Fact]
    public void Milliseconds_AnyLength_AreThoseOfMathRound()
    {
        var random = new Random(9);
        Span<byte> text = stackalloc byte[Digits.Longest];
        for (int round = 0; round < 20_000; round++)
        {
            long ticks = random.NextInt64((long)Math.Pow(10, random.Next(1, 12)));
            int length = NumberText.Write(Digits.RoundToEven(ticks, TimeSpan.TicksPerMicrosecond), places: 3, keepsZeros: false, text);

            Assert.Equal(Math.Round((decimal)ticks / TimeSpan.TicksPerMillisecond, 3).ToString("0.###", CultureInfo.InvariantCulture), Encoding.ASCII.GetString(text[..length]));
        }
    }

    [Fact]
    public void Moment_AsTimeGoesOnAndBack_IsThatOfTheZone()
    {
        TimeZoneInfo zone = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(14), "test", "test");
        MomentText text = new("MM-dd HH:mm:ss.", end: " ", zone);
        DateTimeOffset noon = new(2026, 12, 31, 12, 0, 0, TimeSpan.Zero);
        foreach (double seconds in (double[])[0, 0.001, 0.0019, 0.999, 1, 59.1, 60, -0.001, 86_400.25])
        {
            DateTimeOffset at = noon.AddSeconds(seconds);

            Assert.Equal(at.ToOffset(zone.BaseUtcOffset).ToString("MM-dd HH:mm:ss.fff ", CultureInfo.InvariantCulture), Encoding.ASCII.GetString(text.Of(at)));
        }
    }

    private static void AssertUsd(decimal amount)
    {
        ArrayBufferWriter<byte> line = new();
        line.PutUsd(amount);
        Assert.Equal(amount.ToString(amount is > 0 and < 0.0001m ? "$0.########" : "$0.####", CultureInfo.InvariantCulture).Replace("-$", "$-", StringComparison.Ordinal), Encoding.ASCII.GetString(line.WrittenSpan));
    }

    private static void AssertTime(long ticks)
    {
        ArrayBufferWriter<byte> line = new();
        line.Put(new TimeSpan(ticks));
        decimal ms = (decimal)ticks / TimeSpan.TicksPerMillisecond;
        string expected = ms < 10 ? ms.ToString("0.0 \\m\\s", CultureInfo.InvariantCulture)
            : ms < 10_000 ? ms.ToString("0 \\m\\s", CultureInfo.InvariantCulture)
            : (ms / 1000).ToString("0.0 \\s", CultureInfo.InvariantCulture);
        Assert.Equal(expected, Encoding.ASCII.GetString(line.WrittenSpan));
    }
}
