using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration.Shortcuts;

/// <summary>Variables that stand for a setting instead of an LLM.</summary>
internal sealed class SettingShortcuts(EnvironmentReader environment, Findings findings)
{
    public const string AdminKey = "LLMPROXY_ADMIN_KEY";
    public const string ApiKey = "LLMPROXY_API_KEY";
    public const string DevelopmentMode = "DEVELOPMENT_MODE";
    public const string DatabaseUrl = "DATABASE_URL";

    /// <summary>The old systems waited for their turn instead of refusing.</summary>
    private const string QueueSeconds = "60";

    private static readonly string[] Fallback = ["AUTO_FALLBACK_ENABLED", "LLM_ENABLE_FALLBACK"];
    private static readonly string[] Retries = ["FALLBACK_RETRY_ATTEMPTS", "LLM_MAX_RETRIES"];
    private static readonly string[] EnableRetry = ["LLM_ENABLE_RETRY"];
    private static readonly string[] LogLevels = ["LOG_LEVEL", "WISEFLOW_LOG_LEVEL"];
    private static readonly string[] Development = [DevelopmentMode];

    /// <summary>Variables whose text is the setting's value.</summary>
    private static readonly Row[] Plain =
    [
        new("LLM_PREFER_LOCAL", nameof(GatewayOptions.Routing), nameof(RoutingOptions.PreferLocal)),
        new("LLM_MAX_LATENCY_MS", nameof(GatewayOptions.Routing), nameof(RoutingOptions.MaxLatencyMs)),
        new("LLM_ENABLE_CACHING", nameof(GatewayOptions.Cache), nameof(CacheOptions.Enabled)),
        new("LLM_CACHE_SIZE", nameof(GatewayOptions.Cache), nameof(CacheOptions.MaxEntries)),
        new("LLM_RATE_LIMIT_RPM", nameof(GatewayOptions.Limits), nameof(LimitsOptions.RequestsPerMinute)),
        new("LLM_CONCURRENT_NUMBER", nameof(GatewayOptions.Limits), nameof(LimitsOptions.MaxParallel)),
        new("REDIS_URL", nameof(GatewayOptions.Redis), nameof(RedisOptions.Connection)),
        new(AdminKey, nameof(GatewayOptions.Auth), nameof(AuthOptions.AdminKey)),
    ];

    private const string Strategy = "LLM_ROUTING_STRATEGY";

    public static IEnumerable<string> Variables =>
        Plain.Select(row => row.Variable)
            .Concat(Fallback).Concat(Retries).Concat(EnableRetry).Concat(LogLevels).Concat(Development)
            .Append(Strategy).Append(DatabaseUrl).Append(ApiKey);

    public ConfigObject Build()
    {
        var section = new ConfigObject(new Origin("LlmProxy"));
        foreach (Row row in Plain)
        {
            if (environment.Find(row.Variable) is { } found)
            {
                Set(section, row.Section, row.Member, found);
            }
        }

        if (section.Find(nameof(GatewayOptions.Limits)) is ConfigObject limits)
        {
            Origin cause = limits.Members.GetAt(0).Value.Origin;
            limits.Members[nameof(LimitsOptions.QueueSeconds)] = new ConfigText(cause, QueueSeconds, TextKind.Untyped);
        }

        SetRouting(section);
        SetDatabase(section);
        SetKey(section);
        return section;
    }

    /// <summary>LOG_LEVEL is a name that many programs read: an unknown word is worth a line, not an outage.</summary>
    public LogLevel? ReadLogLevel()
    {
        if (environment.First(LogLevels) is not { } variable)
        {
            return null;
        }

        LogLevel? level = variable.Value.ToUpperInvariant() switch
        {
            "TRACE" or "VERBOSE" or "NOTSET" => LogLevel.Trace,
            "DEBUG" => LogLevel.Debug,
            "INFO" or "INFORMATION" or "NOTICE" => LogLevel.Information,
            "WARN" or "WARNING" => LogLevel.Warning,
            "ERROR" => LogLevel.Error,
            "CRITICAL" or "FATAL" => LogLevel.Critical,
            "NONE" or "OFF" => LogLevel.None,
            _ => null,
        };
        if (level is null)
        {
            findings.Warn($"{variable.Name}: \"{variable.Value}\" is no log level (DEBUG, INFO, WARNING, ERROR, CRITICAL); it is left as it is");
        }

        return level;
    }

    public bool ReadDevelopmentMode() => environment.Bool(Development) ?? false;

    private void SetRouting(ConfigObject section)
    {
        if (environment.Find(Strategy) is { } strategy)
        {
            if (Strategies.IsKnown(strategy.Value))
            {
                Set(section, nameof(GatewayOptions.Routing), nameof(RoutingOptions.DefaultStrategy), strategy with { Value = Strategies.Normalize(strategy.Value) });
            }
            else
            {
                environment.LeaveOut(Strategy, $"\"{strategy.Value}\" is no strategy that is known (known: {string.Join(", ", Strategies.All)})");
            }
        }

        if (environment.First(Fallback) is { } fallback)
        {
            Set(section, nameof(GatewayOptions.Routing), nameof(RoutingOptions.Fallback), fallback);
        }

        Variable? retries = environment.First(Retries);
        if (environment.Bool(EnableRetry) == false)
        {
            retries = new Variable(EnableRetry[0], "0");
        }

        if (retries is not null)
        {
            Set(section, nameof(GatewayOptions.Resilience), nameof(ResilienceOptions.MaxRetries), retries);
        }
    }

    private void SetDatabase(ConfigObject section)
    {
        if (environment.Find(DatabaseUrl) is not { } url)
        {
            return;
        }

        if (DatabaseAddress.Normalize(url.Value) is { } connection)
        {
            Set(section, nameof(GatewayOptions.Database), nameof(DatabaseOptions.Connection), url with { Value = connection });
        }
        else
        {
            environment.LeaveOut(DatabaseUrl, "it is neither a PostgreSQL nor a SQLite address");
        }
    }

    private void SetKey(ConfigObject section)
    {
        if (environment.Find(ApiKey) is not { } variable)
        {
            return;
        }

        var origin = new Origin(variable.Name);
        var key = new ConfigObject(origin);
        key.Members[nameof(KeyOptions.Name)] = new ConfigText(origin, "default", TextKind.String);
        key.Members[nameof(KeyOptions.Key)] = new ConfigText(origin, variable.Value, TextKind.Untyped) { IsHidden = true };
        var keys = new ConfigList(origin);
        keys.Items.Add(key);
        section.Members[nameof(GatewayOptions.Keys)] = keys;
    }

    private static void Set(ConfigObject section, string name, string member, Variable variable)
    {
        if (section.Find(name) is not ConfigObject part)
        {
            part = new ConfigObject(new Origin($"LlmProxy:{name}"));
            section.Members[name] = part;
        }

        part.Members[member] = new ConfigText(new Origin(variable.Name), variable.Value, TextKind.Untyped);
    }

    private sealed record Row(string Variable, string Section, string Member);
}
