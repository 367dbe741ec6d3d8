using System.Data.Common;

namespace LlmProxy.Storage;

internal enum DatabaseKind
{
    Sqlite,
    PostgreSql,
}

/// <summary>Which database Database:Connection means.</summary>
/// <param name="Connection">In the driver's own form.</param>
/// <param name="Label">Says where it is, without credentials: for logs, messages and to tell one database from another.</param>
internal sealed record DatabaseTarget(DatabaseKind Kind, string Connection, string Label)
{
    private static readonly string[] FileKeys = ["Data Source", "DataSource", "Filename"];
    private static readonly string[] HostKeys = ["Host", "Server"];

    /// <summary>SQLite's file; empty for PostgreSQL.</summary>
    public string Path { get; private init; } = "";

    /// <summary>What is wrong with a connection; null when it can be used.</summary>
    public static string? Problem(string connection)
    {
        try
        {
            Parse(connection, "/");
            return null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            return e is DatabaseAddressException
                ? e.Message
                : "is no connection that can be read: write a SQLite file (Data Source=data/llmproxy.db), postgresql://user:password@host:5432/database or Npgsql's form (Host=...;Database=...)";
        }
    }

    /// <summary>A relative file lies below the root.</summary>
    public static DatabaseTarget Parse(string connection, string root)
    {
        if (PostgresUrl.IsOne(connection))
        {
            return PostgreSql(PostgresUrl.Parse(connection));
        }

        var settings = new DbConnectionStringBuilder { ConnectionString = connection };
        if (Find(settings, FileKeys) is { } file)
        {
            return Sqlite(settings, file, root);
        }

        return Find(settings, HostKeys) is null
            ? throw new DatabaseAddressException("names neither a file (Data Source=...) nor a server (Host=..., or postgresql://...)")
            : PostgreSql(new Npgsql.NpgsqlConnectionStringBuilder(connection));
    }

    private static DatabaseTarget Sqlite(DbConnectionStringBuilder settings, string file, string root)
    {
        if (file.Length == 0 || file.Equals(":memory:", StringComparison.OrdinalIgnoreCase) || file.StartsWith("file:", StringComparison.OrdinalIgnoreCase)
            || (Find(settings, ["Mode"]) is { } mode && mode.Equals("Memory", StringComparison.OrdinalIgnoreCase)))
        {
            throw new DatabaseAddressException("must name a file: a database in memory keeps nothing");
        }

        string path = System.IO.Path.GetFullPath(System.IO.Path.Combine(root, file));
        FileKeys.ToList().ForEach(key => settings.Remove(key));
        settings["Data Source"] = path;
        return new DatabaseTarget(DatabaseKind.Sqlite, settings.ConnectionString, $"SQLite {path}") { Path = path };
    }

    private static DatabaseTarget PostgreSql(Npgsql.NpgsqlConnectionStringBuilder settings) =>
        new(DatabaseKind.PostgreSql, settings.ConnectionString, $"PostgreSQL {settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}");

    private static string? Find(DbConnectionStringBuilder settings, string[] keys) =>
        Array.Find(keys, settings.ContainsKey) is { } key ? settings[key].ToString() : null;
}

/// <summary>A connection that says nothing usable, in words that never repeat it: it may hold a password.</summary>
internal sealed class DatabaseAddressException(string message) : ArgumentException(message);
