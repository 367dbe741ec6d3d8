using Microsoft.Data.Sqlite;
using Npgsql;

namespace LlmProxy.Accounting.Ledger;

/// <summary>Tells a row that a database will never take from a database that takes nothing now (away, locked, full, read-only).</summary>
internal static class BadRow
{
    private const int SqliteTooBig = 18;
    private const int SqliteConstraint = 19;
    private const int SqliteMismatch = 20;

    /// <summary>SQLSTATE classes: cardinality, data, integrity, program limits, raised by a trigger.</summary>
    private static readonly string[] PostgresClasses = ["21", "22", "23", "54", "P0"];

    public static bool Explains(Exception failure) => failure switch
    {
        SqliteException sqlite => sqlite.SqliteErrorCode is SqliteTooBig or SqliteConstraint or SqliteMismatch,
        PostgresException postgres => PostgresClasses.Contains(postgres.SqlState[..2], StringComparer.Ordinal),
        System.Data.Common.DbException or ObjectDisposedException => false,
        FormatException or OverflowException or InvalidCastException or ArgumentException or InvalidDataException => true,
        _ => false,
    };
}
