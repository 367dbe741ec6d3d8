using System.Data.Common;
using Dapper;

namespace LlmProxy.Storage;

/// <summary>Who changed what, when, from what to what. The values are JSON text, secrets already masked.</summary>
internal sealed record AuditEntry(long Id, DateTimeOffset At, string Who, string Action, string Subject, string? Before, string? After);

/// <summary>The changes that operators made at run time, newest first.</summary>
internal static class AuditTrail
{
    /// <summary>Within the transaction of the change itself: no change without its line, no line without its change.</summary>
    public static Task AddAsync(DbConnection connection, DbTransaction transaction, AuditEntry entry, CancellationToken cancellation) => connection.ExecuteAsync(
        new CommandDefinition(
            "insert into llmproxy_audit (at, who, action, subject, before_value, after_value) values (@At, @Who, @Action, @Subject, @Before, @After)",
            entry,
            transaction,
            cancellationToken: cancellation));

    /// <param name="before">Only those older than this one; null: from the newest.</param>
    public static async Task<IReadOnlyList<AuditEntry>> ReadAsync(IDatabase database, long? before, int most, CancellationToken cancellation)
    {
        const string Query = """
            select id as Id, at as At, who as Who, action as Action, subject as Subject, before_value as Before, after_value as After
            from llmproxy_audit where id < @Before order by id desc limit @Most
            """;
        IEnumerable<Row> rows = await database.ReadAsync(
            connection => connection.QueryAsync<Row>(new CommandDefinition(Query, new { Before = before ?? long.MaxValue, Most = most }, cancellationToken: cancellation)),
            cancellation);
        return [.. rows.Select(row => new AuditEntry(row.Id, row.At, row.Who, row.Action, row.Subject, row.Before, row.After))];
    }

    private sealed class Row
    {
        public long Id { get; init; }

        public DateTimeOffset At { get; init; }

        public string Who { get; init; } = "";

        public string Action { get; init; } = "";

        public string Subject { get; init; } = "";

        public string? Before { get; init; }

        public string? After { get; init; }
    }
}
