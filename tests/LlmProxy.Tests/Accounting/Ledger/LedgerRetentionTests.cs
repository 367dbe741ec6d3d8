using LlmProxy.Accounting;
using LlmProxy.Accounting.Ledger;
using LlmProxy.Configuration;
using LlmProxy.Tests.Accounting.Journal;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmProxy.Tests.Accounting.Ledger;

/// <summary>What is old enough goes, and nothing else.</summary>
public sealed class LedgerRetentionTests : LedgerTestBase
{
    [Fact]
    public async Task Rows_OlderThanThat_AreDeleted()
    {
        DateTimeOffset now = Time.GetUtcNow();
        CallRow young = Rows.New() with { StartedAt = now - TimeSpan.FromDays(30) + TimeSpan.FromMilliseconds(1) };
        Journal.Settle(young);
        Journal.Settle(Rows.New() with { StartedAt = now - TimeSpan.FromDays(30) - TimeSpan.FromMilliseconds(1) });
        Journal.Settle(Rows.New() with { StartedAt = now - TimeSpan.FromDays(4000) });
        await ShipAllAsync();

        Assert.Equal(2, await Retention().DeleteAsync(Database, 30, CancellationToken.None));

        Assert.Equal(young.Id, Assert.Single(await TableAsync()).Id);
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1_000_000)]
    public async Task Days_BeyondAllTime_DeleteNothing(int days)
    {
        Journal.Settle(Rows.New());
        await ShipAllAsync();

        Assert.Equal(0, await Retention().DeleteAsync(Database, days, CancellationToken.None));

        Assert.Single(await TableAsync());
    }

    private LedgerRetention Retention() => new(null!, new SnapshotHolder(), Time, NullLogger<LedgerRetention>.Instance);
}
