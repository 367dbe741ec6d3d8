using LlmProxy.Storage;
using NpgsqlTypes;

namespace LlmProxy.Accounting.Ledger;

/// <summary>What stands in each of <see cref="CallTable.Columns"/>, as each database takes it.</summary>
internal static class CallValues
{
    public static readonly Func<StoredCall, object?>[] ForSqlite =
    [
        c => c.Id, c => c.ClientRequestId, c => UtcMoments.Text(c.StartedAt), c => UtcMoments.Text(c.FinishedAt), c => c.Endpoint, c => c.KeyName, c => c.Workspace,
        c => c.EndUser, c => c.RequestedModel, c => c.Llm, c => c.Provider, c => c.ProviderRequestId, c => c.Status, c => c.Outcome, c => c.ErrorCode, c => c.Attempts,
        c => c.InputTokens, c => c.CachedTokens, c => c.CacheWriteTokens, c => c.OutputTokens, c => c.ReasoningTokens, c => c.UsageSource, c => c.CostUnits,
        c => c.TtftMs, c => c.DurationMs, c => c.OverheadMs, c => c.QueueMs, c => c.Cache, c => c.Stream, c => c.ClientGone, c => c.Tags,
    ];

    /// <summary>A whole column at once.</summary>
    public static readonly (NpgsqlDbType Type, Func<IReadOnlyList<StoredCall>, Array> Column)[] ForPostgres =
    [
        Of(NpgsqlDbType.Uuid, c => Guid.Parse(c.Id)), Text(c => c.ClientRequestId), Of(NpgsqlDbType.TimestampTz, c => c.StartedAt.UtcDateTime),
        Of(NpgsqlDbType.TimestampTz, c => c.FinishedAt.UtcDateTime), Text(c => c.Endpoint), Text(c => c.KeyName), Text(c => c.Workspace), Text(c => c.EndUser),
        Text(c => c.RequestedModel), Text(c => c.Llm), Text(c => c.Provider), Text(c => c.ProviderRequestId), Of(NpgsqlDbType.Integer, c => c.Status),
        Text(c => c.Outcome), Text(c => c.ErrorCode), Text(c => c.Attempts), Of(NpgsqlDbType.Bigint, c => c.InputTokens), Of(NpgsqlDbType.Bigint, c => c.CachedTokens),
        Of(NpgsqlDbType.Bigint, c => c.CacheWriteTokens), Of(NpgsqlDbType.Bigint, c => c.OutputTokens), Of(NpgsqlDbType.Bigint, c => c.ReasoningTokens),
        Text(c => c.UsageSource), Of(NpgsqlDbType.Bigint, c => c.CostUnits), Of(NpgsqlDbType.Double, c => c.TtftMs), Of(NpgsqlDbType.Double, c => c.DurationMs),
        Of(NpgsqlDbType.Double, c => c.OverheadMs), Of(NpgsqlDbType.Double, c => c.QueueMs), Text(c => c.Cache), Of(NpgsqlDbType.Boolean, c => c.Stream),
        Of(NpgsqlDbType.Boolean, c => c.ClientGone), Text(c => c.Tags),
    ];

    private static (NpgsqlDbType Type, Func<IReadOnlyList<StoredCall>, Array> Column) Text(Func<StoredCall, string?> value) => Of(NpgsqlDbType.Text, value);

    private static (NpgsqlDbType Type, Func<IReadOnlyList<StoredCall>, Array> Column) Of<T>(NpgsqlDbType type, Func<StoredCall, T> value) => (type, calls =>
    {
        var column = new T[calls.Count];
        for (int i = 0; i < column.Length; i++)
        {
            column[i] = value(calls[i]);
        }

        return column;
    }
    );
}
