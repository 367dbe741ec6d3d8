using System.Text.Encodings.Web;
using System.Text.Json;
using LlmProxy.Endpoints;
using LlmProxy.Providers.Ollama;

namespace LlmProxy.Routing;

/// <summary>One LLM that may answer a call, and the model name it will be asked for.</summary>
internal sealed class RouteTarget
{
    public static readonly JsonSerializerOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const uint Unread = uint.MaxValue;

    private readonly uint _endpoints;
    private uint _capabilities = Unread;

    public RouteTarget(Deployment deployment, string model)
    {
        Deployment = deployment;
        Model = model;
        bool isOwn = ReferenceEquals(model, deployment.Options.Model);
        Facts = isOwn ? deployment.Facts : deployment.FactsOf(model);
        IsLocal = StaysHome(deployment, model);
        ModelJson = isOwn ? deployment.ModelJson : JsonSerializer.SerializeToUtf8Bytes(model, JsonOptions);
        IsGlobal = deployment.Options.Scope.Equals("global", StringComparison.OrdinalIgnoreCase);
        IsDummy = deployment.IsDummy;
        Unavailable = deployment.Unavailable;
        State = deployment.State;
        foreach (EndpointKind endpoint in EndpointKind.All)
        {
            _endpoints |= deployment.Has(endpoint) ? 1u << endpoint.Ordinal : 0;
        }

        InputUsdPerToken = PerToken(Facts.InputPricePerMillion);
        OutputUsdPerToken = PerToken(Facts.OutputPricePerMillion);
    }

    public Deployment Deployment { get; }

    public string Model { get; }

    /// <summary>Who is asked for what: two models of one wildcard LLM are two that can be asked.</summary>
    public (Deployment Llm, string Model) Asked => (Deployment, Model);

    /// <summary>What is known about the model at this LLM.</summary>
    public LlmFacts Facts { get; }

    /// <summary>Whether the request stays in the house.</summary>
    public bool IsLocal { get; }

    /// <summary>The model name as JSON text.</summary>
    public ReadOnlyMemory<byte> ModelJson { get; }

    /// <summary>Those of its capabilities that every gateway knows; found out when first asked for, as named calls never do.</summary>
    public uint CapabilityBits => _capabilities is var bits and not Unread ? bits : _capabilities = Capabilities.Bits(Facts.Capabilities);

    // What filters ask of every LLM there is stands here at hand: a thousand of them are looked through in one go.

    /// <summary>Every workspace sees it.</summary>
    public bool IsGlobal { get; }

    public bool IsDummy { get; }

    public string? Unavailable { get; }

    public LlmState State { get; }

    /// <summary>NaN where no price is known; arithmetic that ranks a thousand LLMs cannot be decimal.</summary>
    public double InputUsdPerToken { get; }

    public double OutputUsdPerToken { get; }

    public bool Has(EndpointKind endpoint) => (_endpoints & (1u << endpoint.Ordinal)) != 0;

    /// <summary>A server at home may hand some models on: Ollama those of its cloud.</summary>
    public static bool StaysHome(Deployment deployment, string model) =>
        deployment.IsLocal && (deployment.Options.Local == true || !OllamaCloud.Runs(model));

    private double PerToken(decimal? price) =>
        Facts.IsPriced ? (double)(price ?? 0m) / 1e6 : IsLocal ? 0 : double.NaN;
}
