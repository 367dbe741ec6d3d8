using System.Data.Common;
using LlmProxy.Storage;
using Microsoft.Data.Sqlite;

namespace LlmProxy.Accounting.Reports;

/// <summary>
/// Where reports on the ledger are read: few at once, none for longer than its time, so that somebody's dashboard never
/// takes the database away from the calls.
/// </summary>
internal sealed class ReportDesk(TimeProvider time) : IDisposable
{
    public const int PatienceSeconds = 30;

    /// <summary>The desk gives up first; this is for a server that does not hear it.</summary>
    public const int CommandSeconds = PatienceSeconds + 10;

    private const int MostAtOnce = 3;

    private readonly SemaphoreSlim _places = new(MostAtOnce, MostAtOnce);

    /// <summary>Throws ReportTooLongException when the answer does not come in time.</summary>
    public async Task<T> AskAsync<T>(IDatabase database, Func<DbConnection, CancellationToken, Task<T>> ask, CancellationToken gone)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(PatienceSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, gone);
        try
        {
            await _places.WaitAsync(either.Token);
            try
            {
                return await database.ReadAsync(
                    async connection =>
                    {
                        // SQLite works within the call and looks at no token.
                        await using CancellationTokenRegistration stop = connection is SqliteConnection { Handle: { } handle }
                            ? either.Token.UnsafeRegister(static file => SQLitePCL.raw.sqlite3_interrupt((SQLitePCL.sqlite3)file!), handle)
                            : default;
                        return await ask(connection, either.Token);
                    },
                    either.Token);
            }
            finally
            {
                _places.Release();
            }
        }
        catch (Exception e) when (patience.IsCancellationRequested && !gone.IsCancellationRequested && e is OperationCanceledException or DbException)
        {
            throw new ReportTooLongException(e);
        }
    }

    public void Dispose() => _places.Dispose();
}

/// <summary>A report was not ready in its time and was given up.</summary>
internal sealed class ReportTooLongException(Exception why) : Exception("The report was given up.", why);
