using LlmProxy.Accounting.Ledger;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace LlmProxy.Tests.Accounting.Ledger;

/// <summary>Whose fault a refused write is.</summary>
public sealed class BadRowTests
{
    [Theory]
    [InlineData(18, true)] // Too big.
    [InlineData(19, true)] // A constraint.
    [InlineData(20, true)] // A datatype.
    [InlineData(1, false)] // No such table.
    [InlineData(5, false)] // Busy.
    [InlineData(6, false)] // Locked.
    [InlineData(8, false)] // Read-only.
    [InlineData(10, false)] // The disk fails.
    [InlineData(11, false)] // Corrupt.
    [InlineData(13, false)] // Full.
    [InlineData(14, false)] // Cannot be opened.
    public void Sqlite_IsJudgedByItsCode(int code, bool isBadRow) => Assert.Equal(isBadRow, BadRow.Explains(new SqliteException("", code)));

    [Theory]
    [InlineData("22001", true)] // Too long.
    [InlineData("22021", true)] // Not in this encoding.
    [InlineData("23502", true)] // Not null.
    [InlineData("23514", true)] // A check.
    [InlineData("54000", true)] // An index row's size.
    [InlineData("P0001", true)] // A trigger.
    [InlineData("08006", false)] // The connection.
    [InlineData("25006", false)] // Read-only.
    [InlineData("28P01", false)] // The password.
    [InlineData("42501", false)] // The rights.
    [InlineData("42P01", false)] // No such table.
    [InlineData("42703", false)] // No such column.
    [InlineData("53100", false)] // The disk is full.
    [InlineData("53300", false)] // Too many connections.
    [InlineData("55P03", false)] // Locked.
    [InlineData("57P01", false)] // Shut down.
    [InlineData("40P01", false)] // A deadlock.
    public void Postgres_IsJudgedByItsState(string state, bool isBadRow) =>
        Assert.Equal(isBadRow, BadRow.Explains(new PostgresException("", "ERROR", "ERROR", state)));

    [Fact]
    public void Other_IsJudgedByItsKind()
    {
        Assert.False(BadRow.Explains(new NpgsqlException("away", new TimeoutException())));
        Assert.False(BadRow.Explains(new ObjectDisposedException("source")));
        Assert.False(BadRow.Explains(new IOException()));
        Assert.True(BadRow.Explains(new OverflowException()));
    }
}
