using System.Collections.Frozen;
using Dapper;
using LlmProxy.Accounting.Ledger;
using LlmProxy.Accounting.Reports;
using LlmProxy.Pipeline;
using LlmProxy.Storage;

namespace LlmProxy.Accounting.Repricing;

/// <summary>
/// Goes through the ledger, oldest first, and says what each call costs by today's prices; writes it only when told to.
/// Answers from the cache cost nothing by any price, and calls that used nothing have no price: both are passed over.
/// </summary>
internal sealed class Repricer(IDatabase database, PriceList prices)
{
    public const string Several = "more than one of their attempts may have been billed, and the ledger does not say what each of them used";

    private const int BatchRows = 500;

    /// <summary>How attempts end that no vendor bills. All others may have been begun.</summary>
    private static readonly FrozenSet<string> Free = new[]
    {
        ErrorCode.RateLimitExceeded, ErrorCode.ProviderUnreachable, ErrorCode.ProviderAuthFailed, ErrorCode.ProviderQuotaExhausted, ErrorCode.ModelNotFound, ErrorCode.ContextLengthExceeded,
    }.Select(code => code.Wire()).ToFrozenSet(StringComparer.Ordinal);

    private const string Select = """
        cast(id as text) as Id, started_at as StartedAt, llm as Llm, provider as Provider, requested_model as RequestedModel, outcome as Outcome,
        attempts as Attempts, input_tokens as InputTokens, cached_tokens as CachedTokens, cache_write_tokens as CacheWriteTokens,
        output_tokens as OutputTokens, reasoning_tokens as ReasoningTokens, cost_units as CostUnits
        """;

    /// <summary>A call whose true end came in since it was read is left to it.</summary>
    private const string Update = $"""
        update {CallTable.Name} set cost_units = @New
        where id = @Id and outcome = @Outcome and input_tokens = @Input and cached_tokens = @Cached and cache_write_tokens = @Written and output_tokens = @Output
        """;

    /// <param name="audit">What is written into the audit with the first change; null: nothing is written at all.</param>
    public async Task<RepriceSums> RunAsync(ReportFilter filter, AuditEntry? audit, CancellationToken cancellation)
    {
        var sums = new RepriceSums();
        (DateTimeOffset at, string id) = (filter.Range.From, Guid.Empty.ToString());
        while (true)
        {
            IReadOnlyList<PricedCall> calls = await ReadAsync(filter, at, id, cancellation);
            if (calls.Count == 0)
            {
                return sums;
            }

            (at, id) = (calls[^1].StartedAt, calls[^1].Id);
            List<Dictionary<string, object?>> changes = Price(calls, sums);
            if (audit is not null && changes.Count > 0)
            {
                AuditEntry? first = audit.Id == 0 ? audit : null;
                await WriteAsync(changes, first, cancellation);
                audit = audit with { Id = 1 };
            }
        }
    }

    private List<Dictionary<string, object?>> Price(IReadOnlyList<PricedCall> calls, RepriceSums sums)
    {
        var changes = new List<Dictionary<string, object?>>();
        foreach (PricedCall call in calls)
        {
            if (prices.Cost(call.Llm, call.Provider, call.RequestedModel, call.Usage, out string why) is not { } cost)
            {
                sums.Leave(call, why);
                continue;
            }

            // A row's cost is that of all its attempts, its tokens are those of the answer. What is known is not made less.
            int billed = CallLists.ReadTries(call.Attempts).Count(attempt => !Free.Contains(attempt.Outcome));
            bool isPart = (call.Outcome == CallOutcome.Interrupted ? billed + 1 : billed) > 1; // The attempt that was cut off is not in the list.
            if (isPart && call.CostUnits is not null)
            {
                sums.Leave(call, Several);
                continue;
            }

            sums.Price(call, cost, isPart);
            if (cost != call.CostUnits)
            {
                changes.Add(new Dictionary<string, object?>(StringComparer.Ordinal)
                {
                    ["New"] = cost,
                    ["Id"] = CallPages.IdValue(database.Target.Kind, call.Id),
                    ["Outcome"] = call.Outcome,
                    ["Input"] = call.InputTokens,
                    ["Cached"] = call.CachedTokens,
                    ["Written"] = call.CacheWriteTokens,
                    ["Output"] = call.OutputTokens,
                });
            }
        }

        return changes;
    }

    private Task<IReadOnlyList<PricedCall>> ReadAsync(ReportFilter filter, DateTimeOffset at, string id, CancellationToken cancellation)
    {
        filter = filter with { Range = filter.Range with { From = at } };
        string sql = $"""
            select {Select} from {CallTable.Name}
            where {filter.Sql} and cache not in ('hit', 'semantic') and usage_source <> 'none' and (started_at > @CursorAt or id > @CursorId)
            order by {CallTable.Name}.started_at, {CallTable.Name}.id limit @Most
            """;
        Dictionary<string, object?> values = filter.Values;
        values["CursorAt"] = at;
        values["CursorId"] = CallPages.IdValue(database.Target.Kind, id);
        values["Most"] = BatchRows;
        return database.ReadAsync<IReadOnlyList<PricedCall>>(
            async connection => [.. await connection.QueryAsync<PricedCall>(new CommandDefinition(sql, values, commandTimeout: 600, cancellationToken: cancellation))],
            cancellation);
    }

    private Task<int> WriteAsync(List<Dictionary<string, object?>> changes, AuditEntry? first, CancellationToken cancellation) => database.WriteAsync(
        async (connection, transaction) =>
        {
            if (first is not null)
            {
                await AuditTrail.AddAsync(connection, transaction, first, cancellation);
            }

            return await connection.ExecuteAsync(new CommandDefinition(Update, changes, transaction, cancellationToken: cancellation));
        },
        cancellation);
}
