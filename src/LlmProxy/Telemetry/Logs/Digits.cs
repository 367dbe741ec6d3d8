using System.Globalization;
using LlmProxy.Wire;

namespace LlmProxy.Telemetry.Logs;

/// <summary>Numbers with a few digits behind the point, written from whole ones: formats of the framework's take ten times as long.</summary>
internal static class Digits
{
    /// <summary>More than any of these numbers takes, decimals of the framework's too.</summary>
    public const int Longest = 48;

    private static ReadOnlySpan<long> Powers => [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

    /// <summary>An amount to so many places, halves rounded up, without the last zeros.</summary>
    public static int Write(decimal amount, int places, Span<byte> text)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(amount, parts);
        ulong units = ((ulong)(uint)parts[1] << 32) | (uint)parts[0];
        int tooMany = ((parts[3] >> 16) & 0xff) - places;
        if (parts[2] == 0 && parts[3] >= 0 && units < 100_000_000_000 && tooMany is >= -6 and <= 8)
        {
            long power = Powers[Math.Abs(tooMany)];
            return NumberText.Write(tooMany > 0 ? ((long)units + (power / 2)) / power : (long)units * power, places, keepsZeros: false, text);
        }

        amount.TryFormat(text, out int length, places == 8 ? "0.########" : "0.####", CultureInfo.InvariantCulture);
        return length;
    }

    /// <summary>A whole number of these, halves to the even one.</summary>
    public static long RoundToEven(long ticks, long ticksPerUnit)
    {
        long rounded = Round(ticks, ticksPerUnit);
        return rounded % 2 != 0 && Math.Abs(ticks % ticksPerUnit) * 2 == ticksPerUnit ? rounded - Math.Sign(ticks) : rounded;
    }

    /// <summary>A whole number of these, halves away from zero.</summary>
    public static long Round(long ticks, long ticksPerUnit) => (ticks + (ticks < 0 ? -ticksPerUnit : ticksPerUnit) / 2) / ticksPerUnit;
}
