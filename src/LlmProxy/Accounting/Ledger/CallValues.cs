using NpgsqlTypes;

namespace LlmProxy.Accounting.Ledger;

/// <summary>What stands in each of <see cref="CallTable.Columns"/>, as PostgreSQL takes it.</summary>
internal static class CallValues
{
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
