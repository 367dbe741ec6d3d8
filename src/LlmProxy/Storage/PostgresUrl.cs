using Npgsql;

namespace LlmProxy.Storage;

/// <summary>Reads postgresql://user:password@host:port/database?sslmode=require, which Npgsql itself does not.</summary>
internal static class PostgresUrl
{
    private static readonly string[] Schemes = ["postgresql://", "postgres://"];

    /// <summary>libpq's words where Npgsql has others.</summary>
    private static readonly Dictionary<string, string> Keywords = new(StringComparer.OrdinalIgnoreCase)
    {
        ["connect_timeout"] = "Timeout",
        ["dbname"] = "Database",
        ["schema"] = "Search Path",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslrootcert"] = "Root Certificate",
        ["user"] = "Username",
    };

    /// <summary>What other languages' toolkits write into the same variable for themselves.</summary>
    private static readonly string[] OthersOwn = ["connection_limit", "pgbouncer", "pool_timeout", "prepared_statements", "socket_timeout", "statement_cache_size"];

    public static bool IsOne(string connection) => Array.Exists(Schemes, scheme => connection.StartsWith(scheme, StringComparison.OrdinalIgnoreCase));

    public static NpgsqlConnectionStringBuilder Parse(string url)
    {
        var settings = new NpgsqlConnectionStringBuilder();
        string rest = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];
        int question = rest.IndexOf('?', StringComparison.Ordinal);
        string query = question < 0 ? "" : rest[(question + 1)..];
        rest = question < 0 ? rest : rest[..question];
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string database = slash < 0 ? "" : rest[(slash + 1)..];
        string authority = slash < 0 ? rest : rest[..slash];
        int at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            ReadUser(settings, authority[..at]);
        }

        ReadHosts(settings, authority[(at + 1)..]);
        if (database.Length > 0)
        {
            settings.Database = Uri.UnescapeDataString(database);
        }

        ReadQuery(settings, query);
        return string.IsNullOrEmpty(settings.Host) ? throw new DatabaseAddressException("names no host") : settings;
    }

    private static void ReadUser(NpgsqlConnectionStringBuilder settings, string user)
    {
        int colon = user.IndexOf(':', StringComparison.Ordinal);
        settings.Username = Uri.UnescapeDataString(colon < 0 ? user : user[..colon]);
        if (colon >= 0)
        {
            settings.Password = Uri.UnescapeDataString(user[(colon + 1)..]);
        }
    }

    /// <summary>One host, or several separated by commas; Npgsql wants the ports beside them.</summary>
    private static void ReadHosts(NpgsqlConnectionStringBuilder settings, string hosts)
    {
        if (hosts.Contains(',', StringComparison.Ordinal))
        {
            settings.Host = hosts;
            return;
        }

        int colon = hosts.LastIndexOf(':');
        bool hasPort = colon > hosts.LastIndexOf(']');
        if (hasPort)
        {
            settings.Port = ushort.TryParse(hosts.AsSpan(colon + 1), out ushort port) && port > 0 ? port : throw new DatabaseAddressException("has a port that is none");
        }

        settings.Host = Uri.UnescapeDataString(hasPort ? hosts[..colon] : hosts).Trim('[', ']');
    }

    private static void ReadQuery(NpgsqlConnectionStringBuilder settings, string query)
    {
        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string name = Uri.UnescapeDataString(equals < 0 ? pair : pair[..equals]);
            string value = Uri.UnescapeDataString(equals < 0 ? "" : pair[(equals + 1)..].Replace('+', ' '));
            if (OthersOwn.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            string keyword = Keywords.GetValueOrDefault(name) ?? name.Replace('_', ' ');
            bool isMode = keyword.Equals("sslmode", StringComparison.OrdinalIgnoreCase);
            try
            {
                settings[isMode ? "SSL Mode" : keyword] = isMode ? value.Replace("-", "", StringComparison.Ordinal) : value;
            }
            catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
            {
                throw new DatabaseAddressException($"has a parameter that is not understood: {(name.All(char.IsAsciiLetter) ? name : "its name holds odd letters")}");
            }
        }
    }
}
