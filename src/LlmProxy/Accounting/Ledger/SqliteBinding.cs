using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LlmProxy.Accounting.Journal;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace LlmProxy.Accounting.Ledger;

/// <summary>Binds a row's values. What the row before had too is bound already: most of a row says what the last one said.</summary>
internal readonly unsafe ref struct SqliteBinding(nint statement, bool isFirst)
{
    /// <summary>The text has to stay where it is for as long as it is bound.</summary>
    public void Text(int column, ReadOnlySpan<byte> text, ReadOnlySpan<byte> before)
    {
        if (isFirst || text.IsNone() != before.IsNone() || !text.SequenceEqual(before))
        {
            Text(column, text);
        }
    }

    public void Text(int column, ReadOnlySpan<byte> text) =>
        Check(SqliteApi.BindText(statement, column, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(text)), text.Length));

    public void Number(int column, long value, long before)
    {
        if (isFirst || value != before)
        {
            Check(SqliteApi.BindNumber(statement, column, value));
        }
    }

    public void Number(int column, long? value, long? before)
    {
        if (isFirst || value != before)
        {
            Check(value is { } number ? SqliteApi.BindNumber(statement, column, number) : SqliteApi.BindNull(statement, column));
        }
    }

    public void Milliseconds(int column, long? ticks, long? before)
    {
        if (isFirst || ticks != before)
        {
            Check(ticks is { } known ? SqliteApi.BindNumber(statement, column, new TimeSpan(known).TotalMilliseconds) : SqliteApi.BindNull(statement, column));
        }
    }

    private static void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            throw new SqliteException("SQLite did not take a value", result);
        }
    }
}
