using System.Data.Common;
using Dapper;
using LlmProxy.Access;

namespace LlmProxy.Storage.Access;

/// <summary>Reads and writes keys and workspaces; the same SQL for both databases.</summary>
internal static class AccessTables
{
    private const string KeyQuery = """
        select id as Id, name as Name, key_hash as KeyHash, prefix as Prefix, workspace as Workspace, allowed_models as AllowedModels,
               requests_per_minute as RequestsPerMinute, tokens_per_minute as TokensPerMinute, max_parallel as MaxParallel,
               per_user_requests_per_minute as PerUserRequestsPerMinute, budget_usd as BudgetUsd, budget_tokens as BudgetTokens,
               budget_period as BudgetPeriod, priority as Priority, expires_at as ExpiresAt, allow_external as AllowExternal, tags as Tags,
               created_at as CreatedAt, created_by as CreatedBy, updated_at as UpdatedAt, updated_by as UpdatedBy, revoked_at as RevokedAt
        from llmproxy_keys where version > @Version
        """;

    private const string WorkspaceQuery = """
        select id as Id, name as Name, budget_usd as BudgetUsd, budget_tokens as BudgetTokens, budget_period as BudgetPeriod,
               requests_per_minute as RequestsPerMinute, tokens_per_minute as TokensPerMinute, max_parallel as MaxParallel, weight as Weight,
               created_at as CreatedAt, created_by as CreatedBy, updated_at as UpdatedAt, updated_by as UpdatedBy
        from llmproxy_workspaces
        """;

    private const string KeyWrite = """
        insert into llmproxy_keys (id, name, folded_name, key_hash, prefix, workspace, allowed_models, requests_per_minute, tokens_per_minute,
          max_parallel, per_user_requests_per_minute, budget_usd, budget_tokens, budget_period, priority, expires_at, allow_external, tags,
          created_at, created_by, updated_at, updated_by, revoked_at, version)
        values (@Id, @Name, @FoldedName, @KeyHash, @Prefix, @Workspace, @AllowedModels, @RequestsPerMinute, @TokensPerMinute,
          @MaxParallel, @PerUserRequestsPerMinute, @BudgetUsd, @BudgetTokens, @BudgetPeriod, @Priority, @ExpiresAt, @AllowExternal, @Tags,
          @CreatedAt, @CreatedBy, @UpdatedAt, @UpdatedBy, @RevokedAt, @Version)
        on conflict (id) do update set key_hash = excluded.key_hash, prefix = excluded.prefix, workspace = excluded.workspace,
          allowed_models = excluded.allowed_models, requests_per_minute = excluded.requests_per_minute, tokens_per_minute = excluded.tokens_per_minute,
          max_parallel = excluded.max_parallel, per_user_requests_per_minute = excluded.per_user_requests_per_minute, budget_usd = excluded.budget_usd,
          budget_tokens = excluded.budget_tokens, budget_period = excluded.budget_period, priority = excluded.priority, expires_at = excluded.expires_at,
          allow_external = excluded.allow_external, tags = excluded.tags, updated_at = excluded.updated_at, updated_by = excluded.updated_by,
          revoked_at = excluded.revoked_at, version = excluded.version
        """;

    private const string WorkspaceWrite = """
        insert into llmproxy_workspaces (id, name, folded_name, budget_usd, budget_tokens, budget_period, requests_per_minute, tokens_per_minute,
          max_parallel, weight, created_at, created_by, updated_at, updated_by)
        values (@Id, @Name, @FoldedName, @BudgetUsd, @BudgetTokens, @BudgetPeriod, @RequestsPerMinute, @TokensPerMinute,
          @MaxParallel, @Weight, @CreatedAt, @CreatedBy, @UpdatedAt, @UpdatedBy)
        on conflict (id) do update set budget_usd = excluded.budget_usd, budget_tokens = excluded.budget_tokens, budget_period = excluded.budget_period,
          requests_per_minute = excluded.requests_per_minute, tokens_per_minute = excluded.tokens_per_minute, max_parallel = excluded.max_parallel,
          weight = excluded.weight, updated_at = excluded.updated_at, updated_by = excluded.updated_by
        """;

    /// <summary>
    /// What has changed since; null when nothing has. Writers come one at a time and each counts one further, so a key's
    /// version says whether it is news.
    /// </summary>
    public static async Task<StoredAccess?> ReadNewsAsync(DbConnection connection, DbTransaction? transaction, StoredAccess known, bool isWhole, CancellationToken cancellation)
    {
        long version = await connection.ExecuteScalarAsync<long>(Command("select version from llmproxy_access where id = 1", null, transaction, cancellation));
        if (version == known.Version && known.IsHeard && !isWhole)
        {
            return null;
        }

        if (isWhole || version < known.Version || !known.IsHeard)
        {
            // Set back to an older state, or never heard: what is known may be of another past.
            known = new StoredAccess { Version = -1 };
        }

        IEnumerable<KeyRow> keys = await connection.QueryAsync<KeyRow>(Command(KeyQuery, new { known.Version }, transaction, cancellation));
        IEnumerable<WorkspaceRow> workspaces = await connection.QueryAsync<WorkspaceRow>(Command(WorkspaceQuery, null, transaction, cancellation));
        return known.With([.. keys.Select(row => row.ToKey())]) with
        {
            Workspaces = [.. workspaces.Select(row => row.ToWorkspace())],
            Version = version,
            IsHeard = true,
            IsKnown = true,
        };
    }

    public static Task WriteAsync(DbConnection connection, DbTransaction transaction, KeyRow key, CancellationToken cancellation) =>
        connection.ExecuteAsync(Command(KeyWrite, key, transaction, cancellation));

    public static Task WriteAsync(DbConnection connection, DbTransaction transaction, WorkspaceRow workspace, CancellationToken cancellation) =>
        connection.ExecuteAsync(Command(WorkspaceWrite, workspace, transaction, cancellation));

    public static Task DropAsync(DbConnection connection, DbTransaction transaction, WorkspaceRow workspace, CancellationToken cancellation) =>
        connection.ExecuteAsync(Command("delete from llmproxy_workspaces where id = @Id", new { workspace.Id }, transaction, cancellation));

    public static Task CountAsync(DbConnection connection, DbTransaction transaction, long version, CancellationToken cancellation) =>
        connection.ExecuteAsync(Command("update llmproxy_access set version = @version where id = 1", new { version }, transaction, cancellation));

    private static CommandDefinition Command(string sql, object? values, DbTransaction? transaction, CancellationToken cancellation) =>
        new(sql, values, transaction, cancellationToken: cancellation);
}
