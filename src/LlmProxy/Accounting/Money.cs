namespace LlmProxy.Accounting;

/// <summary>
/// USD as whole numbers: budgets, reservations and ledger rows are added up in units of 10^-10 USD, which no database and
/// no replica rounds. A token at a ten-thousandth of a dollar per million is one unit.
/// </summary>
internal static class Money
{
    public const long UnitsPerUsd = 10_000_000_000;

    /// <summary>Behind the point.</summary>
    public const int Digits = 10;

    private const decimal Most = long.MaxValue / (decimal)UnitsPerUsd;

    public static long ToUnits(decimal usd) =>
        usd == 0m ? 0 : usd >= Most ? long.MaxValue : usd <= -Most ? -long.MaxValue : (long)decimal.Round(usd * UnitsPerUsd, MidpointRounding.AwayFromZero);

    /// <summary>Null where the price is not known.</summary>
    public static long? ToUnits(decimal? usd) => usd is { } known ? ToUnits(known) : null;

    public static decimal ToUsd(long units) => units / (decimal)UnitsPerUsd;
}
