using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace LlmProxy.Wire;

/// <summary>Decimal fractions from whole numbers, as "0.###" writes them: a format string costs ten times as much.</summary>
internal static class NumberText
{
    /// <summary>More than any of these numbers takes.</summary>
    public const int Longest = 24;

    private static ReadOnlySpan<ulong> Powers => [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000];

    /// <summary>At most three digits behind the point.</summary>
    public static string Thousandths(double value) =>
        Math.Abs(value) < 1e15 ? Scaled((long)Math.Round(value * 1000, MidpointRounding.AwayFromZero), 3) : value.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>A whole number of units of which ten to the power of <paramref name="places"/> make one, without the last zeros.</summary>
    public static string Scaled(long units, int places)
    {
        Span<byte> text = stackalloc byte[Longest];
        return Encoding.ASCII.GetString(text[..Write(units, places, keepsZeros: false, text)]);
    }

    /// <summary>The same into <paramref name="text"/>, with all places or without the last zeros; returns how many bytes that took.</summary>
    public static int Write(long units, int places, bool keepsZeros, Span<byte> text)
    {
        int length = 0;
        if (units < 0)
        {
            text[length++] = (byte)'-';
        }

        (ulong whole, ulong part) = Math.DivRem(units < 0 ? unchecked(0UL - (ulong)units) : (ulong)units, Powers[places]);
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
}
