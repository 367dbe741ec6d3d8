using System.Data.Common;
using System.Reflection;
using Dapper;

namespace LlmProxy.Storage;

/// <summary>
/// Brings the tables up to what this version knows, in one transaction that only one replica makes at a time. Scripts
/// only add, so an older replica goes on beside a newer schema, unless that was marked as incompatible.
/// </summary>
internal static class Migrator
{
    private const string Bookkeeping = """
        create table if not exists llmproxy_migrations (
          id integer not null primary key,
          name text not null,
          applied_at text not null,
          is_compatible integer not null
        )
        """;

    /// <summary>A script with this first line must not be met by an older version.</summary>
    private const string IncompatibleMark = "-- incompatible";

    /// <summary>The number of the newest script that holds.</summary>
    public static Task<int> RunAsync(IDatabase database, TimeProvider time, CancellationToken cancellation) => database.WriteAsync(
        async (connection, transaction) =>
        {
            await database.LockTablesAsync(connection, transaction, cancellation);
            await connection.ExecuteAsync(new CommandDefinition(Bookkeeping, transaction: transaction, cancellationToken: cancellation));
            List<Applied> applied = [.. await connection.QueryAsync<Applied>(
                new CommandDefinition("select id as Id, is_compatible as IsCompatible from llmproxy_migrations", transaction: transaction, cancellationToken: cancellation))];
            List<Script> scripts = Scripts(database.Scripts);
            int newest = scripts[^1].Id;
            if (applied.Exists(done => done.Id > newest && done.IsCompatible == 0))
            {
                throw new InvalidOperationException($"its tables belong to a newer version of the gateway (migration {applied.Max(done => done.Id)}, this one knows {newest})");
            }

            foreach (Script script in scripts.Where(script => !applied.Exists(done => done.Id == script.Id)))
            {
                await ApplyAsync(connection, transaction, script, time, cancellation);
            }

            return Math.Max(newest, applied.Select(done => (int)done.Id).DefaultIfEmpty().Max());
        },
        cancellation);

    private static async Task ApplyAsync(DbConnection connection, DbTransaction transaction, Script script, TimeProvider time, CancellationToken cancellation)
    {
        await connection.ExecuteAsync(new CommandDefinition(script.Text, transaction: transaction, commandTimeout: 600, cancellationToken: cancellation));
        await connection.ExecuteAsync(new CommandDefinition(
            "insert into llmproxy_migrations (id, name, applied_at, is_compatible) values (@Id, @Name, @AppliedAt, @IsCompatible)",
            new
            {
                script.Id,
                script.Name,
                AppliedAt = time.GetUtcNow().ToString("O"),
                IsCompatible = script.Text.StartsWith(IncompatibleMark, StringComparison.Ordinal) ? 0 : 1,
            },
            transaction,
            cancellationToken: cancellation));
    }

    /// <summary>Embedded as LlmProxy.Storage.Migrations.KIND.0001-name.sql.</summary>
    private static List<Script> Scripts(string kind)
    {
        Assembly assembly = typeof(Migrator).Assembly;
        string prefix = $"LlmProxy.Storage.Migrations.{kind}.";
        var scripts = new List<Script>();
        foreach (string resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            string name = resource[prefix.Length..^".sql".Length];
            scripts.Add(new Script(int.Parse(name.AsSpan(0, 4), System.Globalization.CultureInfo.InvariantCulture), name, reader.ReadToEnd()));
        }

        return scripts;
    }

    private sealed record Script(int Id, string Name, string Text);

    private sealed class Applied
    {
        public long Id { get; init; }

        public long IsCompatible { get; init; }
    }
}
