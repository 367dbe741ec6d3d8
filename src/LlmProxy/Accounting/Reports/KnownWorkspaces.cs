using System.Data.Common;
using Dapper;

namespace LlmProxy.Accounting.Reports;

/// <summary>Workspaces that the configuration has forgotten and the ledger has not.</summary>
internal static class KnownWorkspaces
{
    public static async Task<bool> HasCallsAsync(DbConnection connection, string name, CancellationToken cancellation) => await connection.ExecuteScalarAsync<long?>(
        new CommandDefinition("select 1 from llmproxy_calls where workspace = @Name limit 1", new { Name = name }, commandTimeout: ReportDesk.CommandSeconds, cancellationToken: cancellation)) is not null;
}
