using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlmProxy.Routing;

/// <summary>One LLM that may answer a call, and the model name it will be asked for.</summary>
internal sealed record RouteTarget
{
    public static readonly JsonSerializerOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public RouteTarget(Deployment deployment, string model)
    {
        Deployment = deployment;
        Model = model;
        bool isOwn = ReferenceEquals(model, deployment.Options.Model);
        Facts = isOwn ? deployment.Facts : deployment.FactsOf(model);
        IsLocal = deployment.IsLocal && (deployment.Options.Local == true || !model.EndsWith("-cloud", StringComparison.OrdinalIgnoreCase));
        ModelJson = isOwn ? deployment.ModelJson : JsonSerializer.SerializeToUtf8Bytes(model, JsonOptions);
        CapabilityBits = Capabilities.Bits(Facts.Capabilities);
        InputUsdPerToken = PerToken(Facts.InputPricePerMillion);
        OutputUsdPerToken = PerToken(Facts.OutputPricePerMillion);
    }

    public Deployment Deployment { get; }

    public string Model { get; }

    /// <summary>What is known about the model at this LLM.</summary>
    public LlmFacts Facts { get; }

    /// <summary>Whether the request stays in the house. A server at home may hand some models on: Ollama those that end in "-cloud".</summary>
    public bool IsLocal { get; }

    /// <summary>The model name as JSON text.</summary>
    public ReadOnlyMemory<byte> ModelJson { get; }

    /// <summary>Those of its capabilities that every gateway knows.</summary>
    public uint CapabilityBits { get; }

    /// <summary>NaN where no price is known; arithmetic that ranks a thousand LLMs cannot be decimal.</summary>
    public double InputUsdPerToken { get; }

    public double OutputUsdPerToken { get; }

    private double PerToken(decimal? price) =>
        Facts.IsPriced ? (double)(price ?? 0m) / 1e6 : IsLocal ? 0 : double.NaN;
}
