using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlmProxy.Routing;

/// <summary>One LLM that may answer a call, and the model name it will be asked for.</summary>
internal sealed record RouteTarget(Deployment Deployment, string Model)
{
    public static readonly JsonSerializerOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What is known about the model at this LLM.</summary>
    public LlmFacts Facts { get; } = ReferenceEquals(Model, Deployment.Options.Model)
        ? Deployment.Facts
        : LlmFacts.Of(Deployment.Options, Deployment.ProviderName, Model, Deployment.IsLocal);

    /// <summary>Whether the request stays in the house. A server at home may hand some models on: Ollama those that end in "-cloud".</summary>
    public bool IsLocal { get; } = Deployment.IsLocal && (Deployment.Options.Local == true || !Model.EndsWith("-cloud", StringComparison.OrdinalIgnoreCase));

    /// <summary>The model name as JSON text.</summary>
    public ReadOnlyMemory<byte> ModelJson { get; } = ReferenceEquals(Model, Deployment.Options.Model)
        ? Deployment.ModelJson
        : JsonSerializer.SerializeToUtf8Bytes(Model, JsonOptions);
}
