namespace LlmProxy.Limits;

/// <summary>Which thresholds of one budget were passed in one period, so that each is told once.</summary>
internal sealed class BudgetMarks
{
    private BudgetNumbers _numbers;

    /// <summary>The highest percentage that was told of; of money and of tokens.</summary>
    public int Units { get; set; }

    public int Tokens { get; set; }

    /// <summary>Tells of every threshold that is newly passed. A budget that was changed begins where it stands.</summary>
    public void Pass(in BudgetNumbers numbers, Spend spent, int[] thresholds, Action<int, bool> tell)
    {
        if (_numbers != numbers)
        {
            bool isFirst = _numbers == default;
            _numbers = numbers;
            if (!isFirst)
            {
                Units = Highest(thresholds, spent.Units, numbers.Units);
                Tokens = Highest(thresholds, spent.Tokens, numbers.Tokens);
                return;
            }
        }

        Units = Pass(Units, spent.Units, numbers.Units, thresholds, isMoney: true, tell);
        Tokens = Pass(Tokens, spent.Tokens, numbers.Tokens, thresholds, isMoney: false, tell);
    }

    private static int Pass(int told, long spent, long budget, int[] thresholds, bool isMoney, Action<int, bool> tell)
    {
        foreach (int threshold in thresholds)
        {
            if (threshold > told && IsPassed(threshold, spent, budget))
            {
                tell(threshold, isMoney);
                told = threshold;
            }
        }

        return told;
    }

    private static int Highest(int[] thresholds, long spent, long budget) =>
        thresholds.Where(threshold => IsPassed(threshold, spent, budget)).DefaultIfEmpty(0).Max();

    private static bool IsPassed(int percent, long spent, long budget) => budget > 0 && (Int128)spent * 100 >= (Int128)budget * percent;
}
