using LlmProxy.Limits;

namespace LlmProxy.Tests.Limits;

public sealed class BufferBudgetTests
{
    [Fact]
    public void Budget_Unset_IsAQuarterOfTheMemoryLimit()
    {
        var budget = new BufferBudget();
        Assert.Equal(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4, budget.Limit);

        budget.SetLimit(100);
        Assert.Equal(100, budget.Limit);
    }

    [Fact]
    public void TryTake_BeyondTheLimit_TakesNothing()
    {
        var budget = new BufferBudget();
        budget.SetLimit(100);

        Assert.True(budget.TryTake(60));
        Assert.False(budget.TryTake(41));
        Assert.False(budget.TryTake(long.MaxValue));
        Assert.True(budget.TryTake(40));
        budget.Give(60);
        Assert.Equal(40, budget.Taken);
    }

    [Fact]
    public void SetLimit_BelowWhatIsTaken_RefusesUntilEnoughCameBack()
    {
        var budget = new BufferBudget();
        budget.SetLimit(100);
        Assert.True(budget.TryTake(90));
        budget.SetLimit(50);

        Assert.False(budget.TryTake(1));
        budget.Give(90);
        Assert.True(budget.TryTake(50));
    }

    [Fact]
    public void TryTake_ManyThreads_NeverPassesTheLimit()
    {
        var budget = new BufferBudget();
        budget.SetLimit(1000);
        int tooMuch = 0;
        Parallel.For(0, 8, thread =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                long bytes = (thread * 31 + i) % 300;
                if (budget.TryTake(bytes))
                {
                    Interlocked.Add(ref tooMuch, budget.Taken > 1000 ? 1 : 0);
                    budget.Give(bytes);
                }
            }
        });

        Assert.Equal(0, tooMuch);
        Assert.Equal(0, budget.Taken);
    }
}
