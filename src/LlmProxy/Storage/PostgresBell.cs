using System.Data.Common;
using Dapper;
using Npgsql;

namespace LlmProxy.Storage;

/// <summary>
/// How replicas on one PostgreSQL wake one another: LISTEN on a connection of its own. It is only a hint: where it cannot
/// be (poolers in between often do not pass it on), the regular look finds the same a little later.
/// </summary>
internal sealed class PostgresBell(NpgsqlConnectionStringBuilder settings) : IAsyncDisposable
{
    private const string Channel = "llmproxy_changed";

    private readonly string _connection = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false, ApplicationName = settings.ApplicationName + " listener" }.ConnectionString;
    private NpgsqlConnection? _listener;

    /// <summary>Heard by the others when the transaction is committed, and only then.</summary>
    public static Task RingAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellation) =>
        connection.ExecuteAsync(new CommandDefinition($"notify {Channel}", transaction: transaction, cancellationToken: cancellation));

    public async Task WaitAsync(TimeSpan atMost, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            if (_listener is null)
            {
                _listener = new NpgsqlConnection(_connection);
                await _listener.OpenAsync(cancellation);
                await _listener.ExecuteAsync(new CommandDefinition($"listen {Channel}", cancellationToken: cancellation));
                return; // What was said before it listened is looked up at once.
            }

            await _listener.WaitAsync(atMost, cancellation);
        }
        catch (Exception e) when (e is DbException or IOException or TimeoutException or InvalidOperationException)
        {
            await DropAsync();
            await Task.Delay(atMost, time, cancellation);
        }
    }

    public ValueTask DisposeAsync() => DropAsync();

    private async ValueTask DropAsync()
    {
        if (_listener is { } gone)
        {
            _listener = null;
            await gone.DisposeAsync();
        }
    }
}
