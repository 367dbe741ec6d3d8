using System.Globalization;

namespace LlmProxy.Wire;

/// <summary>Decimal fractions for headers, as "0.###" writes them: a format string costs ten times as much.</summary>
internal static class NumberText
{
    private const int MostDigits = 19;

    /// <summary>At most three digits behind the point.</summary>
    public static string Thousandths(double value) =>
        Math.Abs(value) < 1e15 ? Scaled((long)Math.Round(value * 1000, MidpointRounding.AwayFromZero), 3) : value.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>A whole number of units of which ten to that power make one.</summary>
    public static string Scaled(long units, int digits)
    {
        Span<char> text = stackalloc char[MostDigits + 3];
        int at = text.Length;
        ulong rest = units < 0 ? unchecked(0UL - (ulong)units) : (ulong)units;
        bool isSaid = false;
        for (int i = 0; i < digits; i++)
        {
            (rest, ulong digit) = Math.DivRem(rest, 10);
            isSaid |= digit != 0;
            if (isSaid)
            {
                text[--at] = (char)('0' + digit);
            }
        }

        if (isSaid)
        {
            text[--at] = '.';
        }

        do
        {
            (rest, ulong digit) = Math.DivRem(rest, 10);
            text[--at] = (char)('0' + digit);
        }
        while (rest != 0);

        if (units < 0)
        {
            text[--at] = '-';
        }

        return new string(text[at..]);
    }
}
