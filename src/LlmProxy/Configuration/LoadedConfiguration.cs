using LlmProxy.Configuration.Options;
using LlmProxy.Configuration.Sources;

namespace LlmProxy.Configuration;

/// <summary>What the operator wrote, read whole: the options to run with, or everything that stands against running with them.</summary>
internal sealed record LoadedConfiguration
{
    public required GatewayOptions Options { get; init; }

    /// <summary>Each with its key; with any, the options must not be used.</summary>
    public required IReadOnlyList<string> Mistakes { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The files and the names of the variables that were taken, one line each.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>A change of any of them is a reason to load again.</summary>
    public required IReadOnlyList<WatchedFile> WatchedFiles { get; init; }

    /// <summary>Nobody named the dummy: it is there because nothing else is, or because the chosen provider is unknown.</summary>
    public bool DummyIsImplied { get; init; }

    /// <summary>A person wrote an LLM of the provider dummy, or chose it by variable.</summary>
    public bool DummyWasNamed { get; init; }

    /// <summary>The environment shortcuts made at least one LLM.</summary>
    public bool LlmsFromEnvironment { get; init; }

    /// <summary>A database other than the default file was asked for.</summary>
    public bool DatabaseIsConfigured { get; init; }

    /// <summary>LOG_LEVEL; null: unset.</summary>
    public LogLevel? LogLevel { get; init; }

    public bool IsDevelopment { get; init; }

    public bool IsValid => Mistakes.Count == 0;
}
