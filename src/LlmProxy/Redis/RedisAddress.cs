using System.Net;
using StackExchange.Redis;

namespace LlmProxy.Redis;

/// <summary>Which Redis Redis:Connection means: a host:port list with the client's usual options, redis:// or rediss://.</summary>
internal sealed record RedisAddress
{
    public const int DefaultPort = 6379;

    private const string DefaultUser = "default";

    /// <summary>What .NET applications write beside the hosts and the gateway decides itself.</summary>
    private static readonly string[] OurOwnChoice =
    [
        "abortConnect", "abortOnConnectFail", "allowAdmin", "asyncTimeout", "configCheckSeconds", "connectRetry", "connectTimeout", "keepAlive",
        "name", "protocol", "resolveDns", "responseTimeout", "syncTimeout", "tiebreaker", "version", "writeBuffer",
        "decode_responses", "health_check_interval", "max_connections", "retry_on_timeout", "socket_connect_timeout", "socket_timeout",
    ];

    public required IReadOnlyList<string> Hosts { get; init; }

    public string Password { get; private init; } = "";

    public bool IsTls { get; private init; }

    public string TlsHost { get; private init; } = "";

    public int Database { get; private init; }

    /// <summary>Says where it is, without credentials.</summary>
    public string Label => $"{string.Join(',', Hosts)}{(Database == 0 ? "" : $"/{Database}")}";

    /// <summary>A record would compare its hosts by reference.</summary>
    public bool IsSame(RedisAddress other) => this == other with { Hosts = Hosts } && Hosts.SequenceEqual(other.Hosts);

    /// <summary>What is wrong with a connection; null when it can be used. Never repeats it: it may hold a password.</summary>
    public static string? Problem(string connection)
    {
        try
        {
            Parse(connection);
            return null;
        }
        catch (RedisAddressException e)
        {
            return e.Message;
        }
    }

    public static RedisAddress Parse(string connection)
    {
        string text = connection.Trim();
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
        {
            return ParseList(text);
        }

        return text[..scheme].ToUpperInvariant() switch
        {
            "REDIS" => ParseUrl(text[(scheme + 3)..], isTls: false),
            "REDISS" => ParseUrl(text[(scheme + 3)..], isTls: true),
            _ => throw new RedisAddressException("has a scheme that the gateway does not speak: write redis://, rediss:// (TLS) or host:port, without Sentinel"),
        };
    }

    public ConfigurationOptions ToOptions()
    {
        var options = new ConfigurationOptions
        {
            AbortOnConnectFail = true, // The link itself tries again, and says so.
            AllowAdmin = false,
            ClientName = "llmproxy",
            ConnectRetry = 1,
            ConnectTimeout = (int)RedisLink.ConnectPatience.TotalMilliseconds,
            DefaultDatabase = Database,
            KeepAlive = 15,
            Password = Password.Length == 0 ? null : Password,
            Ssl = IsTls,
            SslHost = IsTls && TlsHost.Length > 0 ? TlsHost : null,
            SyncTimeout = (int)RedisLink.ConnectPatience.TotalMilliseconds,
        };
        foreach (string host in Hosts)
        {
            options.EndPoints.Add(host);
        }

        return options;
    }

    /// <summary>host:port,host:port,password=...,ssl=true,defaultDatabase=2</summary>
    private static RedisAddress ParseList(string text)
    {
        List<string> hosts = [];
        var address = new RedisAddress { Hosts = hosts };
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                hosts.Add(Host(part));
            }
            else
            {
                address = address.With(part[..equals].Trim(), part[(equals + 1)..].Trim());
            }
        }

        return hosts.Count == 0 ? throw new RedisAddressException("names no host: write host:port, redis:// or rediss://") : address;
    }

    /// <summary>[user:password@]host[:port][,host...][/database][?option=value]</summary>
    private static RedisAddress ParseUrl(string rest, bool isTls)
    {
        int question = rest.IndexOf('?', StringComparison.Ordinal);
        string query = question < 0 ? "" : rest[(question + 1)..];
        rest = question < 0 ? rest : rest[..question];
        int at = rest.LastIndexOf('@');
        string credentials = at < 0 ? "" : rest[..at];
        rest = rest[(at + 1)..];
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string[] hosts = (slash < 0 ? rest : rest[..slash]).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var address = new RedisAddress
        {
            Hosts = hosts.Length == 0 ? throw new RedisAddressException("names no host") : [.. hosts.Select(Host)],
            IsTls = isTls,
        };
        int colon = credentials.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 || (colon < 0 && credentials.Length > 0))
        {
            address = address.With("user", Uri.UnescapeDataString(colon < 0 ? credentials : credentials[..colon]));
        }

        if (colon >= 0)
        {
            address = address.With("password", Uri.UnescapeDataString(credentials[(colon + 1)..]));
        }

        if (slash >= 0 && rest[(slash + 1)..].Trim('/') is { Length: > 0 } database)
        {
            address = address.With("db", database);
        }

        foreach (string pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            address = address.With(equals < 0 ? pair : pair[..equals], equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..]));
        }

        return address;
    }

    private RedisAddress With(string name, string value)
    {
        switch (name.ToUpperInvariant())
        {
            case "PASSWORD":
                return this with { Password = value };
            case "USER" or "USERNAME":
                return value.Length == 0 || value == DefaultUser
                    ? this
                    : throw new RedisAddressException("names a user other than default: the gateway signs in by password alone. Give that password to Redis' default user (requirepass) and leave the user out");
            case "SSL":
                return this with { IsTls = bool.TryParse(value, out bool isTls) ? isTls : throw new RedisAddressException("has an option ssl that is neither true nor false") };
            case "SSLHOST":
                return this with { TlsHost = value };
            case "DB" or "DATABASE" or "DEFAULTDATABASE":
                return this with { Database = int.TryParse(value, out int number) && number is >= 0 and < 1_000_000 ? number : throw new RedisAddressException("has a database that is no number from 0") };
            case "SERVICENAME":
                throw new RedisAddressException("asks for Sentinel (serviceName), which the gateway does not speak: name the servers themselves");
            default:
                return OurOwnChoice.Contains(name, StringComparer.OrdinalIgnoreCase)
                    ? this
                    : throw new RedisAddressException($"has an option that is not understood: {(name.Length < 40 && name.All(c => char.IsAsciiLetter(c) || c == '_') ? name : "its name holds odd letters")}. Known are password, ssl, sslHost and defaultDatabase");
        }
    }

    private static string Host(string text)
    {
        int colon = text.LastIndexOf(':');
        bool isBareV6 = colon >= 0 && text.IndexOf(':', StringComparison.Ordinal) != colon && text[0] != '[';
        bool hasPort = colon > text.LastIndexOf(']') && !isBareV6;
        if (hasPort && !(ushort.TryParse(text.AsSpan(colon + 1), out ushort port) && port > 0))
        {
            throw new RedisAddressException("has a port that is none");
        }

        string host = (hasPort ? text[..colon] : text).Trim('[', ']');
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            throw new RedisAddressException("names a host that is none");
        }

        string bracketed = IPAddress.TryParse(host, out IPAddress? ip) && ip.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{host}]" : host;
        return hasPort ? bracketed + text[colon..] : $"{bracketed}:{DefaultPort}";
    }
}

/// <summary>A connection that says nothing usable, in words that never repeat it.</summary>
internal sealed class RedisAddressException(string message) : ArgumentException(message);
