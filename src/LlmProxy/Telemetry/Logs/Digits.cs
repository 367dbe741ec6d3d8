using System.Buffers.Text;
using System.Globalization;

namespace LlmProxy.Telemetry.Logs;

/// <summary>Numbers with a few digits behind the point, written from whole ones: formats of the framework's take ten times as long.</summary>
internal static class Digits
{
    /// <summary>More than any of these numbers takes.</summary>
    public const int Longest = 48;

    private static ReadOnlySpan<long> Powers => [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

    /// <summary>Writes <paramref name="units"/> of 10^-places, with all places or without the last zeros; returns how many bytes that took.</summary>
    public static int Write(long units, int places, bool keepsZeros, Span<byte> text)
    {
        int length = 0;
        if (units < 0)
        {
            text[length++] = (byte)'-';
            units = -units;
        }

        (long whole, long part) = Math.DivRem(units, Powers[places]);
        Utf8Formatter.TryFormat(whole, text[length..], out int digits);
        length += digits;
        while (!keepsZeros && places > 0 && part % 10 == 0)
        {
            part /= 10;
            places--;
        }

        if (places == 0)
        {
            return length;
        }

        text[length++] = (byte)'.';
        for (int i = places - 1; i >= 0; i--)
        {
            text[length + i] = (byte)('0' + (part % 10));
            part /= 10;
        }

        return length + places;
    }

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
            return Write(tooMany > 0 ? ((long)units + (power / 2)) / power : (long)units * power, places, keepsZeros: false, text);
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
