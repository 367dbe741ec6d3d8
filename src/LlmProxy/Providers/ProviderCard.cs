using System.Collections.Frozen;
using LlmProxy.Endpoints;

namespace LlmProxy.Providers;

/// <summary>What is known about a vendor before anything is asked of it.</summary>
internal sealed record ProviderCard
{
    /// <summary>As written in an LLM's Provider.</summary>
    public required string Name { get; init; }

    /// <summary>Null: an LLM of this provider must bring its own address.</summary>
    public string? DefaultBaseUrl { get; init; }

    /// <summary>The names that an LLM's Auth block may hold, without "_env"; base_url is allowed everywhere.</summary>
    public required FrozenSet<string> AuthKeys { get; init; }

    /// <summary>Whether a call without credential makes sense.</summary>
    public bool KeyIsOptional { get; init; }

    /// <summary>Runs in the house unless its LLM says otherwise.</summary>
    public bool IsLocal { get; init; }

    /// <summary>Whether it takes stream_options.include_usage; those that report usage unasked, or refuse the field, do not.</summary>
    public bool ReportsStreamUsage { get; init; } = true;

    /// <summary>Whether its credential is a signature over the body, which must then be read before it is sent.</summary>
    public bool SignsBody { get; init; }

    public required FrozenSet<EndpointKind> Endpoints { get; init; }

    /// <summary>Asked by health checks; costs no tokens. Below the base address.</summary>
    public string ProbePath { get; init; } = "models";

    /// <summary>Names in an LLM's Config that speak to the provider itself: settings, never fields of a request.</summary>
    public FrozenSet<string> SettingKeys { get; init; } = [];
}
