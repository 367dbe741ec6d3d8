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
    public async Task TryTake_ManyThreads_NeverPassesTheLimitAndLosesNoByte()
    {
        const int Threads = 4;
        var budget = new BufferBudget();
        budget.SetLimit(1000);
        int tooMuch = 0;
        using var start = new Barrier(Threads);
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                for (int i = 0; i < 200_000; i++)
                {
                    long bytes = 1 + ((thread * 131 + i) % 600);
                    if (budget.TryTake(bytes))
                    {
                        tooMuch += budget.Taken > 1000 ? 1 : 0;
                        budget.Give(bytes);
                    }
                }
            },
            TaskCreationOptions.LongRunning)));

        Assert.Equal(0, tooMuch);
        Assert.Equal(0, budget.Taken);
    }
}
