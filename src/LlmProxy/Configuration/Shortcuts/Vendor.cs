namespace LlmProxy.Configuration.Shortcuts;

/// <summary>What must be set so that a vendor's variables make an LLM without being chosen.</summary>
internal enum MadeBy
{
    Key,
    Address,
    Model,
    AnyOfThem,

    /// <summary>A key, or an address and a deployment (then the cloud's own identity signs in).</summary>
    KeyOrDeployment,
}

/// <summary>A further credential: its name in Auth and the variables that hold it.</summary>
internal sealed record Companion(string Auth, string[] Variables);

/// <summary>The variables that describe one LLM; the first of several names wins.</summary>
internal sealed record Vendor(string Name, MadeBy MadeBy)
{
    /// <summary>The LLM's provider where it is not the vendor's own name.</summary>
    public string? ProviderName { get; init; }

    public string Provider => ProviderName ?? Name;

    public string[] Keys { get; init; } = [];

    public string[] Addresses { get; init; } = [];

    public string[] Models { get; init; } = [];

    /// <summary>Asked for when no variable names a model; null: there is none that could be guessed.</summary>
    public string? DefaultModel { get; init; }

    /// <summary>The guess above is only a guess and worth a warning.</summary>
    public bool IsModelGuessed { get; init; }

    public string? DefaultAddress { get; init; }

    /// <summary>Cannot be called without a key.</summary>
    public bool NeedsKey { get; init; }

    /// <summary>Has no address of its own.</summary>
    public bool NeedsAddress { get; init; }

    /// <summary>What answers at another address may know models of many vendors, prefix included.</summary>
    public bool MayBeRelay { get; init; }

    /// <summary>Many models behind one credential: a wildcard stands beside the named LLM.</summary>
    public bool HasWildcard { get; init; }

    /// <summary>Takes LLM_API_KEY when it is the default and its own key is absent.</summary>
    public bool TakesSharedKey { get; init; } = true;

    public Companion[] Companions { get; init; } = [];

    /// <summary>Speaks only of the named model, not of the wildcard beside it.</summary>
    public Companion[] ModelCompanions { get; init; } = [];

    public string? Enabled { get; init; }

    public string? MaxTokens { get; init; }

    public string? Temperature { get; init; }

    public string? Timeout { get; init; }

    public string? Headers { get; init; }

    public string? DefaultMaxTokens { get; init; }

    public string? DefaultTemperature { get; init; }

    public string? DefaultTimeout { get; init; }

    public bool? Local { get; init; }

    /// <summary>How model names are marked as this vendor's where one list speaks of several.</summary>
    public string[] Prefixes { get; init; } = [];

    public IEnumerable<string> Variables =>
        Keys.Concat(Addresses).Concat(Models)
            .Concat(Companions.Concat(ModelCompanions).SelectMany(companion => companion.Variables))
            .Concat(new[] { Enabled, MaxTokens, Temperature, Timeout, Headers }.OfType<string>());
}
