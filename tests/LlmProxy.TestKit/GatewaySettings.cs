namespace LlmProxy.TestKit;

/// <summary>What a gateway under test is started with. Nothing of the tester's own environment reaches it.</summary>
public sealed record GatewaySettings
{
    /// <summary>Variables besides the few that a .NET process needs.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Text of the configuration file; the gateway is told of it by LLMPROXY_CONFIG_FILE.</summary>
    public string? Config { get; init; }

    /// <summary>Text of a .env file in the working directory; unset: the gateway reads none.</summary>
    public string? DotEnv { get; init; }

    /// <summary>Where it runs and keeps its data, for one that is started a second time; unset: a directory of its own, gone with it.</summary>
    public string? WorkingDirectory { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Port 0 lets the system choose; the address is then read from the log.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:0";

    /// <summary>For a gateway that logs too little to say where it listens.</summary>
    public bool PickPort { get; init; }

    /// <summary>How long it may take until it is ready, or gone.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    public GatewaySettings With(string name, string value) =>
        this with { Environment = new Dictionary<string, string>(Environment) { [name] = value } };
}
