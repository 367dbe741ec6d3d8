using Dapper;
using LlmProxy.Accounting.Reports;
using Microsoft.Data.Sqlite;

namespace LlmProxy.Tests.Accounting.Reports;

/// <summary>Reports that never end.</summary>
public sealed class ReportDeskTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Report_ThatTakesTooLong_IsStoppedAndItsPlaceGivenBack()
    {
        using var desk = new ReportDesk(_time);
        await using SqliteLedger ledger = await SqliteLedger.WithAsync([]);
        for (int i = 0; i < 5; i++)
        {
            Task<long> report = await BeginEndlessAsync(desk, ledger, CancellationToken.None);
            _time.Advance(TimeSpan.FromSeconds(ReportDesk.PatienceSeconds));
            await Assert.ThrowsAsync<ReportTooLongException>(() => report);
        }

        Assert.Equal(1, await desk.AskAsync(ledger.Database, (connection, _) => connection.ExecuteScalarAsync<long>("select 1"), CancellationToken.None));
    }

    [Fact]
    public async Task Report_WhoseReaderIsGone_IsStopped()
    {
        using var desk = new ReportDesk(_time);
        await using SqliteLedger ledger = await SqliteLedger.WithAsync([]);
        using var gone = new CancellationTokenSource();
        Task<long> report = await BeginEndlessAsync(desk, ledger, gone.Token);

        await gone.CancelAsync();

        await Assert.ThrowsAsync<SqliteException>(() => report);
    }

    [Fact]
    public async Task Report_BehindTooManyOthers_WaitsNoLongerThanItMayTake()
    {
        using var desk = new ReportDesk(_time);
        await using SqliteLedger ledger = await SqliteLedger.WithAsync([]);
        Task<long>[] running = [await BeginEndlessAsync(desk, ledger, default), await BeginEndlessAsync(desk, ledger, default), await BeginEndlessAsync(desk, ledger, default)];
        Task<long> waiting = desk.AskAsync(ledger.Database, (connection, _) => connection.ExecuteScalarAsync<long>("select 1"), CancellationToken.None);
        Assert.False(waiting.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(ReportDesk.PatienceSeconds));

        foreach (Task<long> report in running.Append(waiting))
        {
            await Assert.ThrowsAsync<ReportTooLongException>(() => report);
        }
    }

    /// <summary>Back when SQLite itself is at work on it.</summary>
    private static async Task<Task<long>> BeginEndlessAsync(ReportDesk desk, SqliteLedger ledger, CancellationToken gone)
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<long> report = desk.AskAsync(
            ledger.Database,
            (connection, stop) =>
            {
                ((SqliteConnection)connection).CreateFunction("begun", () => begun.TrySetResult() ? 1L : 2L);
                return connection.ExecuteScalarAsync<long>(new CommandDefinition(
                    "with recursive n(i) as (select begun() union all select i + 1 from n) select count(*) from n", cancellationToken: stop));
            },
            gone);
        await begun.Task;
        return report;
    }
}
