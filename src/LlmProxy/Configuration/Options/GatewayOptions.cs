namespace LlmProxy.Configuration.Options;

/// <summary>Everything an operator can write under the section "LlmProxy", after all sources are merged.</summary>
internal sealed class GatewayOptions
{
    public AuthOptions Auth { get; set; } = new();

    public List<KeyOptions> Keys { get; set; } = [];

    public List<WorkspaceOptions> Workspaces { get; set; } = [];

    public List<LlmOptions> Llms { get; set; } = [];

    /// <summary>auto: the environment shortcuts make LLMs only while nothing else names one.</summary>
    public EnvironmentLlms EnvironmentLlms { get; set; } = EnvironmentLlms.Auto;

    /// <summary>Another name for a model; the left side may hold a wildcard.</summary>
    public Dictionary<string, string> Aliases { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    public Dictionary<string, ChainOptions> Chains { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    public RoutingOptions Routing { get; set; } = new();

    public ResilienceOptions Resilience { get; set; } = new();

    public CacheOptions Cache { get; set; } = new();

    public LimitsOptions Limits { get; set; } = new();

    public FetchOptions Fetch { get; set; } = new();

    public RedisOptions Redis { get; set; } = new();

    public DatabaseOptions Database { get; set; } = new();

    public JournalOptions Journal { get; set; } = new();

    public LoggingOptions Logging { get; set; } = new();

    public MetricsOptions Metrics { get; set; } = new();

    public AdminOptions Admin { get; set; } = new();

    public GuardsOptions Guards { get; set; } = new();

    public AlertsOptions Alerts { get; set; } = new();
}

internal enum EnvironmentLlms
{
    Auto,
    Always,
    Never,
}
