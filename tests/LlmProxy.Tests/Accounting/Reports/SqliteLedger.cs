using Dapper;
using LlmProxy.Accounting.Reports;
using LlmProxy.Storage;
using LlmProxy.TestKit;
using LlmProxy.Tests.Storage;

namespace LlmProxy.Tests.Accounting.Reports;

/// <summary>A real ledger in a SQLite file, with the rows that a test makes up.</summary>
internal sealed class SqliteLedger : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private SqliteLedger()
    {
        UtcMoments.Install();
        Database = new SqliteDatabase(DatabaseTarget.Parse("Data Source=ledger.db", _folder.Path));
    }

    public SqliteDatabase Database { get; }

    public static async Task<SqliteLedger> WithAsync(IEnumerable<MadeUpCall> rows)
    {
        var ledger = new SqliteLedger();
        await Migrator.RunAsync(ledger.Database, new FakeTimeProvider(), CancellationToken.None);
        await ledger.AddAsync(rows);
        return ledger;
    }

    public Task AddAsync(IEnumerable<MadeUpCall> rows) => Database.WriteAsync(
        async (connection, transaction) =>
        {
            foreach (string insert in MadeUpCall.Inserts(rows))
            {
                await connection.ExecuteAsync(insert, transaction: transaction);
            }

            return 0;
        },
        CancellationToken.None);

    public Task<UsageReport> ReportAsync(ReportFilter filter, ReportGroup by, int most = UsageReport.MostGroups) => Database.ReadAsync(
        connection => UsageReport.ReadAsync(connection, DatabaseKind.Sqlite, filter, by, most, CancellationToken.None), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        _folder.Dispose();
    }
}
