using System.Globalization;
using LlmProxy.Accounting.Repricing;

namespace LlmProxy.Hosting;

/// <summary>What the operator reads about new prices.</summary>
internal static class RepriceText
{
    public static IEnumerable<string> Table(RepriceSums sums)
    {
        string[][] rows =
        [
            ["LLM", "provider", "calls", "changed", "USD before", "USD now", "difference"],
            .. sums.Priced.Select(line => Row(line.Key.Llm, line.Key.Provider, line.Value)),
            Row("total", "", sums.Total),
        ];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
        {
            yield return string.Join("  ", row.Select((cell, column) => column < 2 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd();
        }
    }

    public static IEnumerable<string> Remarks(RepriceSums sums)
    {
        foreach (((string llm, string provider, string why), RepriceSums.Line line) in sums.LeftAlone)
        {
            yield return Invariant($"Left alone: {line.Calls} {Calls(line.Calls)} of {llm} ({provider}), {Usd(line.Before)} USD: {why}.");
        }

        if (sums.Parts > 0)
        {
            yield return Invariant($"{sums.Parts} of these calls had no cost and more than one attempt that may have been billed: only what the answer used is priced.");
        }
    }

    public static string Calls(long count) => count == 1 ? "call" : "calls";

    public static string Usd(decimal usd) => usd.ToString("0.00########", CultureInfo.InvariantCulture);

    public static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static string[] Row(string llm, string provider, RepriceSums.Line line)
    {
        decimal difference = line.After - line.Before;
        return [llm, provider, Invariant($"{line.Calls}"), Invariant($"{line.Changed}"), Usd(line.Before), Usd(line.After), (difference > 0 ? "+" : "") + Usd(difference)];
    }
}
