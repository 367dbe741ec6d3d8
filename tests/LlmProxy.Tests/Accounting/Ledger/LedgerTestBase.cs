using Dapper;
using LlmProxy.Accounting;
using LlmProxy.Accounting.Journal;
using LlmProxy.Accounting.Ledger;
using LlmProxy.Storage;
using LlmProxy.Tests.Accounting.Journal;
using LlmProxy.Tests.Storage;
using Microsoft.Extensions.Logging;

namespace LlmProxy.Tests.Accounting.Ledger;

/// <summary>A journal, a real SQLite file, and the shipper between them.</summary>
public abstract class LedgerTestBase : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private SqliteDatabase? _database;

    private protected JournalFolder Folder { get; } = new();

    private protected FakeTimeProvider Time { get; } = new();

    private protected CallJournal Journal { get; private set; } = null!;

    private protected JournalTail Tail { get; private set; } = null!;

    private protected RejectedRows Rejected { get; private set; } = null!;

    private protected LinesLog Log { get; } = new();

    private protected LedgerShipper Shipper { get; private set; } = null!;

    private protected IDatabase Database => _database!;

    /// <summary>What the shipper finds: null while it is away.</summary>
    private protected IDatabase? Current { get; set; }

    public async Task InitializeAsync()
    {
        UtcMoments.Install();
        _database = new SqliteDatabase(DatabaseTarget.Parse("Data Source=llmproxy.db", _folder.Path));
        await Migrator.RunAsync(_database, Time, CancellationToken.None);
        Current = _database;
        (Journal, Tail) = Folder.Open();
        Rejected = new RejectedRows(Journal.Root);
        Shipper = new LedgerShipper(() => Current, () => "away", Rejected, Journal, Time, Log);
    }

    public async Task DisposeAsync() => await _database!.DisposeAsync();

    public void Dispose()
    {
        Folder.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected async Task ShipAllAsync(IRowSource? source = null)
    {
        while (await Shipper.ShipAsync(source ?? Tail, CancellationToken.None) == ShipResult.Shipped)
        {
        }
    }

    private protected Task<List<CallRow>> TableAsync(string where = "true") => Database.ReadAsync(
        async connection => (await connection.QueryAsync<StoredCall>($"select {CallTable.Select} from {CallTable.Name} where {where} order by id")).Select(row => row.ToRow()).ToList(),
        CancellationToken.None);

    private protected Task<int> ExecuteAsync(string sql) => Database.WriteAsync((connection, transaction) => connection.ExecuteAsync(sql, transaction: transaction), CancellationToken.None);
}

/// <summary>What a ledger had to say.</summary>
internal sealed class LinesLog : ILogger
{
    public List<string> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Add(formatter(state, exception));
}
