using System.Collections.Concurrent;
using System.Text.Json;
using LlmProxy.Configuration.Options;
using LlmProxy.Endpoints;
using LlmProxy.Forwarding;
using LlmProxy.Forwarding.Resilience;
using LlmProxy.Providers;
using LlmProxy.Providers.Ollama;
using LlmProxy.Providers.OpenAiDialect;
using Yarp.ReverseProxy.Model;

namespace LlmProxy.Routing;

/// <summary>One configured LLM as the gateway runs it: its settings, its vendor, its YARP cluster with the replicas.</summary>
internal sealed class Deployment
{
    private const int MostAskedModels = 256;

    private readonly bool[] _spoken;
    private readonly ConcurrentDictionary<string, LlmFacts> _askedModels = new(StringComparer.Ordinal);
    private int _askedCount;

    public Deployment(LlmOptions options, IProvider provider, LlmState state)
    {
        Options = options;
        Provider = provider;
        State = state;
        Label = new VendorLabel(provider.Card.Name, options.Name)
        {
            Secrets = [.. options.Auth.Values.Values.Concat(options.Auth.ApiKeys).Select(secret => secret.Reveal()).Where(text => text.Length >= 8)],
        };
        Fingerprint = Routing.Fingerprint.Of(options, provider.Card.Name);
        HeaderName = Wire.HeaderText.Safe(options.Name);
        IsLocal = StaysInHouse(options, provider.Card);
        Facts = LlmFacts.Of(options, provider.Card.Name, options.Model, IsLocal);
        ModelJson = JsonSerializer.SerializeToUtf8Bytes(options.Model, RouteTarget.JsonOptions);
        _spoken = new bool[EndpointKind.All.Count];
        foreach (EndpointKind endpoint in provider.Card.Endpoints)
        {
            _spoken[endpoint.Ordinal] = options.Endpoints.Count == 0
                || options.Endpoints.Contains(endpoint.Family, StringComparer.OrdinalIgnoreCase);
        }

        Defaults = [.. options.Config
            .Where(field => field.Value is not null && !provider.Card.SettingKeys.Contains(field.Key))
            .Select(field => new ConfigDefault(field.Key, JsonSerializer.SerializeToUtf8Bytes(field.Value, RouteTarget.JsonOptions)))];
    }

    public string Name => Options.Name;

    /// <summary>The name as it can stand in a header.</summary>
    public string HeaderName { get; }

    public LlmOptions Options { get; }

    /// <summary>Two configurations with another one may answer otherwise.</summary>
    public UInt128 Fingerprint { get; }

    /// <summary>How its failures speak of it.</summary>
    public VendorLabel Label { get; }

    public IProvider Provider { get; }

    /// <summary>What was learnt about it while running.</summary>
    public LlmState State { get; }

    public bool IsLocal { get; }

    /// <summary>What is known about it; of a wildcard only what holds for all its models.</summary>
    public LlmFacts Facts { get; }

    /// <summary>
    /// What is known about one of a wildcard's models. Clients name them: the memory of it is bounded, and begins anew
    /// when it is full.
    /// </summary>
    public LlmFacts FactsOf(string model)
    {
        if (model == Options.Model)
        {
            return Facts;
        }

        if (_askedModels.TryGetValue(model, out LlmFacts? known))
        {
            return known;
        }

        LlmFacts facts = LlmFacts.Of(Options, ProviderName, model, IsLocal);
        if (Interlocked.Increment(ref _askedCount) > MostAskedModels)
        {
            _askedModels.Clear();
            Volatile.Write(ref _askedCount, 1);
        }

        return _askedModels.GetOrAdd(model, facts);
    }

    /// <summary>
    /// Whether what it is sent stays in the house: the operator's word, which holds for all its models, else the provider's
    /// nature, from which a model may differ.
    /// </summary>
    public static bool StaysInHouse(LlmOptions options, ProviderCard card) =>
        options.Local ?? (card.IsLocal && !OllamaCloud.Runs(options.Model));

    /// <summary>Why it cannot be called at all ("OPENAI_API_KEY is not set"); null when it can.</summary>
    public string? Unavailable { get; init; }

    /// <summary>Null only while it is unavailable.</summary>
    public ClusterState? Cluster { get; init; }

    public IReadOnlyList<Replica> Replicas { get; init; } = [];

    /// <summary>When it is asked again, and when it is left alone.</summary>
    public LlmResilience Resilience { get; init; } = LlmResilience.Default;

    /// <summary>The built-in provider that nobody named: it answers only while nothing else is there.</summary>
    public bool IsImplied { get; init; }

    public bool IsWildcard => Options.Model == "*";

    public bool IsDummy => Provider.Card.Name == "dummy";

    public string ProviderName => Provider.Card.Name;

    /// <summary>The vendor's model name as JSON text.</summary>
    public ReadOnlyMemory<byte> ModelJson { get; }

    /// <summary>Request fields for clients that leave them out.</summary>
    public IReadOnlyList<ConfigDefault> Defaults { get; }

    /// <summary>Whether the vendor serves the endpoint in its client's own dialect.</summary>
    public bool Speaks(EndpointKind endpoint) => _spoken[endpoint.Ordinal];

    /// <summary>Whether it can serve the endpoint at all, by translation if need be.</summary>
    public bool Has(EndpointKind endpoint) => _spoken[endpoint.Ordinal] || (endpoint.Via is { } via && _spoken[via.Ordinal]);

    /// <summary>Seen by all workspaces.</summary>
    public bool IsGlobal => Options.Scope.Equals("global", StringComparison.OrdinalIgnoreCase);

    public bool IsVisibleTo(string workspace) =>
        IsGlobal || Options.Scope.Equals(workspace, StringComparison.OrdinalIgnoreCase);

    /// <summary>When the last of its replicas stopped answering; null where that is not known.</summary>
    public DateTimeOffset? DownSince => Replicas.Count == 0 ? null : Replicas.Max(replica => replica.DownSince);

    /// <summary>Whether at least one of its replicas is believed to be up.</summary>
    public bool HasAvailableReplica => Cluster is { } cluster && cluster.DestinationsState.AvailableDestinations.Count > 0;
}

/// <summary>One field of an LLM's Config: its name and its value as JSON text.</summary>
internal sealed record ConfigDefault(string Name, ReadOnlyMemory<byte> Json)
{
    public ReadOnlyMemory<byte> NameUtf8 { get; } = System.Text.Encoding.UTF8.GetBytes(Name);
}
