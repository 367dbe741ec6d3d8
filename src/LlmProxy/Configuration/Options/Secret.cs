namespace LlmProxy.Configuration.Options;

/// <summary>A credential that shows itself to nobody by accident: it prints as stars.</summary>
internal sealed class Secret(string value) : IEquatable<Secret>
{
    private readonly string _value = value;

    /// <summary>The real text, for the one place that sends or hashes it.</summary>
    public string Reveal() => _value;

    public override string ToString() => "***";

    public bool Equals(Secret? other) => other is not null && string.Equals(_value, other._value, StringComparison.Ordinal);

    public override bool Equals(object? obj) => Equals(obj as Secret);

    public override int GetHashCode() => _value.GetHashCode(StringComparison.Ordinal);
}

/// <summary>An LLM's Auth block after its references were followed.</summary>
internal sealed class AuthSettings
{
    /// <summary>By name without "_env": api_key, organization, deployment, api_version, region, ...</summary>
    public Dictionary<string, Secret> Values { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Where each value came from, in words without the value: "env:OPENAI_API_KEY", "file:/run/secrets/key", "configuration".</summary>
    public Dictionary<string, string> Sources { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>api_keys: several credentials, tried in turn.</summary>
    public List<Secret> ApiKeys { get; } = [];

    /// <summary>Credentials that were asked for and are not there, in words an operator can act on: "OPENAI_API_KEY is not set".</summary>
    public List<string> Missing { get; } = [];

    public string? Get(string name) => Values.TryGetValue(name, out Secret? secret) && secret.Reveal().Length > 0 ? secret.Reveal() : null;
}
